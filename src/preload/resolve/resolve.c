/* Looks up the IPv6 half of a name on a worker thread and waits for it; called by gethostbyname.c and
   getaddrinfo.c. */
#include "preload/resolve/resolve.h"

#include <errno.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/address/literal.h"
#include "preload/base/clock.h"
#include "preload/base/guard.h"
#include "preload/log/log.h"
#include "preload/resolve/name_service.h"
#include "preload/resolve/no_aaaa.h"
#include "preload/resolve/resolver_state.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/system/sources.h"
#include "preload/thread/thread_end.h"
#include "preload/thread/worker_thread.h"

#define FIRST_BUFFER_SIZE 1024u
#define LAST_BUFFER_SIZE  (64u * 1024u)

struct resolve_half {
    struct resolve_half *outer;   /* of this thread: the lookup that this one interrupts */
    uintptr_t frame;              /* of the function that began it */
    struct worker_thread *worker; /* NULL: nothing runs */
    bool described;               /* the getaddrinfo kind */
    char *name, *service;
    struct addrinfo hints;
    struct resolver_state resolver; /* of the thread that wants to know */
    bool own_servers;               /* the program's, which say nothing of the system's */
    int64_t started_ms;
    bool known_silent;                /* the resolver, before we asked */
    _Atomic int64_t ipv4_answered_ms; /* 0: it has not been */
    /* Results: */
    bool found, timed_out;
    bool absent; /* the resolver says that there are none */
    struct addrinfo *info;
    struct hostent hostent;
    char *buffer;
};

static void free_half(void *data)
{
    struct resolve_half *half = data;
    if (half->info != NULL)
        freeaddrinfo(half->info);
    free(half->buffer);
    free(half->service);
    free(half->name);
    free(half);
}

static void look_up_hostent(struct resolve_half *half)
{
    int error = ERANGE, host_error = 0;
    struct hostent *found = NULL;
    for (size_t size = FIRST_BUFFER_SIZE; error == ERANGE && size <= LAST_BUFFER_SIZE; size *= 2) {
        free(half->buffer);
        half->buffer = malloc(size);
        if (half->buffer == NULL)
            return;
        error = REAL(gethostbyname2_r)(half->name, AF_INET6, &half->hostent, half->buffer, size, &found, &host_error);
    }
    half->found = error == 0 && found != NULL;
    half->timed_out = !half->found && host_error == TRY_AGAIN;
}

static void look_up(void *data)
{
    struct resolve_half *half = data;
    if (half->described) {
        int error = REAL(getaddrinfo)(half->name, half->service, &half->hints, &half->info);
        half->found = error == 0;
        half->timed_out = error == EAI_AGAIN;
    } else {
        look_up_hostent(half);
    }
    if (half->own_servers)
        return;
    int64_t answered_ms = atomic_load(&half->ipv4_answered_ms);
    if (!half->timed_out)
        no_aaaa_broken();
    else if (answered_ms != 0)
        no_aaaa_note(half->name, half->started_ms, clock_now_ms() - answered_ms);
}

static void look_up_beside(void *data)
{
    struct resolve_half *half = data;
    half->own_servers = resolver_state_begin(&half->resolver);
    worker_thread_asks(RESOLVER_WAITS_SHORT, &_res);
    look_up(half);
    worker_thread_has_asked();
    resolver_state_end();
}

static struct resolve_half *make_half(const char *name, const char *service, const struct addrinfo *hints)
{
    struct resolve_half *half = calloc(1, sizeof *half);
    if (half == NULL)
        return NULL;
    half->name = strdup(name);
    half->service = service != NULL ? strdup(service) : NULL;
    half->described = hints != NULL;
    if (hints != NULL) {
        /* Whether IPv6 can be used is judged by routes, not by which addresses the interfaces have. */
        half->hints = (struct addrinfo){.ai_family = AF_INET6,
                                        .ai_flags = hints->ai_flags & ~(AI_ADDRCONFIG | AI_V4MAPPED | AI_ALL),
                                        .ai_socktype = hints->ai_socktype,
                                        .ai_protocol = hints->ai_protocol};
    }
    half->started_ms = clock_now_ms();
    if (half->name != NULL && (service == NULL) == (half->service == NULL))
        return half;
    free_half(half);
    return NULL;
}

/* The innermost lookup of this thread. One that was left by a siglongjmp, or whose thread was cancelled in libc's
   part of it, is found here. */
