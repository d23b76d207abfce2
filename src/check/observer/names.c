/* Names and services that are looked up, and the r-commands, which look names up themselves. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check/observer/next.h"
#include "check/observer/objects.h"
#include "check/observer/origins.h"
#include "check/observer/report.h"

#define DOTTED_QUAD_ROOM 16
#define ADDRESSES_MAX    64 /* of one name: more are left out */

/* --- what lookups give --- */

/* The origin of what a lookup of this name gives: of a number nobody is asked. */
static struct origin origin_of_lookup(const char *call, const char *name, bool either_family)
{
    struct in6_addr number;
    bool numeric = name != NULL &&
                   (NEXT(inet_pton)(AF_INET, name, &number) == 1 || NEXT(inet_pton)(AF_INET6, name, &number) == 1);
    struct origin origin = origin_make(numeric ? ORIGIN_TEXT : ORIGIN_RESOLVER, call, name);
    origin.either_family = either_family;
    origin.literal = numeric && object_holds_constant(name);
    return origin;
}

/* What gethostbyname() gave stands where the next call of any thread will write, perhaps now: a program that doesn't
   look at it must not fall over our looking. Read by the kernel, what is not there is an error and no fault. */
static bool peek(void *to, const void *from, size_t size)
{
    struct iovec here = {.iov_base = to, .iov_len = size};
    struct iovec there = {.iov_base = (void *)(uintptr_t)from, .iov_len = size};
    ssize_t count = process_vm_readv((pid_t)syscall(SYS_getpid), &here, 1, &there, 1, 0);
    if (count < 0 && (errno == ENOSYS || errno == EPERM)) /* a sandbox */
        memcpy(to, from, size);
    else if (count != (ssize_t)size)
        return false;
    return true;
}

static void note_host(const struct hostent *host, struct origin *origin)
{
    struct hostent found;
    char *list[ADDRESSES_MAX] = {0};
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (!peek(&found, host, sizeof found))
        return;
    while (origin->count < ADDRESSES_MAX &&
           peek(&list[origin->count], found.h_addr_list + origin->count, sizeof *list) && list[origin->count] != NULL)
        origin->count++;
    for (; origin->index < origin->count; origin->index++) {
        bool is_ipv6 = found.h_addrtype == AF_INET6;
        if (!peek(is_ipv6 ? (void *)&ipv6 : (void *)&ipv4, list[origin->index], is_ipv6 ? sizeof ipv6 : sizeof ipv4))
            return;
        struct ip_address address = is_ipv6 ? address_ipv6(&ipv6, 0) : address_ipv4(ipv4);
        origins_note(&address, origin);
    }
}

static void tell_host(const char *call, const char *name, int family, const struct hostent *host, const void *caller)
{
    if (!tell_wanted())
        return;
    struct observation observation = observation_of(call);
    observation.name = name;
    observation.family = family;
    tell(&observation, caller);
    int saved = errno;
    struct origin origin = origin_of_lookup(call, name, false);
    if (host != NULL && name != NULL)
        note_host(host, &origin);
    errno = saved;
}

EXPORT struct hostent *gethostbyname(const char *name)
{
    struct hostent *host = NEXT(gethostbyname)(name);
    tell_host("gethostbyname", name, AF_INET, host, CALLER);
    return host;
}

EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    struct hostent *host = NEXT(gethostbyname2)(name, family);
    tell_host("gethostbyname2", name, family, host, CALLER);
    return host;
}

EXPORT int gethostbyname_r(const char *restrict name, struct hostent *restrict result, char *restrict buffer,
                           size_t size, struct hostent **restrict found, int *restrict error)
{
    int outcome = NEXT(gethostbyname_r)(name, result, buffer, size, found, error);
    tell_host("gethostbyname_r", name, AF_INET, outcome == 0 ? *found : NULL, CALLER);
    return outcome;
}

EXPORT int gethostbyname2_r(const char *restrict name, int family, struct hostent *restrict result,
                            char *restrict buffer, size_t size, struct hostent **restrict found, int *restrict error)
{
    int outcome = NEXT(gethostbyname2_r)(name, family, result, buffer, size, found, error);
    tell_host("gethostbyname2_r", name, family, outcome == 0 ? *found : NULL, CALLER);
    return outcome;
}

EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t length, int family)
{
    struct hostent *host = NEXT(gethostbyaddr)(address, length, family);
    tell_host("gethostbyaddr", NULL, family, NULL, CALLER);
    return host;
}

EXPORT int gethostbyaddr_r(const void *restrict address, socklen_t length, int family,
                           struct hostent *restrict result, char *restrict buffer, size_t size,
                           struct hostent **restrict found, int *restrict error)
{
    int outcome = NEXT(gethostbyaddr_r)(address, length, family, result, buffer, size, found, error);
    tell_host("gethostbyaddr_r", NULL, family, NULL, CALLER);
    return outcome;
}

