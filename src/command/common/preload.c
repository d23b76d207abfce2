/* Finds the library and makes the value of LD_PRELOAD; called by command/common/launch.c and check --run. */
#include "config.h"

#include "command/common/preload.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/program.h"

#define LIBRARY    "libv6shim.so"
#define OBSERVER   "libv6shim-observe.so"
#define MUSL_ROOM  "musl"          /* the folder, beside the library for glibc, of the one for musl */
#define EACH_ROOM  PACKAGE "/$LIB" /* beside it, those of both classes (configure --enable-multilib) */
#define SEPARATORS " :"            /* of LD_PRELOAD, ld.so(8) */
#define MULTIARCH  "-linux-gnu"    /* within the name of a folder that holds the libraries of one architecture */

/* Prints into `path`; true where a readable file has that name. */
static bool try_path(char path[PATH_MAX], const char *directory, size_t length, const char *rest)
{
    return snprintf(path, PATH_MAX, "%.*s%s", (int)length, directory, rest) < PATH_MAX && access(path, R_OK) == 0;
}

/* Beside this command: in .libs, where libtool builds it; where the command was installed under another root
   (DESTDIR), under that root; or in ../lib, where it was installed with another prefix than it was configured for. */
static bool find_beside(char path[PATH_MAX], const char *room, const char *library)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return false;
    self[length] = '\0';
    const char *slash = strrchr(self, '/');
    if (slash == NULL)
        return false;
    size_t directory = (size_t)(slash - self);
    char rest[PATH_MAX];
    snprintf(rest, sizeof rest, "/.libs/%s", library);
    if (try_path(path, self, directory, rest))
        return true;
    size_t installed = strlen(BINDIR);
    bool moved = directory > installed && memcmp(self + directory - installed, BINDIR, installed) == 0;
    snprintf(rest, sizeof rest, LIBDIR "%s/%s", room, library);
    if (moved && try_path(path, self, directory - installed, rest))
        return true;
    snprintf(rest, sizeof rest, "/../lib%s/%s", room, library);
    return try_path(path, self, directory, rest);
}

/* What ld.so(8) puts in the place of $LIB depends on the program: lib, lib64, lib32, lib/x86_64-linux-gnu. */
static const char *find_token(const char *path, size_t *length)
{
    static const char *const tokens[] = {"$LIB", "${LIB}"};
    for (size_t index = 0; index < sizeof tokens / sizeof tokens[0]; index++) {
        const char *token = strstr(path, tokens[index]);
        *length = strlen(tokens[index]);
        if (token != NULL && (token[*length] == '/' || tokens[index][1] == '{'))
            return token;
    }
    return NULL;
}

static bool is_for(const char *path, const struct program *program)
{
    struct program library;
    return program_read(path, &library) == 0 && library.machine == program->machine &&
           library.elf_class == program->elf_class;
}

static bool choose_for(const struct program *program, char *const paths[], size_t count, char path[PATH_MAX])
{
    for (size_t index = 0; index < count; index++)
        if (is_for(paths[index], program))
            return try_path(path, paths[index], strlen(paths[index]), "");
    return false;
}

/* As preload_expand(), for a program that has been read; NULL: for any. */
static bool expand(const char *name, const struct program *program, char path[PATH_MAX])
{
    size_t length;
    const char *token = find_token(name, &length);
    if (token == NULL)
        return try_path(path, name, strlen(name), "");
    static const char *const places[] = {"lib*", "lib/*"};
    glob_t found = {.gl_pathc = 0};
    for (size_t index = 0; index < sizeof places / sizeof places[0]; index++) {
        char pattern[PATH_MAX];
        if (snprintf(pattern, sizeof pattern, "%.*s%s%s", (int)(token - name), name, places[index], token + length) <
            PATH_MAX)
            glob(pattern, index > 0 ? GLOB_APPEND : 0, NULL, &found);
    }
    bool chosen = (program != NULL && choose_for(program, found.gl_pathv, found.gl_pathc, path)) ||
                  (found.gl_pathc > 0 && try_path(path, found.gl_pathv[0], strlen(found.gl_pathv[0]), ""));
    globfree(&found);
    return chosen;
}

