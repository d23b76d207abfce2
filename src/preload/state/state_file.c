/* Opens, reads and locks state files that nobody has to trust; called by the rest of preload/state. */
#define _FILE_OFFSET_BITS 64 /* a table of a /8 has 512 MiB */
#include "preload/state/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/base/error_text.h"
#include "core/base/siphash.h"
#include "core/base/slot.h"
#include "preload/base/clock.h"
#include "preload/base/raw_file.h"
#include "preload/state/state_place.h"
#include "preload/state/state_rooms.h"

#define FORMAT_VERSION   1
#define FILE_MODE        0600
#define OPEN_FLAGS       (O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define OPEN_TRIES       3
#define FIRST_PAUSE_NS   50000
#define LONGEST_PAUSE_NS 2000000

#define NEW_NAME_SIZE 64  /* of a file that is being made: longer than any of state.c, and ".new" */
#define INITIAL_MAX   64u /* the largest slot that a new file may have from the start */

/* The fields of the header, a sealed slot with a number that no other slot has. */
#define HEADER_FIELDS     64
#define HEADER_NUMBER     UINT32_MAX
#define VERSION_PLACE     4
#define MAGIC_PLACE       8
#define MAGIC_SIZE        8
#define SLOT_SIZE_PLACE   16
#define SLOTS_PLACE       20
#define FINGERPRINT_PLACE 24
#define POOL_FIRST_PLACE  32
#define POOL_COUNT_PLACE  36

/* --- faults --- */

/* Arrays, not pointers, which the loader would set right at each start. */
static const struct {
    bool of_place;
    char what[64];
    char advice[72]; /* "": none */
} faults[STATE_REASONS] = {
    [STATE_NONE] = {true, "no error", ""},
    [STATE_NO_PLACE] = {true, "there is no state directory: HOME is not set, or relative", "set state-dir"},
    [STATE_PLACE_ERROR] = {true, "the state directory can't be used", "make it, mode 0700, or set state-dir"},
    [STATE_PLACE_OWNER] = {true, "the state directory belongs to another user", "chown it or set state-dir"},
    [STATE_PLACE_WRITABLE] = {true, "the state directory is writable by others", "chmod it to 0700"},
    [STATE_ABSENT] = {false, "does not exist yet", ""},
    [STATE_OPEN_ERROR] = {false, "can't be opened", "make it readable and writable for its user, or remove it"},
    [STATE_NOT_REGULAR] = {false, "is not a regular file", "links are not followed: remove it"},
    [STATE_OWNER] = {false, "belongs to another user", "remove it or chown it"},
    [STATE_WRITABLE] = {false, "is writable by others", "remove it if you don't trust it, else chmod it to 0600"},
    [STATE_LINKED] = {false, "has a second hard link", "remove that link"},
    [STATE_CUT] = {false, "is damaged: not of its full size", "remove it to start anew"},
    [STATE_HEADER] = {false, "is damaged, or was made by another version", "remove it to start anew"},
    [STATE_OTHER_POOL] = {false, "was made for another alias-pool", "restore that setting, or remove the file"},
    [STATE_OTHER_KEY] = {false, "was made with another alias-key, or another file key",
                         "set or restore that one, or remove the file"},
    [STATE_READ_ERROR] = {false, "can't be read", ""},
    [STATE_WRITE_ERROR] = {false, "can't be written", ""},
    [STATE_BUSY] = {false, "stays locked by another process", "see with lsof or fuser whether that one is stopped"},
    [STATE_READABLE] = {false, "can be read by others",
                        "if nobody has read it, chmod it to 0600, else remove all files here"},
    [STATE_NO_RANDOM] = {false, "can't be made: the kernel gives no random bytes", "set alias-key"},
    [STATE_LOCK_ERROR] = {false, "can't be locked", "set state-dir to another file system"},
};

/* What to do about it. */
static const char *advice_of(const struct state_fault *fault)
{
    return fault->error == EROFS ? "set state-dir to a place that can be written" : faults[fault->reason].advice;
}