static void note_list(const struct addrinfo *list, struct origin *origin)
{
    for (int turn = 0; turn < 2; turn++) { /* count, then note */
        struct ip_address address, before = {0};
        for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
            /* An address comes once for each kind of socket. */
            if (!address_from_sockaddr(at->ai_addr, at->ai_addrlen, &address, NULL) ||
                address_equal(&address, &before))
                continue;
            before = address;
            if (turn == 0) {
                origin->count++;
                continue;
            }
            origins_note(&address, origin);
            origin->index++;
        }
    }
}

EXPORT int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                       struct addrinfo **restrict result)
{
    int outcome = NEXT(getaddrinfo)(node, service, hints, result);
    if (!tell_wanted())
        return outcome;
    struct observation observation = observation_of("getaddrinfo");
    observation.name = node;
    observation.family = hints != NULL ? hints->ai_family : AF_UNSPEC;
    struct origin origin = origin_of_lookup("getaddrinfo", node, observation.family != AF_INET);
    observation.literal = origin.literal;
    tell(&observation, CALLER);
    if (outcome == 0)
        note_list(*result, &origin);
    return outcome;
}

EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t length, char *restrict host,
                       socklen_t host_size, char *restrict service, socklen_t service_size, int flags)
{
    if (tell_wanted()) {
        struct observation observation = observation_of("getnameinfo");
        if (host != NULL && host_size > 0 && host_size <= DOTTED_QUAD_ROOM)
            observation.room = (int)host_size;
        tell(&observation, CALLER);
    }
    return NEXT(getnameinfo)(address, length, host, host_size, service, service_size, flags);
}

/* --- services, and questions to the DNS --- */

static void tell_name(const char *call, const char *name, const void *caller)
{
    if (!tell_wanted())
        return;
    struct observation observation = observation_of(call);
    observation.name = name;
    tell(&observation, caller);
}

EXPORT struct servent *getservbyname(const char *name, const char *protocol)
{
    tell_name("getservbyname", name, CALLER);
    return NEXT(getservbyname)(name, protocol);
}

EXPORT struct servent *getservbyport(int port, const char *protocol)
{
    tell_name("getservbyport", NULL, CALLER);
    return NEXT(getservbyport)(port, protocol);
}

EXPORT int getservbyname_r(const char *restrict name, const char *restrict protocol, struct servent *restrict result,
                           char *restrict buffer, size_t size, struct servent **restrict found)
{
    tell_name("getservbyname_r", name, CALLER);
    return NEXT(getservbyname_r)(name, protocol, result, buffer, size, found);
}

EXPORT int getservbyport_r(int port, const char *restrict protocol, struct servent *restrict result,
                           char *restrict buffer, size_t size, struct servent **restrict found)
{
    tell_name("getservbyport_r", NULL, CALLER);
    return NEXT(getservbyport_r)(port, protocol, result, buffer, size, found);
}

EXPORT int res_query(const char *name, int class, int type, unsigned char *answer, int size)
{
    if (type == ns_t_a)
        tell_name("res_query", name, CALLER);
    return NEXT(res_query)(name, class, type, answer, size);
}

EXPORT int res_search(const char *name, int class, int type, unsigned char *answer, int size)
{
    if (type == ns_t_a)
        tell_name("res_search", name, CALLER);
    return NEXT(res_search)(name, class, type, answer, size);
}

/* --- the r-commands --- */

EXPORT int rcmd(char **restrict host, unsigned short port, const char *restrict local_user,
                const char *restrict remote_user, const char *restrict command, int *restrict error_fd)
{
    tell_name("rcmd", host != NULL ? *host : NULL, CALLER);
    return NEXT(rcmd)(host, port, local_user, remote_user, command, error_fd);
}

EXPORT int rexec(char **restrict host, int port, const char *restrict name, const char *restrict password,
                 const char *restrict command, int *restrict error_fd)
{
    tell_name("rexec", host != NULL ? *host : NULL, CALLER);
    return NEXT(rexec)(host, port, name, password, command, error_fd);
}

EXPORT int rresvport(int *port)
{
    tell_name("rresvport", NULL, CALLER);
    return NEXT(rresvport)(port);
}

EXPORT int ruserok(const char *host, int superuser, const char *remote_user, const char *local_user)
{
    tell_name("ruserok", host, CALLER);
    return NEXT(ruserok)(host, superuser, remote_user, local_user);
}

EXPORT int iruserok(uint32_t address, int superuser, const char *remote_user, const char *local_user)
{
    tell_name("iruserok", NULL, CALLER);
    return NEXT(iruserok)(address, superuser, remote_user, local_user);
}
