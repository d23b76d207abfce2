/*
 * Files shared by a user's processes: a header, then slots of a fixed size, each with a checksum (core/base/slot.h).
 *
 * Nothing in such a file or its directory is trusted. Both must belong to the user and be writable by nobody else, no
 * link is followed, and everything read is checked. The file has its full size from its first moment and appears
 * under its name complete, so that a shorter one is known to be cut. Never mapped: that would be SIGBUS where it is
 * cut, or the disk full. Untouched slots are holes and take no space.
 *
 * A file is open for one question only; the number of its descriptor is above 2, so that a program which has closed
 * its standard error can't write on it. Locks are those of the open file (F_OFD_SETLK), which end with their holder,
 * cover a few slots, and are waited for only so long.
 *
 * Async-signal-safe (no malloc, no stdio), errno changed. The caller blocks signals and cancellation while a file is
 * open (critical_section.h), or a jump out of a handler would leave it so.
 */
#ifndef V6SHIM_PRELOAD_STATE_STATE_FILE_H
#define V6SHIM_PRELOAD_STATE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/text.h"

#define STATE_PATH_SIZE   1024
#define STATE_HEADER_SIZE 4096
#define STATE_KEY_NAME    "key" /* of the file in which the key is: state_key.h */
#define STATE_OWNER_SELF  ((uid_t)-1)

/* How long a lock is waited for, and how often it is asked for at least: on a busy machine a thread that gets no
   processor would give up after a question or two. After a wait in vain (its holder is stopped), this process keeps
   to a short wait for a while. */
#define STATE_LOCK_WAIT_MS   100
#define STATE_LOCK_TRIES     24 /* in 100 ms there are some 36 */
#define STATE_CREATE_WAIT_MS 1000
#define STATE_SHORT_WAIT_MS  5
#define STATE_IMPATIENT_MS   5000

/* The directory. */
struct state_place {
    char path[STATE_PATH_SIZE]; /* "": there is none */
    size_t existing;            /* so much of the path is never made: only what comes after */
    uid_t owner;                /* whose it must be; STATE_OWNER_SELF: the effective user's */
    bool read_only;             /* its files are opened for reading alone: another mode fails with EROFS */
    bool chosen;                /* by the setting state-dir */
};

/*
 * The usual place of this process: `directory` if not "" or NULL, else /var/lib/v6shim for root, else v6shim in
 * $XDG_STATE_HOME or ~/.local/state. The environment counts only where secure_getenv() says so. Touches no file.
 */
void state_place_usual(struct state_place *place, const char *directory);

/* The usual place of another user, to be read only. `directory` as above. */
void state_place_of_user(struct state_place *place, const char *directory, uid_t user, const char *home);

enum state_reason {
    STATE_NONE,
    STATE_NO_PLACE,
    STATE_PLACE_ERROR,
    STATE_PLACE_OWNER,
    STATE_PLACE_WRITABLE,
    STATE_ABSENT, /* no such file, and it was not to be made */
    STATE_OPEN_ERROR,
    STATE_NOT_REGULAR,
    STATE_OWNER,
    STATE_WRITABLE,
    STATE_LINKED,
    STATE_CUT,
    STATE_HEADER,
    STATE_OTHER_POOL,
    STATE_OTHER_KEY,
    STATE_READ_ERROR,
    STATE_WRITE_ERROR,
    STATE_BUSY,
    STATE_LOCK_ERROR,
    STATE_READABLE,
    STATE_NO_RANDOM,
    STATE_REASONS
};

/* Why something did not work. */
struct state_fault {
    enum state_reason reason;
    int error;    /* errno, or 0 */
    bool of_key;  /* the file is the key (state_key.h), and not the one that was wanted */
    bool of_room; /* the file is in the user's room (state_rooms.h) */
};

/* What a file is about. One that was made for another format, pool or key is left alone and not used. */
struct state_format {
    const char *name;   /* in the directory; in short what it holds, for the log */
    const char *magic;  /* eight characters */
    uint32_t slot_size; /* bytes */
    uint32_t slots;
    uint32_t pool_first; /* the aliases that it is about; host byte order */
    uint32_t pool_count;
    uint64_t fingerprint;     /* of the key */
    uint64_t former;          /* of another key, whose files are taken too; 0: none */
    bool durable;             /* not to be lost in a power failure: making it waits for the disk */
    bool secret;              /* nobody else may read it */
    const uint8_t *initial;   /* the payload of slot 0 of a new file; NULL: none */
    struct state_fault fault; /* why no such file can be used: what state_file_open() fails with */
    bool fault_spares_read;   /* but for reading it can */
};

enum state_mode {
    STATE_READ,
    STATE_WRITE, /* an absent file stays absent */
    STATE_CREATE /* it is made, and the directory too */
};

struct state_file {
    int fd;
    uint64_t seal; /* for core/base/slot.h: the same for every file with this format */
    const struct state_format *format;
    bool former;  /* it was made under format->former */
    bool in_room; /* state_rooms.h */
};

/*
 * Opens the file after all checks. False, with the fault, where it can't be used. The second takes a file of any pool
 * and key, for a reader that only lists, and sets `format` by its header.
 */
bool state_file_open(struct state_file *file, const struct state_place *place, const struct state_format *format,
                     enum state_mode mode, struct state_fault *fault);
bool state_file_open_any(struct state_file *file, const struct state_place *place, struct state_format *format,
                         struct state_fault *fault);
void state_file_close(const struct state_file *file);

/* Reads whole slots. */
bool state_file_read(const struct state_file *file, uint32_t first, uint32_t count, uint8_t *bytes,
                     struct state_fault *fault);
/* Writes one sealed slot. A full disk, a quota, a file size limit (without the signal) are faults. */
bool state_file_write(const struct state_file *file, uint32_t number, const uint8_t *bytes,
                      struct state_fault *fault);

/* The lock of some slots, against other processes and threads. */
bool state_file_lock(const struct state_file *file, uint32_t first, uint32_t count, struct state_fault *fault);
void state_file_unlock(const struct state_file *file, uint32_t first, uint32_t count);

/* Adds what is wrong, where, and what to do about it. */
void state_fault_describe(const struct state_fault *fault, const struct state_place *place, const char *name,
                          struct text *text);
/* Whether what can't be made or written may still be read. */
bool state_fault_is_read_only(const struct state_fault *fault);
/* Whether it is about the directory, so that all files have it. */
bool state_fault_is_of_place(const struct state_fault *fault);

#endif
