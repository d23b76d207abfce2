/* Carries the program's _res over to another thread; called by preload/resolve/resolve.c. */
#include "preload/resolve/resolver_state.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "preload/system/real.h"

#define REFRESH_SIZE 256 /* of the answer about a number */

#ifndef RES_NOAAAA /* glibc 2.36 */
#define RES_NOAAAA 0x08000000
#endif

/* Libc reads resolv.conf again, if it has changed, at the begin of each lookup, and that of a number asks nobody. A
   state that was read before would make old servers look like some that the program had chosen. */
static void bring_up_to_date(void)
{
    char buffer[REFRESH_SIZE];
    struct hostent result, *found = NULL;
    int error = 0;
    REAL(gethostbyname_r)("127.0.0.1", &result, buffer, sizeof buffer, &found, &error);
}

static void read_servers(const struct __res_state *from, struct resolver_state *state)
{
    state->server_count = from->nscount < 0 ? 0 : from->nscount > MAXNS ? MAXNS : from->nscount;
    memcpy(state->servers, from->nsaddr_list, sizeof state->servers);
    memset(state->servers6, 0, sizeof state->servers6);
    for (int i = 0; i < state->server_count; i++)
        if (state->servers[i].sin_family == 0 && from->_u._ext.nsaddrs[i] != NULL)
            state->servers6[i] = *from->_u._ext.nsaddrs[i];
}

/* As libc reads the list: to its end, or the first domain that isn't there. */
static void read_domains(const struct __res_state *from, struct resolver_state *state)
{
    size_t used = 0;
    state->domain_count = 0;
    for (unsigned i = 0; i < MAXDNSRCH && from->dnsrch[i] != NULL; i++) {
        size_t size = strnlen(from->dnsrch[i], sizeof state->domains) + 1;
        if (size > sizeof state->domains - used)
            break;
        memcpy(state->domains + used, from->dnsrch[i], size);
        used += size;
        state->domain_count++;
    }
}

static void read_state(const struct __res_state *from, struct resolver_state *state)
{
    state->is_set = (from->options & RES_INIT) != 0;
    if (!state->is_set)
        return;
    state->options = from->options;
    state->retrans = from->retrans;
    state->retry = from->retry;
    state->ndots = from->ndots;
    read_servers(from, state);
    read_domains(from, state);
}

void resolver_state_read(struct resolver_state *state)
{
    int saved = errno, saved_host_error = h_errno;
    if ((_res.options & RES_INIT) != 0)
        bring_up_to_date();
    read_state(&_res, state);
    errno = saved;
    h_errno = saved_host_error;
}

static bool same_servers(const struct resolver_state *left, const struct resolver_state *right)
{
    bool same = left->server_count == right->server_count;
    for (int i = 0; same && i < left->server_count; i++)
        same = left->servers[i].sin_family == right->servers[i].sin_family &&
               left->servers[i].sin_port == right->servers[i].sin_port &&
               left->servers[i].sin_addr.s_addr == right->servers[i].sin_addr.s_addr &&
               memcmp(&left->servers6[i], &right->servers6[i], sizeof left->servers6[i]) == 0;
    return same;
}

static bool same_domains(const struct resolver_state *left, const struct resolver_state *right)
{
    const char *its = left->domains, *other = right->domains;
    bool same = left->domain_count == right->domain_count;
    for (unsigned i = 0; same && i < left->domain_count; i++) {
        same = strcmp(its, other) == 0;
        its += strlen(its) + 1;
        other += strlen(other) + 1;
    }
    return same;
}

/* Libc takes over by itself what stands in nsaddr_list; IPv6 servers stand behind pointers of its own. */
static void set_servers(struct __res_state *to, const struct resolver_state *state)
{
    to->nscount = 0;
    for (int i = 0; i < state->server_count; i++) {
        struct sockaddr_in6 **place = &to->_u._ext.nsaddrs[i];
        to->nsaddr_list[i] = state->servers[i];
        if (state->servers[i].sin_family == 0 && state->servers6[i].sin6_family != 0) {
            if (*place == NULL)
                *place = malloc(sizeof **place);
            if (*place == NULL)
                return;
            **place = state->servers6[i];
        }
        to->nscount = i + 1;
    }
}

/* The domains stay the caller's. */
static void set_domains(struct __res_state *to, const struct resolver_state *state)
{
    const char *domain = state->domains;
    for (unsigned i = 0; i < state->domain_count; i++) {
        to->dnsrch[i] = (char *)(uintptr_t)domain;
        domain += strlen(domain) + 1;
    }
    to->dnsrch[state->domain_count] = NULL;
}

bool resolver_state_begin(const struct resolver_state *state)
{
    struct resolver_state own;
    bool differs = false;
    int saved = errno;
    if (res_ninit(&_res) == 0) {
        read_state(&_res, &own);
        if (state->is_set) {
            _res.options = state->options;
            _res.retrans = state->retrans;
            _res.retry = state->retry;
            _res.ndots = state->ndots & 0xf;
            differs = !same_servers(&own, state);
            if (differs)
                set_servers(&_res, state);
            if (!same_domains(&own, state))
                set_domains(&_res, state);
        }
        if ((_res.options & RES_NOAAAA) != 0)
            _res.nscount = 0;
    }
    errno = saved;
    return differs;
}

void resolver_state_end(void)
{
    /* Libc frees what belongs to the state of a thread that ends, as far as these counts say. */
    if ((_res.options & RES_INIT) != 0 && _res.nscount == 0)
        _res.nscount = 1;
    for (unsigned i = _res._u._ext.nscount; i < MAXNS; i++) {
        free(_res._u._ext.nsaddrs[i]);
        _res._u._ext.nsaddrs[i] = NULL;
    }
}
