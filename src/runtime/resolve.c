#include "runtime/resolve.h"

#include <errno.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/literal.h"
#include "runtime/aliases.h"
#include "runtime/beside.h"
#include "runtime/clock.h"
#include "runtime/guard.h"
#include "runtime/lookups.h"
#include "runtime/name_service.h"
#include "runtime/observe.h"
#include "runtime/pref64.h"
#include "runtime/race_thread.h"
#include "runtime/real.h"
#include "runtime/resolver_state.h"
#include "runtime/settings.h"
#include "runtime/silence.h"
#include "runtime/sources.h"
#include "runtime/state.h"
#include "runtime/thread_end.h"

#define FIRST_BUFFER_SIZE 1024u
#define LAST_BUFFER_SIZE  (64u * 1024u)

struct resolve_half {
    struct resolve_half *outer; /* of this thread: the lookup that this one interrupts */
    uintptr_t frame;            /* of the function that began it */
    struct beside *beside;      /* NULL: nothing runs */
    bool described;             /* the getaddrinfo kind */
    char *name, *service;
    struct addrinfo hints;
    struct resolver_state resolver; /* of the thread that wants to know */
    bool own_servers;               /* the program's, which say nothing of the system's */
    int64_t started_ms;
    bool known_silent; /* the resolver, before we asked */
    atomic_bool ipv4_answered;
    /* Results: */
    bool found, timed_out;
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
    if (half->timed_out && !half->own_servers && atomic_load(&half->ipv4_answered))
        silence_note(clock_now_ms() - half->started_ms);
}

static void look_up_beside(void *data)
{
    struct resolve_half *half = data;
    half->own_servers = resolver_state_begin(&half->resolver);
    look_up(half);
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

struct resolve_half *resolve_start(const char *name, const char *service, const struct addrinfo *hints)
{
    abandon_left((uintptr_t)__builtin_frame_address(0));
    if (settings_current()->families == FAMILIES_INET || !sources_family_works(AF_INET6))
        return NULL;
    struct resolve_half *half = make_half(name, service, hints);
    if (half == NULL)
        return NULL;
    half->frame = (uintptr_t)__builtin_frame_address(0);
    half->outer = current;
    current = half;
    thread_end_watch();
    observe_name(EVENT_LOOKUP, name, NULL, 0);
    half->known_silent = silence_is_known();
    if (!half->known_silent) {
        resolver_state_read(&half->resolver);
        half->beside = beside_start(name_service_keeps_nothing() ? BESIDE_OWN_NUMBERS : BESIDE_SHARED_NUMBERS,
                                    look_up_beside, free_half, half);
    }
    return half;
}

bool resolve_wait(struct resolve_half *half, enum resolve_outcome ipv4)
{
    bool ipv4_found = ipv4 == RESOLVE_FOUND;
    if (half == NULL)
        return false;
    atomic_store(&half->ipv4_answered, ipv4 != RESOLVE_UNANSWERED);
    if (half->beside == NULL) {
        /* No thread to be had, or a resolver that is known to be silent: worth our caller's time only if there is
           nothing else. One that is silent now even about IPv4 will not answer this. */
        if (ipv4 == RESOLVE_ABSENT || (ipv4 == RESOLVE_UNANSWERED && !half->known_silent)) {
            half->started_ms = clock_now_ms();
            look_up(half);
        }
        if (!half->found)
            observe_name(ipv4_found ? EVENT_SILENT : EVENT_NO_IPV6, half->name, NULL, 0);
        return half->found;
    }
    int64_t limit_ms = ipv4_found ? (int64_t)settings_current()->resolution_delay_ms : BESIDE_FOREVER_MS;
    if (!beside_wait(half->beside, limit_ms))
        observe_name(EVENT_LATE, half->name, NULL, 0);
    else if (half->found)
        return true;
    else
        observe_name(EVENT_NO_IPV6, half->name, NULL, 0);
    return false;
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
    if (half->beside != NULL)
        beside_release(half->beside);
    else
        free_half(half);
}

atomic_bool resolve_alias_shown;

bool resolve_shown(const struct ip_address *candidate, struct in_addr *shown)
{
    struct ip_address back;
    if (candidate->family == AF_INET)
        *shown = candidate->ipv4;
    else if (pref64_recover(candidate, shown))
        return true;
    else if (address_is_loopback(candidate))
        shown->s_addr = htonl(INADDR_LOOPBACK);
    else {
        atomic_store_explicit(&resolve_alias_shown, true, memory_order_relaxed);
        *shown = aliases_of(candidate, ALIAS_NAME);
        return aliases_find_address(*shown, &back) && address_equal(&back, candidate);
    }
    return true;
}

/* Whether `prefer ipv4` keeps the IPv6 addresses of this name from the program. */
static bool hides_ipv6(const struct resolve_addresses *ordered)
{
    bool ipv4_seen = false;
    for (size_t i = 0; i < ordered->count; i++)
        ipv4_seen |= ordered->addresses[i].family == AF_INET;
    return ipv4_seen && settings_current()->prefer == PREFER_IPV4;
}

size_t resolve_shown_list(const struct resolve_addresses *ordered, struct in_addr shown[RESOLVE_ADDRESSES],
                          size_t places[RESOLVE_ADDRESSES])
{
    size_t count = 0;
    bool hidden = hides_ipv6(ordered);
    for (size_t i = 0; i < ordered->count; i++) {
        const struct ip_address *candidate = &ordered->addresses[i];
        if (candidate->family == AF_INET6 && hidden)
            continue;
        bool wanted = resolve_shown(candidate, &shown[count]);
        for (size_t j = 0; j < count; j++)
            wanted = wanted && shown[j].s_addr != shown[count].s_addr;
        if (places != NULL && wanted)
            places[count] = i;
        count += wanted;
    }
    return count;
}

/* As many as a connect() can try: the first ones, but some places are for the family that comes last, however many
   addresses the other one has. It may be the one that works. */
static size_t take_candidates(const struct resolve_addresses *ordered, struct ip_address list[CANDIDATES_PER_LIST])
{
    size_t others = 0, others_first = 0, count = 0;
    for (size_t i = 0; i < ordered->count; i++) {
        bool other = ordered->addresses[i].family != ordered->addresses[0].family;
        others += other;
        others_first += other && i < CANDIDATES_PER_LIST;
    }
    size_t kept = others < CANDIDATES_PER_LIST / 4 ? others : CANDIDATES_PER_LIST / 4;
    size_t places_of_others = kept > others_first ? kept : others_first;
    size_t places = CANDIDATES_PER_LIST - places_of_others;
    for (size_t i = 0; i < ordered->count; i++) {
        size_t *left = ordered->addresses[i].family == ordered->addresses[0].family ? &places : &places_of_others;
        if (*left == 0)
            continue;
        list[count++] = ordered->addresses[i];
        --*left;
    }
    return count;
}

void resolve_record(const char *name, const struct resolve_addresses *ordered)
{
    struct ip_address list[CANDIDATES_PER_LIST] = {0};
    size_t count = take_candidates(ordered, list);
    lookups_record(name, list, count);
    observe_name(EVENT_ANSWER, name, list, count);
    if (count > 1)
        race_thread_prepare();
    for (size_t i = 0; i < count && !hides_ipv6(ordered); i++) {
        struct in_addr shown;
        if (list[i].family == AF_INET6 && !pref64_recover(&list[i], &shown) && !address_is_loopback(&list[i]) &&
            resolve_shown(&list[i], &shown) && aliases_is_shared(shown))
            state_store_candidates(shown, list, count);
    }
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
