/*
 * The r-commands of libc, which makes their sockets by itself and out of our sight: through the variants that take a
 * family. What the program gets is an IPv4 socket for all that it knows.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include "preload/alias/aliases.h"
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/resolve/aware.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/upgrade/upgrade.h"

static sa_family_t wanted_family(void)
{
    switch (settings_current()->families) {
    case FAMILIES_INET:
        return AF_INET;
    case FAMILIES_INET6:
        return AF_INET6;
    case FAMILIES_BOTH:
    default:
        return AF_UNSPEC;
    }
}

/* The IPv6 address, as text, of a host that the program names by an alias; NULL for any other name. */
static char *text_behind(const char *host, char text[ADDRESS_TEXT_SIZE])
{
    struct in_addr alias;
    struct ip_address ipv6;
    if (host == NULL || REAL(inet_aton)(host, &alias) == 0 || !aliases_contains(alias) ||
        !aliases_find_address(alias, &ipv6))
        return NULL;
    return address_print(&ipv6, text);
}

/* A connection that libc has made. */
static void note_connection(int fd)
{
    if (kernel_socket_integer(fd, SO_DOMAIN) == AF_INET6)
        sockets_add_upgraded(fd);
    else
        sockets_add_other(fd);
}

static int note_connections(int fd, const int *error_fd)
{
    int saved = errno;
    if (fd >= 0) {
        note_connection(fd);
        if (error_fd != NULL && *error_fd >= 0)
            note_connection(*error_fd);
    }
    errno = saved;
    return fd;
}

EXPORT int rcmd(char **restrict host, unsigned short port, const char *restrict local_user,
                const char *restrict remote_user, const char *restrict command, int *restrict error_fd)
{
    GUARD(guard);
    char text[ADDRESS_TEXT_SIZE];
    if (!GUARD_ENTER_QUICK(guard) || wanted_family() == AF_INET)
        return REAL(rcmd)(host, port, local_user, remote_user, command, error_fd);
    char *literal = host != NULL ? text_behind(*host, text) : NULL;
    int fd =
        rcmd_af(literal != NULL ? &literal : host, port, local_user, remote_user, command, error_fd, wanted_family());
    return note_connections(fd, error_fd);
}

EXPORT int rexec(char **restrict host, int port, const char *restrict name, const char *restrict password,
                 const char *restrict command, int *restrict error_fd)
{
    GUARD(guard);
    char text[ADDRESS_TEXT_SIZE];
    if (!GUARD_ENTER_QUICK(guard) || wanted_family() == AF_INET)
        return REAL(rexec)(host, port, name, password, command, error_fd);
    char *literal = host != NULL ? text_behind(*host, text) : NULL;
    int fd = rexec_af(literal != NULL ? &literal : host, port, name, password, command, error_fd, wanted_family());
    return note_connections(fd, error_fd);
}

/* Bound to 0.0.0.0, so for both families as any such socket: now, while the program may still take a reserved port.
 */
EXPORT int rresvport(int *port)
{
    GUARD(guard);
    int fd = REAL(rresvport)(port);
    if (fd < 0 || !GUARD_ENTER_QUICK(guard))
        return fd;
    sockets_add_ipv4(fd, SOCK_STREAM, 0);
    sockets_set(sockets_find(fd), SOCKET_BOUND);
    if (settings_current()->families != FAMILIES_INET && settings_current()->listen == LISTEN_MAPPED && !aware_is())
        upgrade_socket(fd);
    errno = guard.error;
    return fd;
}

/* Who asks, and as whom: what ruserok() and iruserok() are told beside the host. */
struct login {
    int superuser;
    const char *remote_user, *local_user;
};

static int ask_address(const struct in6_addr *address, const struct login *login)
{
    return iruserok_af(address, login->superuser, login->remote_user, login->local_user, AF_INET6);
}

static int ask_range(struct in_addr alias, const struct login *login)
{
    return REAL(iruserok)(alias.s_addr, login->superuser, login->remote_user, login->local_user);
}

/*
 * A peer in a network of alias-map has two names in the rules: the IPv4 address that the administrator chose, and
 * what resolves to its IPv6 address. Where the one lets it in and the other doesn't, a line that denies it must not
 * be lost: if the rules let in just anybody, it was denied; if not, it was let in by its name.
 */
static int commit(int by_range, int by_address, const struct login *login)
{
    const struct in6_addr anybody = {.s6_addr = {1}}; /* 100::, which nobody has (RFC 6666) */
    if (by_range == by_address)
        return by_range;
    return ask_address(&anybody, login) == 0 ? -1 : 0;
}

static int ask_mapped(struct in_addr alias, const struct ip_address *address, const struct login *login)
{
    return commit(ask_range(alias, login), ask_address(&address->ipv6, login), login);
}

/* Whether a name has addresses in networks of alias-map, and the answer for those. */
static bool ask_ranges_of(const char *host, const struct login *login, int *answer)
{
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM}, *list;
    bool found = false;
    if (REAL(getaddrinfo)(host, NULL, &hints, &list) != 0)
        return false;
    *answer = -1;
    for (const struct addrinfo *entry = list; entry != NULL; entry = entry->ai_next) {
        struct ip_address address;
        if (!address_from_sockaddr(entry->ai_addr, entry->ai_addrlen, &address, NULL) || !aliases_maps(&address))
            continue;
        found = true;
        if (ask_range(aliases_of(&address, ALIAS_NAME), login) == 0)
            *answer = 0;
    }
    freeaddrinfo(list);
    return found;
}

EXPORT int ruserok(const char *host, int superuser, const char *remote_user, const char *local_user)
{
    GUARD(guard);
    const struct login login = {superuser, remote_user, local_user};
    struct in_addr alias;
    struct ip_address address;
    char text[ADDRESS_TEXT_SIZE];
    int by_range;
    if (!GUARD_ENTER_QUICK(guard) || host == NULL || wanted_family() == AF_INET)
        return REAL(ruserok)(host, superuser, remote_user, local_user);
    if (REAL(inet_aton)(host, &alias) != 0 && aliases_is_mapped(alias) && aliases_find_address(alias, &address))
        return ask_mapped(alias, &address, &login);
    const char *literal = text_behind(host, text);
    int answer = ruserok_af(literal != NULL ? literal : host, superuser, remote_user, local_user, wanted_family());
    return aliases_have_map && literal == NULL && ask_ranges_of(host, &login, &by_range)
               ? commit(by_range, answer, &login)
               : answer;
}

EXPORT int iruserok(uint32_t address, int superuser, const char *remote_user, const char *local_user)
{
    GUARD(guard);
    const struct login login = {superuser, remote_user, local_user};
    struct in_addr alias = {.s_addr = address};
    struct ip_address ipv6;
    if (!GUARD_ENTER_QUICK(guard) || !aliases_contains(alias) || !aliases_find_address(alias, &ipv6))
        return REAL(iruserok)(address, superuser, remote_user, local_user);
    return aliases_is_mapped(alias) ? ask_mapped(alias, &ipv6, &login) : ask_address(&ipv6.ipv6, &login);
}