bool preload_expand(const char *name, const char *program_path, char path[PATH_MAX])
{
    struct program program;
    return expand(name, program_read(program_path, &program) == 0 ? &program : NULL, path);
}

/* Why the loader won't take the file that the user names; NULL: it will. */
static const char *find_fault(const char *named)
{
    char path[PATH_MAX];
    struct program program;
    if (named[0] != '/')
        return "it is no absolute path";
    if (!preload_expand(named, "/proc/self/exe", path))
        return "there is no such file";
    int error = program_read(path, &program);
    return error == -ENOEXEC                 ? "it is damaged or cut short"
           : error == -EISDIR                ? "it is a directory"
           : error != 0                      ? strerror(-error)
           : program.kind != PROGRAM_LIBRARY ? "it is no shared library"
           : strlen(named) >= PATH_MAX       ? "the name is too long"
                                             : NULL;
}

bool preload_find(const char *command, char path[PATH_MAX])
{
    const char *named = getenv("V6SHIM_LIBRARY");
    if (named != NULL && named[0] != '\0') {
        const char *fault = find_fault(named);
        if (fault == NULL) {
            strcpy(path, named);
            return true;
        }
        if (command != NULL)
            complain(command, "V6SHIM_LIBRARY names %s: %s; ignored", named, fault);
    }
    return find_beside(path, "", LIBRARY) || try_path(path, LIBDIR, strlen(LIBDIR), "/" LIBRARY);
}

/* The library for musl that belongs to this one: itself, or the file of its name in the folder "musl" beside it. */
static bool find_for_musl(const char *file, char path[PATH_MAX])
{
    struct program library;
    const char *slash = strrchr(file, '/');
    if (slash == NULL)
        return false;
    if (program_read(file, &library) == 0 && !library.needs_others)
        return try_path(path, file, strlen(file), "");
    return try_path(path, file, (size_t)(slash - file), "/" MUSL_ROOM "/" LIBRARY) &&
           program_read(path, &library) == 0 && !library.needs_others;
}

/* Into `path`, the name by which the loader finds the one of these libraries that is for each program: in a folder of
   the directory of `file`. False where there are none, or where a blank in the name keeps it out of LD_PRELOAD. */
static bool find_each(const char *file, const char *room, const char *library, char path[PATH_MAX])
{
    char any[PATH_MAX];
    const char *slash = strrchr(file, '/');
    return slash != NULL &&
           snprintf(path, PATH_MAX, "%.*s/%s/%s", (int)(slash - file), file, room, library) < PATH_MAX &&
           strpbrk(path, SEPARATORS) == NULL && expand(path, NULL, any);
}

/* The same where packages put a library of each architecture into a folder of its own, as Debian's do:
   /usr/lib/x86_64-linux-gnu and /usr/lib/i386-linux-gnu are what $LIB stands for there. False where there is one. */
static bool find_each_architecture(const char *file, char path[PATH_MAX])
{
    glob_t found = {.gl_pathc = 0};
    const char *folder = strstr(file, "/lib/");
    const char *rest = folder == NULL ? NULL : strchr(folder + strlen("/lib/"), '/');
    if (rest == NULL || memmem(folder, (size_t)(rest - folder), MULTIARCH, strlen(MULTIARCH)) == NULL ||
        snprintf(path, PATH_MAX, "%.*s/lib/*" MULTIARCH "*%s", (int)(folder - file), file, rest) >= PATH_MAX)
        return false;
    bool several = glob(path, 0, NULL, &found) == 0 && found.gl_pathc > 1;
    globfree(&found);
    snprintf(path, PATH_MAX, "%.*s/$LIB%s", (int)(folder - file), file, rest);
    return several && strpbrk(path, SEPARATORS) == NULL;
}

/* What V6SHIM_LIBRARY names is taken as it stands. */
static bool find_each_class(const char *file, char path[PATH_MAX])
{
    const char *named = getenv("V6SHIM_LIBRARY");
    return (named == NULL || strcmp(named, file) != 0) &&
           (find_each(file, EACH_ROOM, LIBRARY, path) || find_each_architecture(file, path));
}

