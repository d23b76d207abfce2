/*
 * The bytes of a configuration file. No malloc, no stdio; system calls past all hooks.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_SETTINGS_FILE_H
#define V6SHIM_PRELOAD_SYSTEM_SETTINGS_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* The greatest size of a configuration file; what is beyond is not read, and said. */
#define SETTINGS_FILE_SIZE 65536

/* Of root's file, and of one that the caller names, nothing is asked. */
#define SETTINGS_FILE_ANY ((uid_t)-1)

struct settings_file {
    const char *path;
    char *text; /* mapped memory of SETTINGS_FILE_SIZE + 1 bytes, or NULL */
    size_t length;
    int error;         /* errno of opening or reading it, EFBIG; 0: it was read to its end */
    const char *fault; /* why it was not read, where that is no errno; or NULL */
};

/*
 * Reads the file at `path` of the struct, all else of which is zero. Unless `owner` is SETTINGS_FILE_ANY it refuses
 * what others may have put there: a link, what is no regular file, another user's (but root's), one that others may
 * write to. Never waits for a FIFO.
 */
void settings_file_read(struct settings_file *file, uid_t owner);

/* Gives the memory back. */
void settings_file_release(struct settings_file *file);

#endif
