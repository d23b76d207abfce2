/* Answers gethostbyname() and its relatives with both halves of a lookup; called by preload/hooks/names.c. */
#include "preload/resolve/gethostbyname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/names/hostent.h"
#include "preload/alias/aliases.h"
#include "preload/base/scratch.h"
#include "preload/resolve/lookups.h"
#include "preload/resolve/resolve.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"

/* The static result of gethostbyname(), as libc has one. Of a fixed size: memory that is replaced could vanish under
   a thread that still reads it. */
#define STATIC_BUFFER_SIZE 8192
#define NAME_SIZE          1025 /* NI_MAXHOST */
#define FIRST_BUFFER_SIZE  1024u
#define LAST_BUFFER_SIZE   (64u * 1024u)

static char static_buffer[STATIC_BUFFER_SIZE];
static struct hostent static_hostent;

/* An answer put together: what is to be packed for the program. */
struct answer {
    struct hostent_parts parts;
    struct in_addr shown[RESOLVE_ADDRESSES];
};

/* An answer of one address, with the names of these parts. */
static void answer_with_one(struct answer *answer, struct hostent_parts parts, struct in_addr shown)
{
    answer->shown[0] = shown;
    answer->parts = parts;
    answer->parts.family = AF_INET;
    answer->parts.addresses = answer->shown;
    answer->parts.address_count = 1;
}

static void add_all(struct resolve_addresses *list, const struct hostent *hostent)
{
    for (char **at = hostent->h_addr_list; *at != NULL; at++) {
        struct in6_addr ipv6;
        struct in_addr ipv4;
        struct ip_address address;
        if (hostent->h_addrtype == AF_INET) {
            memcpy(&ipv4, *at, sizeof ipv4);
            address = address_ipv4(ipv4);
        } else {
            memcpy(&ipv6, *at, sizeof ipv6);
            address = address_ipv6(&ipv6, 0);
        }
        resolve_add(list, &address);
    }
}

/* Whether the program would be shown just what libc says. (The list may have less than libc: no doubles, no more than
   fit. That is no reason to take them away.) */
static bool same_addresses(const struct resolve_addresses *ipv4, const struct in_addr *shown, size_t count)
{
    size_t i = 0;
    while (i < count && i < ipv4->count && ipv4->addresses[i].ipv4.s_addr == shown[i].s_addr)
        i++;
    return i == count && i == ipv4->count;
}

/* Whether all that libc says may reach the program. */
static bool is_fit_to_show(const struct hostent *ipv4)
{
    struct in_addr address;
    for (char **at = ipv4->h_addr_list; *at != NULL; at++) {
        memcpy(&address, *at, sizeof address);
        if (aliases_contains(address))
            return false;
    }
    return settings_current()->families != FAMILIES_INET6;
}

/* Leaves of what is shown what libc's list doesn't have. */
static size_t leave_out_shown(const struct hostent *ipv4, struct in_addr *shown, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        char **at = ipv4->h_addr_list;
        while (*at != NULL && memcmp(*at, &shown[i], sizeof shown[i]) != 0)
            at++;
        if (*at == NULL)
            shown[kept++] = shown[i];
    }
    return kept;
}

/* Puts both halves together. False where libc's answer is to stand as it is. */
static bool put_together(const char *name, const struct hostent *ipv4, const struct resolve_half *half, bool found,
                         struct answer *answer)
{
    struct lists {
        struct resolve_addresses ipv4, ipv6, ordered;
    };
    const struct hostent *ipv6 = found ? resolve_hostent(half) : NULL;
    SCRATCH(struct lists, lists);
    if (lists == NULL)
        return false;
    if (ipv4 != NULL)
        add_all(&lists->ipv4, ipv4);
    if (ipv6 != NULL)
        add_all(&lists->ipv6, ipv6);
    resolve_order(name, &lists->ipv4, &lists->ipv6, &lists->ordered);
    resolve_record(name, &lists->ipv4, &lists->ipv6, resolve_is_absent(half), &lists->ordered);
    size_t count = resolve_shown_list(&lists->ordered, answer->shown, NULL);
    bool libc_first = ipv4 != NULL && lists->ordered.ipv4_first && is_fit_to_show(ipv4);
    if (libc_first)
        count = leave_out_shown(ipv4, answer->shown, count);
    if (count == 0 && (libc_first || ipv4 == NULL))
        return false;
    if (count > 0 && !libc_first && lists->ipv6.count == 0 && same_addresses(&lists->ipv4, answer->shown, count))
        return false;
    answer->parts = hostent_parts_of(ipv4 != NULL ? ipv4 : ipv6);
    answer->parts.family = AF_INET;
    answer->parts.first = libc_first ? ipv4->h_addr_list : NULL;
    answer->parts.addresses = answer->shown;
    answer->parts.address_count = count;
    return true;
}

