/* Sends each observation to the command once; called by all of the observer's functions. */
#include "check/observer/report.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check/observer/objects.h"
#include "preload/base/clock.h"
#include "preload/base/raw_file.h"
#include "preload/log/channel.h"

#define VARIABLE   "V6SHIM_OBSERVE"
#define TOLD_SLOTS 8192u /* what does not fit is told again */
#define SITE_SLOTS 2048u /* places that share a slot share its limit */
#define MIX        UINT64_C(0x9e3779b97f4a7c15)

atomic_bool tell_is_on;
__thread const void *tell_caller __attribute__((tls_model("initial-exec")));

static struct channel channel = {.descriptor = CHANNEL_CLOSED};
static _Atomic long owner;
static _Atomic uint64_t told[TOLD_SLOTS];
static char program[PATH_MAX], variable[sizeof VARIABLE + PATH_MAX];

EXPORT const void *v6shim_observed_caller(void);

EXPORT const void *v6shim_observed_caller(void)
{
    return tell_caller;
}

/* --- each once, and of one place not everything: a loop over many names must not fill the channel --- */

#define NAMES_OF_SITE     64u
#define ADDRESSES_OF_SITE 1024u

static _Atomic uint32_t told_of_site[SITE_SLOTS];

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * MIX;
    return hash ^ hash >> 32;
}

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < count; i++)
        hash = mix(hash, byte[i]);
    return mix(hash, count);
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    return text == NULL ? mix(hash, 0) : mix_bytes(hash, text, strlen(text));
}

/* The number of the socket is left out, but where it is all that tells one failure from another. */
static uint64_t fingerprint(const struct observation *observation, const void *caller)
{
    const int numbers[] = {observation->family, observation->type,   observation->port, observation->room,
                           observation->level,  observation->option, observation->error};
    uint64_t hash = mix_text(MIX, observation->call);
    hash = mix(hash, (uintptr_t)caller);
    hash = mix_bytes(hash, numbers, sizeof numbers);
    hash = mix_bytes(hash, &observation->address, sizeof observation->address);
    hash = mix_text(hash, observation->name);
    if (observation->error != 0)
        hash = mix(hash, (uint64_t)observation->fd);
    if (observation->origin != NULL) {
        hash = mix(hash, observation->origin->kind);
        hash = mix_text(hash, observation->origin->name);
    }
    return hash | 1;
}

/* --- */

static bool owns_memory(void)
{
    return syscall(SYS_getpid) == atomic_load(&owner);
}

static bool write_line(struct observation *observation)
{
    char data[OBSERVATION_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    observation->pid = syscall(SYS_getpid);
    if (!owns_memory() && observation->parent == 0)
        observation->parent = syscall(SYS_getppid); /* vfork() or clone(): it has not introduced itself */
    observation->lost = atomic_exchange(&channel.lost, 0);
    observation_to_json(observation, &line);
    enum channel_outcome outcome = channel_write(&channel, &line, owns_memory());
    if (outcome == CHANNEL_FULL)
        atomic_fetch_add(&channel.lost, observation->lost + 1);
    else if (outcome == CHANNEL_GONE)
        atomic_store(&tell_is_on, false);
    return outcome == CHANNEL_WRITTEN;
}

static _Atomic uint32_t *count_of_site(const struct observation *observation, const void *caller)
{
    return &told_of_site[mix(mix_text(MIX, observation->call), (uintptr_t)caller) % SITE_SLOTS];
}

void tell(struct observation *observation, const void *caller)
{
    int saved = errno;
    uint64_t hash = fingerprint(observation, caller);
    _Atomic uint32_t *count = count_of_site(observation, caller);
    uint32_t limit = observation->origin != NULL ? ADDRESSES_OF_SITE : NAMES_OF_SITE;
    _Atomic uint64_t *place = &told[hash / 2 % TOLD_SLOTS];
    struct object_place where = object_of_code(caller);
    if (tell_wanted() && atomic_load_explicit(place, memory_order_relaxed) != hash && !where.is_system &&
        atomic_load_explicit(count, memory_order_relaxed) < limit) {
        observation->object = where.path;
        observation->offset = where.offset;
        if (write_line(observation)) {
            atomic_store_explicit(place, hash, memory_order_relaxed);
            atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
        }
    }
    errno = saved;
}

static void tell_process(const char *call)
{
    struct observation observation = observation_of(call);
    observation.name = program;
    observation.parent = syscall(SYS_getppid);
    write_line(&observation);
}

/* So that a child is waited for whose parent ends before it has introduced itself. */
static void before_fork(void)
{
    int saved = errno;
    struct observation observation = observation_of(OBSERVATION_FORKING);
    if (tell_wanted())
        write_line(&observation);
    errno = saved;
}

static void after_fork_in_child(void)
{
    int saved = errno;
    atomic_store(&owner, syscall(SYS_getpid));
    if (tell_wanted())
        tell_process(OBSERVATION_FORK);
    errno = saved;
}

void tell_child(int64_t pid)
{
    int saved = errno;
    struct observation observation = observation_of(OBSERVATION_CHILD);
    observation.fd = (int)pid;
    if (tell_wanted())
        write_line(&observation);
    errno = saved;
}

const char *tell_variable(void)
{
    return tell_wanted() ? variable : NULL;
}

void tell_start(void)
{
    struct text text = text_on(variable, sizeof variable);
    if (!channel_start(&channel, secure_getenv(VARIABLE)))
        return;
    text_add(&text, VARIABLE "=");
    text_add(&text, channel.path);
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    /* program_invocation_name, of which the program may have a copy, under the name that it can't have for itself. */
    char *const *name = dlsym(RTLD_DEFAULT, "__progname_full");
    if (length <= 0 && name != NULL) /* no /proc */
        strncpy(program, *name, sizeof program - 1);
    atomic_store(&owner, syscall(SYS_getpid));
    pthread_atfork(before_fork, NULL, after_fork_in_child);
    atomic_store(&tell_is_on, true);
    tell_process(OBSERVATION_PROCESS);
}
