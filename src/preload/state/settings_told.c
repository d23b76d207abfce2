/* Keeps the marks of complaints that were told; called by init.c's settings_load_unless(). */
#include "preload/state/settings_told.h"

#include <sys/stat.h>

#include "core/base/siphash.h"
#include "preload/base/critical_section.h"
#include "preload/base/raw_file.h"
#include "preload/log/log.h"
#include "preload/state/state_place.h"

#define MARKS_NAME   "complaints"
#define MARKS_MAX    64 /* then all are forgotten: each is told once more */
#define MARKS_MODE   0600
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_SIZE 36
#define TEXT_SIZE    2048

/* False where the kernel doesn't tell: then nothing is known of the time before this process. */
static bool add_boot(struct text *text)
{
    char boot[BOOT_ID_SIZE];
    int fd = raw_openat(AT_FDCWD, BOOT_ID_FILE, O_RDONLY, 0);
    if (fd < 0)
        return false;
    bool whole = syscall(SYS_read, fd, boot, sizeof boot) == (long)sizeof boot;
    raw_close(fd);
    text_add_bytes(text, boot, whole ? sizeof boot : 0);
    return whole;
}

/* What tells one file from another, and from itself after a change. */
static void add_file(struct text *text, const char *path)
{
    struct stat status;
    text_add(text, path);
    if (fstatat(AT_FDCWD, path, &status, 0) != 0)
        return;
    const uint64_t numbers[] = {(uint64_t)status.st_dev,         (uint64_t)status.st_ino,
                                (uint64_t)status.st_size,        (uint64_t)status.st_mode,
                                (uint64_t)status.st_uid,         (uint64_t)status.st_mtim.tv_sec,
                                (uint64_t)status.st_mtim.tv_nsec};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        text_add(text, " ");
        text_add_unsigned(text, numbers[i]);
    }
}

/* Not a file that others may have put there or may write to. */
static bool is_own(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() && status.st_nlink == 1 &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Looks for the mark, and sets it. */
static bool is_marked(int fd, uint64_t mark)
{
    uint64_t marks[MARKS_MAX];
    ssize_t length = pread64(fd, marks, sizeof marks, 0);
    size_t count = length > 0 ? (size_t)length / sizeof marks[0] : 0;
    for (size_t i = 0; i < count; i++)
        if (marks[i] == mark)
            return true;
    pwrite64(fd, &mark, sizeof mark, (off_t)(count % MARKS_MAX * sizeof mark));
    if (count == MARKS_MAX)
        ftruncate64(fd, sizeof mark);
    return false;
}

static bool look(const struct state_place *place, uint64_t mark)
{
    struct state_directory directory;
    struct state_fault fault;
    bool told = false;
    if (!state_directory_open(&directory, place, true, &fault))
        return false;
    int fd = raw_openat(directory.fd, MARKS_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, MARKS_MODE);
    if (fd >= 0) {
        told = is_own(fd) && is_marked(fd, mark);
        raw_close(fd);
    }
    state_directory_close(&directory);
    return told;
}

bool settings_told_before(const struct settings *settings, const char *path)
{
    char bytes[TEXT_SIZE];
    struct text text = text_on(bytes, sizeof bytes);
    struct critical_section section;
    struct state_place place;
    if (!add_boot(&text))
        return false;
    log_add_destination(&text);
    add_file(&text, path);
    state_place_usual(&place, settings->state_dir);
    critical_section_enter(&section);
    bool told = look(&place, siphash((struct siphash_key){0, 0}, text.data, text.length));
    critical_section_leave(&section);
    return told;
}