bool preload_find_for(const char *command, const char *program_path, char path[PATH_MAX], char file[PATH_MAX])
{
    char started[PATH_MAX], musl[PATH_MAX], each[PATH_MAX];
    struct program program;
    if (!preload_find(command, path) || !preload_expand(path, program_path, file))
        return false;
    snprintf(started, sizeof started, "%s", program_path);
    bool known = program_read_started(started, &program);
    if (known && program_uses_musl(&program) && find_for_musl(file, musl) && strpbrk(musl, SEPARATORS) == NULL) {
        strcpy(path, musl);
        strcpy(file, musl);
    } else if (find_each_class(path, each)) {
        strcpy(path, each);
        return expand(each, known ? &program : NULL, file);
    }
    return true;
}

bool preload_has_class(const struct program *program)
{
    char path[PATH_MAX], each[PATH_MAX], file[PATH_MAX];
    return preload_find(NULL, path) && find_each_class(path, each) && expand(each, program, file) &&
           is_for(file, program);
}

bool preload_has_musl(char file[PATH_MAX])
{
    char path[PATH_MAX], any[PATH_MAX];
    return preload_find(NULL, path) && preload_expand(path, "/proc/self/exe", any) && find_for_musl(any, file);
}

bool preload_find_observer(const char *program_path, char path[PATH_MAX], char file[PATH_MAX])
{
    static const char *const rooms[] = {EACH_ROOM,
                                        "$LIB"}; /* in a build tree; installed, it is in that folder itself */
    char started[PATH_MAX], each[PATH_MAX];
    struct program program;
    if (!find_beside(path, "/" PACKAGE, OBSERVER) &&
        !try_path(path, LIBDIR, strlen(LIBDIR), "/" PACKAGE "/" OBSERVER))
        return false;
    strcpy(file, path);
    snprintf(started, sizeof started, "%s", program_path);
    bool known = program_read_started(started, &program);
    bool found = find_each_architecture(file, each);
    for (size_t index = 0; !found && index < sizeof rooms / sizeof rooms[0]; index++)
        found = find_each(file, rooms[index], OBSERVER, each);
    if (!found)
        return true;
    strcpy(path, each);
    return expand(each, known ? &program : NULL, file);
}

static const char *file_name(const char *path, size_t *length)
{
    for (size_t index = *length; index > 0; index--)
        if (path[index - 1] == '/') {
            *length -= index;
            return path + index;
        }
    return path;
}

/* Whether a file name is that of a sanitizer's runtime, gcc's (libasan.so.8) or clang's (libclang_rt.asan.so). */
static bool is_sanitizer(const char *name, size_t length)
{
    static const char *const starts[] = {"libasan.",  "libtsan.",   "liblsan.",
                                         "libubsan.", "libhwasan.", "libclang_rt."};
    for (size_t index = 0; index < sizeof starts / sizeof starts[0]; index++)
        if (length >= strlen(starts[index]) && memcmp(name, starts[index], strlen(starts[index])) == 0)
            return true;
    return false;
}

/*
 * The library goes first, nearest to the program: what the others (a torsocks, a faketime, a malloc) see is then what
 * the program would do if it spoke IPv6. Only sanitizers go before it, since they refuse to start in any other place.
 */
char *preload_join(const char *current, const char *library)
{
    if (current == NULL)
        current = "";
    size_t library_length = strlen(library), place = 0;
    const char *library_name = file_name(library, &library_length);
    bool leading = true;
    for (const char *entry = current + strspn(current, SEPARATORS); *entry != '\0';) {
        size_t length = strcspn(entry, SEPARATORS), base = length;
        const char *name = file_name(entry, &base);
        if (base == library_length && memcmp(name, library_name, base) == 0)
            return strdup(current);
        leading = leading && is_sanitizer(name, base);
        entry += length;
        if (leading)
            place = (size_t)(entry - current);
        entry += strspn(entry, SEPARATORS);
    }
    const char *rest = current + place + strspn(current + place, SEPARATORS);
    char *joined;
    if (asprintf(&joined, "%.*s%s%s%s%s", (int)place, current, place > 0 ? ":" : "", library,
                 *rest != '\0' ? ":" : "", rest) < 0)
        return NULL;
    return joined;
}