enum kind { NAME, LIBC_NUMBER, OUR_NUMBER };

/* What the text is. For OUR_NUMBER, IPv6 text, `answer` is filled; for a dotted quad libc's answer is right. That the
   program means this one address is noted for both. */
static enum kind kind_of(const char *name, struct answer *answer)
{
    struct in_addr ipv4, shown;
    struct ip_address literal;
    bool ours = resolve_literal(name, &literal);
    if (!ours) {
        if (REAL(inet_aton)(name, &ipv4) == 0)
            return NAME;
        literal = address_ipv4(ipv4);
    }
    lookups_record_alone(&literal);
    if (!ours || !resolve_shown(&literal, &shown))
        return LIBC_NUMBER;
    answer_with_one(answer, (struct hostent_parts){.name = name}, shown);
    return OUR_NUMBER;
}

/* `ipv4` (may be NULL) is libc's answer, which stands where all that has to be there doesn't fit. */
static struct hostent *pack_static(const struct answer *answer, struct hostent *ipv4)
{
    if (answer->parts.address_count == 0 ||
        hostent_pack_fitting(&answer->parts, static_buffer, sizeof static_buffer, &static_hostent) != 0) {
        if (answer->parts.address_count > 0 && ipv4 != NULL)
            return ipv4;
        h_errno = answer->parts.address_count == 0 ? NO_DATA : NO_RECOVERY;
        return NULL;
    }
    return &static_hostent;
}

/* A copy of the program's name on our stack: it may lie in the static buffer that the lookup overwrites. */
static const char *copy_name(const char *name, char copy[NAME_SIZE])
{
    size_t length = strnlen(name, NAME_SIZE);
    if (length == NAME_SIZE)
        return NULL;
    return memcpy(copy, name, length + 1);
}

static enum resolve_outcome outcome_of(const struct hostent *ipv4, int host_error)
{
    if (ipv4 != NULL)
        return RESOLVE_FOUND;
    return host_error == HOST_NOT_FOUND || host_error == NO_DATA ? RESOLVE_ABSENT : RESOLVE_UNANSWERED;
}

#ifdef __GLIBC__
struct hostent *resolve_by_name(const char *name)
{
    int saved = errno;
    char copy[NAME_SIZE];
    struct answer answer;
    enum kind kind = copy_name(name, copy) != NULL ? kind_of(copy, &answer) : LIBC_NUMBER;
    if (kind != NAME)
        return kind == OUR_NUMBER ? pack_static(&answer, NULL) : REAL(gethostbyname)(name);
    struct resolve_half *half = resolve_start(copy, NULL, NULL);
    struct hostent *ipv4 = REAL(gethostbyname)(name);
    int ipv4_error = errno, ipv4_host_error = h_errno;
    bool found = resolve_wait(half, outcome_of(ipv4, ipv4_host_error));
    struct hostent *result = ipv4;
    if (put_together(copy, ipv4, half, found, &answer)) {
        errno = saved;
        result = pack_static(&answer, ipv4);
        if (result != NULL && ipv4 == NULL)
            h_errno = NETDB_SUCCESS; /* of the IPv4 half there stands an error */
    } else {
        errno = ipv4_error;
        h_errno = ipv4_host_error;
    }
    resolve_end(half);
    return result;
}
#endif

/*
 * Packs for the _r functions. The parts may lie in the program's buffer. `*found` is libc's answer in there, or NULL.
 * Where there is one, the buffer was large enough for the program without us, and is never too small now: aliases
 * that don't fit are left out.
 */
static int pack_into(const struct answer *answer, const struct resolve_buffer *into, struct hostent **found,
                     int *host_error)
{
    bool has_answer = *found != NULL;
    if (answer->parts.address_count == 0) {
        *found = NULL;
        *host_error = NO_DATA;
        return 0;
    }
    void *scratch = malloc(hostent_size(&answer->parts));
    int error = scratch == NULL ? ENOMEM
                : has_answer
                    ? hostent_pack_fitting_over(&answer->parts, scratch, into->buffer, into->size, into->result)
                    : hostent_pack_over(&answer->parts, scratch, into->buffer, into->size, into->result);
    free(scratch);
    if (error != 0 && has_answer)
        return 0;
    *found = error == 0 ? into->result : NULL;
    if (error != 0)
        *host_error = NETDB_INTERNAL;
    return error;
}