bool state_fault_is_read_only(const struct state_fault *fault)
{
    return (fault->reason == STATE_OPEN_ERROR || fault->reason == STATE_WRITE_ERROR) &&
           (fault->error == EROFS || fault->error == EACCES || fault->error == EPERM);
}

bool state_fault_is_of_place(const struct state_fault *fault)
{
    return faults[fault->reason].of_place;
}

void state_fault_describe(const struct state_fault *fault, const struct state_place *place, const char *name,
                          struct text *text)
{
    if (place->path[0] != '\0') {
        text_add_quoted(text, place->path);
        if (faults[fault->reason].of_place) {
            text_add(text, ": ");
        } else {
            text_add(text, "/");
            if (fault->of_room) {
                state_room_label(geteuid(), text);
                text_add(text, "/");
            }
            text_add(text, fault->of_key ? STATE_KEY_NAME : name);
            text_add(text, " ");
        }
    }
    text_add(text, faults[fault->reason].what);
    if (fault->error != 0) {
        text_add(text, ": ");
        text_add(text, error_words(fault->error));
    }
    const char *advice = advice_of(fault);
    if (advice[0] != '\0') {
        text_add(text, " (");
        text_add(text, advice);
        text_add(text, ")");
    }
}

static bool fail(struct state_fault *fault, enum state_reason reason, int error)
{
    *fault = (struct state_fault){.reason = reason, .error = error};
    return false;
}

/* --- files --- */

/* Always false. */
static bool fail_of(const struct state_file *file, struct state_fault *fault)
{
    fault->of_room = file->in_room;
    return false;
}

static off_t slot_place(const struct state_format *format, uint32_t number)
{
    return STATE_HEADER_SIZE + (off_t)number * format->slot_size;
}

static void make_header(const struct state_format *format, uint8_t header[HEADER_FIELDS])
{
    memset(header, 0, HEADER_FIELDS);
    bytes_put32(header + VERSION_PLACE, FORMAT_VERSION);
    memcpy(header + MAGIC_PLACE, format->magic, MAGIC_SIZE);
    bytes_put32(header + SLOT_SIZE_PLACE, format->slot_size);
    bytes_put32(header + SLOTS_PLACE, format->slots);
    bytes_put64(header + FINGERPRINT_PLACE, format->fingerprint);
    bytes_put32(header + POOL_FIRST_PLACE, format->pool_first);
    bytes_put32(header + POOL_COUNT_PLACE, format->pool_count);
    slot_seal(header, HEADER_FIELDS, 0, HEADER_NUMBER);
}

/* Slots belong to their file: one from a file of another pool or key is damage. */
static uint64_t seal_of(const uint8_t header[HEADER_FIELDS])
{
    return siphash((struct siphash_key){0}, header, HEADER_FIELDS);
}

static bool set_lock(int fd, short type, off_t start, off_t length)
{
    struct flock64 lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
#ifdef SYS_fcntl64
    return syscall(SYS_fcntl64, fd, F_OFD_SETLK, &lock) == 0;
#else
    return syscall(SYS_fcntl, fd, F_OFD_SETLK, &lock) == 0;
#endif
}

static bool has_waited(int64_t waited_ms, int64_t wait_ms, unsigned tries, bool patient)
{
    return patient ? waited_ms >= wait_ms && tries >= STATE_LOCK_TRIES : waited_ms >= STATE_SHORT_WAIT_MS;
}

static bool lock_bytes(int fd, off_t start, off_t length, int64_t wait_ms, struct state_fault *fault)
{
    static _Atomic int64_t impatient_until_ms;
    struct timespec pause = {.tv_nsec = FIRST_PAUSE_NS};
    int64_t began_ms = clock_now_ms();
    bool patient = began_ms >= atomic_load_explicit(&impatient_until_ms, memory_order_relaxed);
    for (unsigned tries = 1; !set_lock(fd, F_WRLCK, start, length); tries++) {
        if (errno != EAGAIN && errno != EACCES)
            return fail(fault, STATE_LOCK_ERROR, errno);
        int64_t now_ms = clock_now_ms();
        if (has_waited(now_ms - began_ms, wait_ms, tries, patient)) {
            if (patient)
                atomic_store_explicit(&impatient_until_ms, now_ms + STATE_IMPATIENT_MS, memory_order_relaxed);
            return fail(fault, STATE_BUSY, 0);
        }
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < LONGEST_PAUSE_NS)
            pause.tv_nsec *= 2;
    }
    return true;
}

