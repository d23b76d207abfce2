/* Reads this host's identity, boot and time; called by preload/state and preload/alias. */
#include "preload/state/host.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "preload/base/clock.h"
#include "preload/base/critical_section.h"
#include "preload/base/raw_file.h"

#define IDENTITY_SIZE  64 /* a machine-id has 32 characters, a boot_id 36 */
#define IDENTITY_LEAST 16 /* shorter text is no identity */
#define HOUR_S         3600

static const char boot_id_file[] = "/proc/sys/kernel/random/boot_id";

/* Keys that set our uses of SipHash apart from each other, and from other programs' hashes of the machine-id. */
static const struct siphash_key low_half = {0x7636736869d06b01, 0x9e3779b97f4a7c15};
static const struct siphash_key high_half = {0x7636736869d06b02, 0xc2b2ae3d27d4eb4f};
static const struct siphash_key boot_part = {0x7636736869d06b03, 0x165667b19e3779f9};

/* The first line of a file of this kind; its length, 0 where there is none. */
static size_t read_identity(const char *path, char *identity)
{
    int saved = errno;
    size_t length = 0;
    struct critical_section section;
    critical_section_enter(&section);
    int fd = raw_openat(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    if (fd >= 0) {
        ssize_t count = read(fd, identity, IDENTITY_SIZE);
        while (count > 0 && length < (size_t)count && identity[length] != '\n')
            length++;
        raw_close(fd);
    }
    critical_section_leave(&section);
    errno = saved;
    return length >= IDENTITY_LEAST ? length : 0;
}

static struct siphash_key key_of(const char *text, size_t length)
{
    return (struct siphash_key){siphash(low_half, text, length), siphash(high_half, text, length)};
}

struct siphash_key host_key(const char *text)
{
    return key_of(text, strlen(text));
}

bool host_former_key(struct siphash_key *key)
{
    static const char *const sources[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};
    static _Atomic bool asked;
    static _Atomic uint64_t low, high; /* both 0: there is none. Two threads write the same */
    if (!atomic_load_explicit(&asked, memory_order_acquire)) {
        char identity[IDENTITY_SIZE];
        size_t length = 0;
        for (size_t i = 0; i < sizeof sources / sizeof *sources && length == 0; i++)
            length = read_identity(sources[i], identity);
        struct siphash_key made = length > 0 ? key_of(identity, length) : (struct siphash_key){0};
        atomic_store_explicit(&low, made.low, memory_order_relaxed);
        atomic_store_explicit(&high, made.high, memory_order_relaxed);
        atomic_store_explicit(&asked, true, memory_order_release);
    }
    *key = (struct siphash_key){atomic_load_explicit(&low, memory_order_relaxed),
                                atomic_load_explicit(&high, memory_order_relaxed)};
    return key->low != 0 || key->high != 0;
}

uint32_t host_boot(void)
{
    static const uint32_t unread = UINT32_MAX;
    static _Atomic uint32_t known = UINT32_MAX;
    uint32_t boot = atomic_load_explicit(&known, memory_order_relaxed);
    if (boot != unread)
        return boot;
    char identity[IDENTITY_SIZE];
    size_t length = read_identity(boot_id_file, identity);
    boot = (uint32_t)siphash(boot_part, identity, length) & ((1u << ALIAS_BOOT_BITS) - 1);
    if (boot == 0)
        boot = 1;
    if (length == 0)
        boot = 0;
    atomic_store_explicit(&known, boot, memory_order_relaxed);
    return boot;
}

struct alias_moment host_moment(void)
{
    struct timespec uptime = {0};
    int64_t calendar_s = clock_calendar_s();
    syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &uptime);
    return (struct alias_moment){.minute = calendar_s > 0 ? (uint32_t)(calendar_s / HOST_MINUTE_S) : 0,
                                 .uptime_hour = (uint32_t)(uptime.tv_sec / HOUR_S),
                                 .boot = host_boot()};
}

uint32_t host_uptime_minutes(void)
{
    struct timespec uptime = {0};
    clock_gettime(CLOCK_BOOTTIME, &uptime);
    return (uint32_t)(uptime.tv_sec / HOST_MINUTE_S);
}
