/* Finds a program's libraries as ld.so(8) does; called by check/file/library.c. */
#include "check/elf/search.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/elf/conf.h"

#define CACHE_FILE  "/etc/ld.so.cache"
#define CACHE_MAGIC "glibc-ld.so.cache1.1"

/* glibc's elf/cache.h, the format since 2.2: a header, the entries by name, the strings. */
struct cache_header {
    char magic[sizeof CACHE_MAGIC - 1];
    uint32_t count;
    uint32_t strings_length;
    uint32_t unused[5];
};

struct cache_entry {
    int32_t flags;
    uint32_t name; /* offsets from the header */
    uint32_t path;
    uint32_t os_version;
    uint64_t hardware; /* not 0: a variant for newer processors; the plain one is listed too */
};

struct elf_search {
    const char *cache; /* NULL: none */
    size_t size;
    size_t header;    /* offset of the header: a cache in the older format may stand before it */
    char *configured; /* directories of /etc/ld.so.conf, where there is no cache; NULL: none */
};

struct elf_search *elf_search_new(void)
{
    struct elf_search *search = calloc(1, sizeof *search);
    int fd = search == NULL ? -1 : open(CACHE_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (fd < 0) {
        if (search != NULL)
            search->configured = elf_conf_read("/etc/ld.so.conf");
        return search;
    }
    if (fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(struct cache_header)) {
        void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        const char *found =
            data == MAP_FAILED ? NULL : memmem(data, (size_t)status.st_size, CACHE_MAGIC, sizeof CACHE_MAGIC - 1);
        if (found != NULL) {
            search->cache = data;
            search->size = (size_t)status.st_size;
            search->header = (size_t)(found - search->cache);
        } else if (data != MAP_FAILED) {
            munmap(data, (size_t)status.st_size);
        }
    }
    close(fd);
    return search;
}

void elf_search_free(struct elf_search *search)
{
    if (search != NULL && search->cache != NULL) {
        union {
            const char *constant;
            void *munmap_wants;
        } bytes = {search->cache};
        munmap(bytes.munmap_wants, search->size);
    }
    if (search != NULL)
        free(search->configured);
    free(search);
}

/* Whether the file is an ELF object of that class and machine: what makes ld.so take it or go on. */
static bool fits(const char *path, const struct elf_requester *requester)
{
    struct {
        unsigned char ident[EI_NIDENT];
        uint8_t type[2];
        uint8_t machine[2];
    } header;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, &header, sizeof header);
    close(fd);
    if (length != (ssize_t)sizeof header || memcmp(header.ident, ELFMAG, SELFMAG) != 0)
        return false;
    bool big = header.ident[EI_DATA] == ELFDATA2MSB;
    int machine = header.machine[big ? 1 : 0] | header.machine[big ? 0 : 1] << 8;
    return header.ident[EI_CLASS] == requester->elf_class && machine == requester->machine;
}

/* The directory that ld.so calls the multiarch one, as Debian names it; "" where there is none. */
static const char *multiarch(const struct elf_requester *requester)
{
    switch (requester->machine) {
    case EM_X86_64:
        return requester->elf_class == ELFCLASS64 ? "x86_64-linux-gnu" : "x86_64-linux-gnux32";
    case EM_386:
        return "i386-linux-gnu";
    case EM_AARCH64:
        return "aarch64-linux-gnu";
    case EM_ARM:
        return "arm-linux-gnueabihf";
    case EM_PPC64:
        return "powerpc64le-linux-gnu";
    case EM_S390:
        return "s390x-linux-gnu";
    case EM_RISCV:
        return "riscv64-linux-gnu";
    case EM_MIPS:
        return requester->elf_class == ELFCLASS64 ? "mips64el-linux-gnuabi64" : "mipsel-linux-gnu";
    default:
        return "";
    }
}

/* What stands for $PLATFORM. */
static const char *platform(const struct elf_requester *requester)
{
    switch (requester->machine) {
    case EM_X86_64:
        return "x86_64";
    case EM_386:
        return "i686";
    case EM_AARCH64:
        return "aarch64";
    default:
        return "";
    }
}

struct token {
    const char *name;
    size_t length;
    const char *value;
};

/* "DIRECTORY/name" with $ORIGIN and the like replaced. Returns false where it doesn't fit. */
static bool expand(const struct elf_requester *requester, const char *root, const char *directory, size_t length,
                   const char *lib, const char *name, char path[PATH_MAX])
{
    const struct token tokens[] = {
        {"ORIGIN", 6, requester->directory},
        {"PLATFORM", 8, platform(requester)},
        {"LIB", 3, lib},
    };
    size_t used = length > 0 && directory[0] == '/' ? strlen(root) : 0;
    if (used >= PATH_MAX)
        return false;
    memcpy(path, root, used);
    for (size_t at = 0; at < length;) {
        const char *text = directory + at;
        size_t count = 1;
        size_t taken = 1;
        if (*text == '$') {
            size_t brace = at + 1 < length && text[1] == '{' ? 1 : 0;
            for (size_t index = 0; index < sizeof tokens / sizeof tokens[0]; index++) {
                size_t whole = 1 + brace + tokens[index].length + brace;
                if (whole <= length - at &&
                    strncmp(text + 1 + brace, tokens[index].name, tokens[index].length) == 0 &&
                    (brace == 0 || text[whole - 1] == '}')) {
                    text = tokens[index].value;
                    count = strlen(text);
                    taken = whole;
                    break;
                }
            }
        }
        if (used + count >= PATH_MAX)
            return false;
        memcpy(path + used, text, count);
        used += count;
        at += taken;
    }
    int rest = snprintf(path + used, PATH_MAX - used, "%s%s", used > 0 ? "/" : "./", name);
    return rest >= 0 && (size_t)rest < PATH_MAX - used;
}