bool state_file_lock(const struct state_file *file, uint32_t first, uint32_t count, struct state_fault *fault)
{
    off_t start = slot_place(file->format, first);
    off_t end = slot_place(file->format, first + count);
    return lock_bytes(file->fd, start, end - start, STATE_LOCK_WAIT_MS, fault) || fail_of(file, fault);
}

/* Asked for, and not left to close(): a child that was forked meanwhile has the open file, and with it the lock. */
void state_file_unlock(const struct state_file *file, uint32_t first, uint32_t count)
{
    off_t start = slot_place(file->format, first);
    set_lock(file->fd, F_UNLCK, start, slot_place(file->format, first + count) - start);
}

static uid_t owner_of(const struct state_place *place)
{
    return place->owner == STATE_OWNER_SELF ? geteuid() : place->owner;
}

/* Kind, owner, rights and links of an open file; *size, if not NULL, gets its size. (Not inline, as what needs a
   status below: the stack may be a small one, of a signal handler, and what each of them needs is not needed at the
   same time.) */
__attribute__((noinline)) static bool check_attributes(int fd, const struct state_place *place,
                                                       const struct state_format *format, off_t *size,
                                                       struct state_fault *fault)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail(fault, STATE_OPEN_ERROR, errno);
    if (!S_ISREG(status.st_mode))
        return fail(fault, STATE_NOT_REGULAR, 0);
    if (status.st_uid != owner_of(place))
        return fail(fault, STATE_OWNER, 0);
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return fail(fault, STATE_WRITABLE, 0);
    if (format->secret && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
        return fail(fault, STATE_READABLE, 0);
    if (status.st_nlink > 1)
        return fail(fault, STATE_LINKED, 0);
    if (size != NULL)
        *size = status.st_size;
    return true;
}

