/* Remembers what the file of names doesn't have; called by preload/state/state.c. */
#include "preload/state/unlisted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/siphash.h"
#include "core/base/text.h"
#include "preload/base/clock.h"

#define SLOTS       256u
#define HASH_FACTOR UINT32_C(0x9e3779b9) /* 2^32 by the golden ratio, as Knuth has it */
#define HASH_SHIFT  24                   /* to the highest 8 bits, as many as the slots need */
#define NAME_SIZE   16
#define ABSENT      UINT32_MAX

/* Times of files are no finer than a tick, on some file systems two seconds (FAT). */
#define UNSETTLED_S 3

static const struct siphash_key version_part = {0x6e8d7f0c51b2a943, 0xc3f19a2b7e604d58};

static _Atomic uint64_t slots[SLOTS]; /* alias and version; 0 is none */

static _Atomic uint64_t *slot_of(struct in_addr alias)
{
    return &slots[(alias.s_addr * HASH_FACTOR) >> HASH_SHIFT];
}

static uint64_t entry_of(struct in_addr alias, uint32_t version)
{
    return (uint64_t)alias.s_addr << 32 | version;
}

static uint32_t version_of(const struct stat *status)
{
    const uint64_t words[] = {status->st_ino, (uint64_t)status->st_ctim.tv_sec, status->st_dev,
                              (uint64_t)status->st_ctim.tv_nsec};
    uint32_t version = (uint32_t)siphash(version_part, words, sizeof words);
    return version != 0 && version != ABSENT ? version : 1;
}

/* By libc's function: it knows which of the kernel's calls there is, and lists of allowed calls know what libc makes.
 */
static struct unlisted_file ask(const char *path)
{
    struct stat status;
    if (fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return (struct unlisted_file){.version = errno == ENOENT ? ABSENT : 0};
    return (struct unlisted_file){.version = version_of(&status), .changed_s = status.st_ctim.tv_sec};
}

struct unlisted_file unlisted_look(const struct state_place *place, const char *name)
{
    char path[STATE_PATH_SIZE + NAME_SIZE];
    int saved = errno;
    struct text text = text_on(path, sizeof path);
    text_add(&text, place->path);
    text_add(&text, "/");
    text_add(&text, name);
    struct unlisted_file file = place->path[0] != '\0' ? ask(path) : (struct unlisted_file){0};
    errno = saved;
    return file;
}

bool unlisted_is(struct in_addr alias, const struct unlisted_file *file)
{
    return file->version != 0 &&
           atomic_load_explicit(slot_of(alias), memory_order_relaxed) == entry_of(alias, file->version);
}

void unlisted_note(struct in_addr alias, const struct unlisted_file *file)
{
    if (file->version != 0 && file->changed_s + UNSETTLED_S < clock_calendar_s())
        atomic_store_explicit(slot_of(alias), entry_of(alias, file->version), memory_order_relaxed);
}
