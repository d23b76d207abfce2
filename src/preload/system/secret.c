/* Draws the secret of this process; called for transient aliases and keyed hashes. */
#include "preload/system/secret.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "preload/base/critical_section.h"
#include "preload/base/raw_file.h"
#include "preload/log/log.h"

/* Each is written once. Two threads that make them at the same time may each write one: it is a secret all the same.
 */
static _Atomic uint64_t words[2];

static bool read_device(void *bytes, size_t size)
{
    struct critical_section section;
    critical_section_enter(&section);
    int fd = raw_openat(AT_FDCWD, "/dev/urandom", O_RDONLY | O_NOCTTY, 0);
    bool good = fd >= 0 && read(fd, bytes, size) == (ssize_t)size;
    if (fd >= 0)
        raw_close(fd);
    critical_section_leave(&section);
    return good;
}

bool secret_fill(void *bytes, size_t size)
{
    int saved = errno;
    bool good = syscall(SYS_getrandom, bytes, size, GRND_NONBLOCK) == (long)size || read_device(bytes, size);
    errno = saved;
    return good;
}

/* Better than nothing: where this process is in memory, and when it asked. */
static void guess(uint64_t made[2])
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    made[0] = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)syscall(SYS_getpid) << 40;
    made[1] = (uint64_t)(uintptr_t)made << 20 ^ (uint64_t)(uintptr_t)&words;
    log_message(LOG_LEVEL_WARNING,
                "the kernel gives no random bytes (no getrandom(2), no /dev/urandom): aliases that are "
                "good in this process only may be guessed");
}

struct siphash_key secret_of_process(void)
{
    uint64_t low = atomic_load_explicit(&words[0], memory_order_acquire);
    uint64_t high = atomic_load_explicit(&words[1], memory_order_acquire);
    if (low != 0 && high != 0)
        return (struct siphash_key){low, high};
    uint64_t made[2];
    if (!secret_fill(made, sizeof made))
        guess(made);
    for (int i = 0; i < 2; i++) {
        uint64_t none = 0;
        atomic_compare_exchange_strong(&words[i], &none, made[i] != 0 ? made[i] : 1);
    }
    return (struct siphash_key){atomic_load(&words[0]), atomic_load(&words[1])};
}