static bool read_bytes(int fd, off_t place, uint8_t *bytes, size_t size, struct state_fault *fault)
{
    size_t done = 0;
    while (done < size) {
        ssize_t count = pread(fd, bytes + done, size - done, place + (off_t)done);
        if (count == 0)
            return fail(fault, STATE_CUT, 0);
        if (count < 0 && errno != EINTR)
            return fail(fault, STATE_READ_ERROR, errno);
        done += count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* A write that exceeds RLIMIT_FSIZE would also raise SIGXFSZ. */
static bool exceeds_limit(off_t end)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && (rlim_t)end > limit.rlim_cur;
}

static bool write_bytes(int fd, off_t place, const uint8_t *bytes, size_t size, struct state_fault *fault)
{
    if (exceeds_limit(place + (off_t)size))
        return fail(fault, STATE_WRITE_ERROR, EFBIG);
    ssize_t count;
    do
        count = pwrite(fd, bytes, size, place);
    while (count < 0 && errno == EINTR);
    return (size_t)count == size || fail(fault, STATE_WRITE_ERROR, count < 0 ? errno : ENOSPC);
}

/* The header as it should be; `format`, if not NULL, is what it has to say. */
static bool check_header(const uint8_t header[HEADER_FIELDS], const char *magic, const struct state_format *format,
                         struct state_fault *fault)
{
    if (slot_check(header, HEADER_FIELDS, 0, HEADER_NUMBER) != SLOT_GOOD ||
        memcmp(header + MAGIC_PLACE, magic, MAGIC_SIZE) != 0 || bytes_get32(header + VERSION_PLACE) != FORMAT_VERSION)
        return fail(fault, STATE_HEADER, 0);
    if (format == NULL)
        return true;
    if (bytes_get32(header + POOL_FIRST_PLACE) != format->pool_first ||
        bytes_get32(header + POOL_COUNT_PLACE) != format->pool_count)
        return fail(fault, STATE_OTHER_POOL, 0);
    uint64_t fingerprint = bytes_get64(header + FINGERPRINT_PLACE);
    if (fingerprint != format->fingerprint && (format->former == 0 || fingerprint != format->former))
        return fail(fault, STATE_OTHER_KEY, 0);
    if (bytes_get32(header + SLOT_SIZE_PLACE) != format->slot_size ||
        bytes_get32(header + SLOTS_PLACE) != format->slots)
        return fail(fault, STATE_HEADER, 0);
    return true;
}

/* Slot 0 of a new file, if it is to have one from the start. */
static bool write_initial(int fd, const struct state_format *format, const uint8_t header[HEADER_FIELDS],
                          struct state_fault *fault)
{
    uint8_t slot[INITIAL_MAX];
    if (format->initial == NULL)
        return true;
    memcpy(slot + SLOT_CHECKSUM_SIZE, format->initial, format->slot_size - SLOT_CHECKSUM_SIZE);
    slot_seal(slot, format->slot_size, seal_of(header), 0);
    return write_bytes(fd, slot_place(format, 0), slot, format->slot_size, fault);
}

/* Not inlined into create(), as what follows. */
__attribute__((noinline)) static bool write_new(int fd, const struct state_format *format, struct state_fault *fault)
{
    uint8_t header[HEADER_FIELDS];
    make_header(format, header);
    off_t size = slot_place(format, format->slots);
    if (exceeds_limit(size))
        return fail(fault, STATE_WRITE_ERROR, EFBIG);
    if (fchmod(fd, FILE_MODE) != 0 || ftruncate(fd, 0) != 0 || ftruncate(fd, size) != 0)
        return fail(fault, STATE_WRITE_ERROR, errno);
    /* Once in the life of the file: a power failure must not leave one without its header. What can be learnt again
       is not worth the wait: it is made inside a connect() that must not block. */
    return write_bytes(fd, 0, header, sizeof header, fault) && write_initial(fd, format, header, fault) &&
           (!format->durable || fdatasync(fd) == 0 || fail(fault, STATE_WRITE_ERROR, errno));
}

/* Whether `name` is still the file that is open. */
__attribute__((noinline)) static bool is_named(int directory, const char *name, int fd)
{
    struct stat named, opened;
    return fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

__attribute__((noinline)) static bool is_absent(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

/*
 * Makes the file under a name of its own, and then renames it. All who want to make it take the lock of that one
 * name; what a killed process left there is used by the next. True: look again.
 */
__attribute__((noinline)) static bool create(int directory, const struct state_place *place,
                                             const struct state_format *format, struct state_fault *fault)
{
    char name_data[NEW_NAME_SIZE];
    struct text name = text_on(name_data, sizeof name_data);
    text_add(&name, format->name);
    text_add(&name, ".new");
    int fd = raw_openat(directory, name.data, O_RDWR | O_CREAT | OPEN_FLAGS, FILE_MODE);
    if (fd < 0)
        return fail(fault, STATE_WRITE_ERROR, errno);
    bool made = check_attributes(fd, place, format, NULL, fault) && lock_bytes(fd, 0, 0, STATE_CREATE_WAIT_MS, fault);
    if (made && is_named(directory, name.data, fd)) {
        bool absent = is_absent(directory, format->name);
        if (absent)
            made = write_new(fd, format, fault) && (renameat(directory, name.data, directory, format->name) == 0 ||
                                                    fail(fault, STATE_WRITE_ERROR, errno));
        if (!absent || !made)
            unlinkat(directory, name.data, 0);
    }
    set_lock(fd, F_UNLCK, 0, 0);
    raw_close(fd);
    return made;
}

/* Opens the file in the open directory, and makes it where it is missing. */
static bool open_in(int directory, struct state_file *file, const struct state_place *place, enum state_mode mode,
                    struct state_fault *fault)
{
    for (int tries = 0; tries < OPEN_TRIES; tries++) {
        int access = mode == STATE_READ ? O_RDONLY : O_RDWR;
        file->fd = raw_openat(directory, file->format->name, access | OPEN_FLAGS, 0);
        if (file->fd >= 0)
            return true;
        if (errno == ENOENT && mode != STATE_CREATE)
            return fail(fault, STATE_ABSENT, 0);
        if (errno == ELOOP || errno == EISDIR)
            return fail(fault, STATE_NOT_REGULAR, 0);
        if (errno != ENOENT)
            return fail(fault, STATE_OPEN_ERROR, errno);
        if (!create(directory, place, file->format, fault))
            return false;
    }
    return fail(fault, STATE_OPEN_ERROR, EAGAIN);
}

/* Checks the open file. `any`, if not NULL, is its format, and takes over what the header says about pool and key. */
__attribute__((noinline)) static bool check_file(struct state_file *file, const struct state_place *place,
                                                 struct state_format *any, struct state_fault *fault)
{
    off_t size;
    uint8_t header[HEADER_FIELDS];
    const struct state_format *format = file->format;
    if (!check_attributes(file->fd, place, format, &size, fault) ||
        !read_bytes(file->fd, 0, header, sizeof header, fault) ||
        !check_header(header, format->magic, any == NULL ? format : NULL, fault))
        return false;
    if (any != NULL) {
        any->slots = bytes_get32(header + SLOTS_PLACE);
        any->pool_first = bytes_get32(header + POOL_FIRST_PLACE);
        any->pool_count = bytes_get32(header + POOL_COUNT_PLACE);
        any->fingerprint = bytes_get64(header + FINGERPRINT_PLACE);
        if (bytes_get32(header + SLOT_SIZE_PLACE) != any->slot_size)
            return fail(fault, STATE_HEADER, 0);
    }
    file->seal = seal_of(header);
    file->former = bytes_get64(header + FINGERPRINT_PLACE) != format->fingerprint;
    return size == slot_place(format, format->slots) || fail(fault, STATE_CUT, 0);
}

static bool open_checked(struct state_file *file, const struct state_place *place, const struct state_format *format,
                         struct state_format *any, enum state_mode mode, struct state_fault *fault)
{
    *fault = (struct state_fault){0};
    struct state_directory directory;
    if (format->fault.reason != STATE_NONE && any == NULL && (mode != STATE_READ || !format->fault_spares_read)) {
        *fault = format->fault;
        return false;
    }
    if (place->read_only && mode != STATE_READ)
        return fail(fault, STATE_OPEN_ERROR, EROFS);
    if (!state_directory_open(&directory, place, mode == STATE_CREATE, fault))
        return false;
    *file = (struct state_file){.fd = -1, .format = format, .in_room = directory.is_room};
    bool opened = open_in(directory.fd, file, place, mode, fault);
    state_directory_close(&directory);
    if (!opened)
        return fail_of(file, fault);
    if (check_file(file, place, any, fault))
        return true;
    state_file_close(file);
    return fail_of(file, fault);
}

bool state_file_open(struct state_file *file, const struct state_place *place, const struct state_format *format,
                     enum state_mode mode, struct state_fault *fault)
{
    return open_checked(file, place, format, NULL, mode, fault);
}

bool state_file_open_any(struct state_file *file, const struct state_place *place, struct state_format *format,
                         struct state_fault *fault)
{
    return open_checked(file, place, format, format, STATE_READ, fault);
}

void state_file_close(const struct state_file *file)
{
    raw_close(file->fd);
}

bool state_file_read(const struct state_file *file, uint32_t first, uint32_t count, uint8_t *bytes,
                     struct state_fault *fault)
{
    return read_bytes(file->fd, slot_place(file->format, first), bytes, (size_t)count * file->format->slot_size,
                      fault) ||
           fail_of(file, fault);
}

bool state_file_write(const struct state_file *file, uint32_t number, const uint8_t *bytes, struct state_fault *fault)
{
    return write_bytes(file->fd, slot_place(file->format, number), bytes, file->format->slot_size, fault) ||
           fail_of(file, fault);
}