static __thread struct resolve_half *current __attribute__((tls_model("initial-exec")));

void resolve_abandon_all(void)
{
    while (current != NULL)
        resolve_end(current);
}

/* Those that were begun deeper in the stack have been left. */
static void abandon_left(uintptr_t frame)
{
    while (current != NULL && current->frame <= frame && !guard_on_signal_stack())
        resolve_end(current);
}

/* Once: it can be mended, and the program shows nothing of it. A shortage of descriptors is no refusal. */
static NOINLINE void tell_refused(int error)
{
    static atomic_bool told;
    if ((error == EAFNOSUPPORT || error == EPERM || error == EACCES) && !atomic_exchange(&told, true))
        log_error(
            LOG_LEVEL_WARNING,
            "no name gets IPv6 addresses, since no IPv6 socket can be made (a service of systemd needs AF_INET6 "
            "in RestrictAddressFamilies=; a host, IPv6 in its kernel; families inet if that is meant)",
            NULL, error);
}

struct resolve_half *resolve_start(const char *name, const char *service, const struct addrinfo *hints)
{
    abandon_left((uintptr_t)__builtin_frame_address(0));
    if (settings_current()->families == FAMILIES_INET)
        return NULL;
    int refused = sources_family_error(AF_INET6);
    if (refused != 0) {
        tell_refused(refused);
        return NULL;
    }
    struct resolve_half *half = make_half(name, service, hints);
    if (half == NULL)
        return NULL;
    half->frame = (uintptr_t)__builtin_frame_address(0);
    half->outer = current;
    current = half;
    thread_end_watch(THREAD_END_NO_HANDLER);
    log_name(EVENT_LOOKUP, name, NULL, 0);
    half->known_silent = no_aaaa_is_known();
    if (!half->known_silent) {
        resolver_state_read(&half->resolver);
        half->worker = worker_thread_start(name_service_keeps_nothing() ? WORKER_THREAD_OWN_NUMBERS
                                                                        : WORKER_THREAD_SHARED_NUMBERS,
                                           look_up_beside, free_half, half);
    }
    return half;
}

bool resolve_wait(struct resolve_half *half, enum resolve_outcome ipv4)
{
    bool ipv4_found = ipv4 == RESOLVE_FOUND;
    if (half == NULL)
        return false;
    atomic_store(&half->ipv4_answered_ms, ipv4 != RESOLVE_UNANSWERED ? clock_now_ms() : 0);
    if (half->worker == NULL) {
        /* No thread to be had, or a resolver that is known to be silent: worth our caller's time only if there is
           nothing else. One that is silent now even about IPv4 will not answer this. */
        if (ipv4 == RESOLVE_ABSENT || (ipv4 == RESOLVE_UNANSWERED && !half->known_silent)) {
            half->started_ms = clock_now_ms();
            look_up(half);
        }
        if (!half->found)
            log_name(ipv4_found ? EVENT_SILENT : EVENT_NO_IPV6, half->name, NULL, 0);
        return half->found;
    }
    int64_t limit_ms = ipv4_found ? (int64_t)settings_current()->resolution_delay_ms : WORKER_THREAD_FOREVER_MS;
    if (!worker_thread_wait(half->worker, limit_ms))
        log_name(EVENT_LATE, half->name, NULL, 0);
    else if (half->found)
        return true;
    else {
        half->absent = !half->timed_out;
        log_name(EVENT_NO_IPV6, half->name, NULL, 0);
    }
    return false;
}

bool resolve_is_absent(const struct resolve_half *half)
{
    return half != NULL && half->absent;
}

const struct hostent *resolve_hostent(const struct resolve_half *half)
{
    return &half->hostent;
}

struct addrinfo *resolve_take_info(struct resolve_half *half)
{
    struct addrinfo *info = half->info;
    half->info = NULL;
    return info;
}

void resolve_end(struct resolve_half *half)
{
    if (half == NULL)
        return;
    if (current == half)
        current = half->outer;
    if (half->worker != NULL)
        worker_thread_abandon(half->worker);
    else
        free_half(half);
}

bool resolve_literal(const char *text, struct ip_address *address)
{
    struct literal literal;
    if (!literal_parse(text, &literal))
        return false;
    if (literal.zone[0] != '\0') {
        int saved = errno;
        literal.address.scope = if_nametoindex(literal.zone);
        errno = saved;
        if (literal.address.scope == 0)
            return false;
    }
    *address = literal.address;
    return true;
}