/* A list of directories, between colons (LD_LIBRARY_PATH: semicolons too). */
static bool find_in_list(const struct elf_requester *requester, const char *root, const char *list, const char *name,
                         char path[PATH_MAX])
{
    char multiarch_lib[64];
    snprintf(multiarch_lib, sizeof multiarch_lib, "lib/%s", multiarch(requester));
    const char *libs[] = {multiarch_lib, requester->elf_class == ELFCLASS64 ? "lib64" : "lib", "lib"};
    for (; list != NULL && *list != '\0'; list += *list != '\0') {
        size_t length = strcspn(list, ":;");
        bool varies = memmem(list, length, "LIB", 3) != NULL;
        for (size_t index = 0; index < (varies ? sizeof libs / sizeof libs[0] : 1); index++)
            if (expand(requester, root, list, length, libs[index], name, path) && fits(path, requester))
                return true;
        list += length;
    }
    return false;
}

static bool find_in_cache(const struct elf_search *search, const struct elf_requester *requester, const char *name,
                          char path[PATH_MAX])
{
    if (search->cache == NULL)
        return false;
    const char *base = search->cache + search->header;
    size_t size = search->size - search->header;
    struct cache_header header;
    if (size < sizeof header)
        return false;
    memcpy(&header, base, sizeof header);
    size_t length = strlen(name) + 1;
    for (size_t index = 0; index < header.count; index++) {
        struct cache_entry entry;
        if ((index + 1) * sizeof entry > size - sizeof header)
            return false;
        memcpy(&entry, base + sizeof header + index * sizeof entry, sizeof entry);
        if (entry.hardware != 0 || entry.name >= size || length > size - entry.name ||
            memcmp(base + entry.name, name, length) != 0 || entry.path >= size)
            continue;
        const char *found = base + entry.path;
        size_t path_length = strnlen(found, size - entry.path);
        if (path_length == size - entry.path || path_length >= PATH_MAX)
            continue;
        memcpy(path, found, path_length + 1);
        if (fits(path, requester))
            return true;
    }
    return false;
}

static bool find_in_defaults(const struct elf_requester *requester, const char *root, const char *name,
                             char path[PATH_MAX])
{
    const char *triplet = multiarch(requester);
    const char *bits = requester->elf_class == ELFCLASS64 ? "64" : "32";
    const char *prefixes[] = {"/lib", "/usr/lib"};
    for (size_t index = 0; index < 2; index++) {
        const char *prefix = prefixes[index];
        if (triplet[0] != '\0' && snprintf(path, PATH_MAX, "%s%s/%s/%s", root, prefix, triplet, name) < PATH_MAX &&
            fits(path, requester))
            return true;
        if (snprintf(path, PATH_MAX, "%s%s%s/%s", root, prefix, bits, name) < PATH_MAX && fits(path, requester))
            return true;
        if (snprintf(path, PATH_MAX, "%s%s/%s", root, prefix, name) < PATH_MAX && fits(path, requester))
            return true;
    }
    return false;
}

/* What the object itself says, under a root: DT_RPATH of it and its loaders, or DT_RUNPATH. */
static bool find_in_object_paths(const struct elf_requester *requester, const char *root, const char *name,
                                 char path[PATH_MAX])
{
    if (requester->runpath != NULL)
        return find_in_list(requester, root, requester->runpath, name, path);
    for (const struct elf_requester *object = requester; object != NULL; object = object->parent)
        if (find_in_list(object, root, object->rpath, name, path))
            return true;
    return false;
}

bool elf_search_find(const struct elf_search *search, const struct elf_requester *requester, const char *name,
                     char path[PATH_MAX])
{
    if (name[0] == '\0')
        return false;
    if (strchr(name, '/') != NULL) {
        if (!expand(requester, "", name, strlen(name), "lib", "", path))
            return false;
        path[strlen(path) - 1] = '\0'; /* the slash before the empty name */
        return fits(path, requester);
    }
    if (requester->root != NULL && (find_in_object_paths(requester, requester->root, name, path) ||
                                    find_in_defaults(requester, requester->root, name, path)))
        return true;
    if (requester->runpath == NULL && find_in_object_paths(requester, "", name, path))
        return true;
    if (!requester->privileged && find_in_list(requester, "", getenv("LD_LIBRARY_PATH"), name, path))
        return true;
    return (requester->runpath != NULL && find_in_object_paths(requester, "", name, path)) ||
           find_in_cache(search, requester, name, path) ||
           find_in_list(requester, "", search->configured, name, path) || find_in_defaults(requester, "", name, path);
}