int resolve_by_name_r(const char *name, const struct resolve_buffer *into, struct hostent **found, int *host_error)
{
    int saved = errno;
    char copy[NAME_SIZE];
    struct answer answer;
    enum kind kind = copy_name(name, copy) != NULL ? kind_of(copy, &answer) : LIBC_NUMBER;
    *found = NULL;
    if (kind == OUR_NUMBER)
        return pack_into(&answer, into, found, host_error);
    if (kind == LIBC_NUMBER)
        return REAL(gethostbyname_r)(name, into->result, into->buffer, into->size, found, host_error);
    struct resolve_half *half = resolve_start(copy, NULL, NULL);
    int error = REAL(gethostbyname_r)(name, into->result, into->buffer, into->size, found, host_error);
    int ipv4_errno = errno;
    /* A buffer that is too small for libc's half is too small: the program comes again with a larger one. */
    bool ipv4_found = *found != NULL;
    bool ipv6_found = error != ERANGE && resolve_wait(half, outcome_of(*found, *host_error));
    if (error != ERANGE && put_together(copy, *found, half, ipv6_found, &answer)) {
        errno = saved;
        error = pack_into(&answer, into, found, host_error);
        if (*found != NULL && !ipv4_found)
            *host_error = NETDB_SUCCESS;
    } else {
        errno = ipv4_errno;
    }
    resolve_end(half);
    return error;
}

int resolve_by_alias_r(struct in_addr alias, const struct resolve_buffer *into, struct hostent **found,
                       int *host_error)
{
    int saved = errno;
    struct ip_address ipv6;
    *found = NULL;
    *host_error = HOST_NOT_FOUND;
    if (!aliases_find_address(alias, &ipv6))
        return 0;
    *host_error = NETDB_SUCCESS;
    int error = REAL(gethostbyaddr_r)(&ipv6.ipv6, sizeof ipv6.ipv6, AF_INET6, into->result, into->buffer, into->size,
                                      found, host_error);
    if (error != 0 || *found == NULL)
        return error;
    errno = saved;
    struct answer answer;
    answer_with_one(&answer, hostent_parts_of(*found), alias);
    *found = NULL; /* that is of IPv6 */
    return pack_into(&answer, into, found, host_error);
}

struct hostent *resolve_by_alias(struct in_addr alias)
{
    /* libc's own result goes to memory that may be freed afterwards, ours is packed from it. */
    char *buffer = NULL;
    struct hostent hostent, *found = NULL, *result = NULL;
    int error = ERANGE, host_error = NO_RECOVERY;
    for (size_t size = FIRST_BUFFER_SIZE; error == ERANGE && size <= LAST_BUFFER_SIZE; size *= 2) {
        free(buffer);
        buffer = malloc(size);
        if (buffer == NULL)
            break;
        struct resolve_buffer into = {&hostent, buffer, size};
        error = resolve_by_alias_r(alias, &into, &found, &host_error);
    }
    if (found != NULL) {
        struct answer answer;
        answer_with_one(&answer, hostent_parts_of(found), alias);
        result = pack_static(&answer, NULL);
    } else {
        h_errno = host_error;
    }
    free(buffer);
    return result;
}

/* musl frees what gethostbyname() last returned, to whatever thread, when it is called again: its result may vanish
   while we wait for the other half of ours. So it is never called. */
#ifndef __GLIBC__
struct hostent *resolve_by_name(const char *name)
{
    char *buffer = NULL;
    struct hostent hostent, *found = NULL;
    int error = ERANGE, host_error = NO_RECOVERY;
    for (size_t size = STATIC_BUFFER_SIZE; error == ERANGE && size <= LAST_BUFFER_SIZE; size *= 2) {
        free(buffer);
        buffer = malloc(size);
        if (buffer == NULL)
            break;
        struct resolve_buffer into = {&hostent, buffer, size};
        error = resolve_by_name_r(name, &into, &found, &host_error);
    }
    if (found != NULL) {
        struct hostent_parts parts = hostent_parts_of(found);
        parts.first = found->h_addr_list;
        found = NULL;
        host_error = NO_RECOVERY;
        if (hostent_pack_fitting(&parts, static_buffer, sizeof static_buffer, &static_hostent) == 0)
            found = &static_hostent;
    }
    free(buffer);
    if (found == NULL)
        h_errno = host_error;
    return found;
}
#endif
