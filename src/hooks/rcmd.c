/*
 * The r-commands of libc, which makes their sockets by itself and out of our sight: through the variants that take a
 * family. What the program gets is an IPv4 socket for all that it knows.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include "runtime/aliases.h"
#include "runtime/aware.h"
#include "runtime/guard.h"
#include "runtime/hook.h"
#include "runtime/kernel.h"
#include "runtime/real.h"
#include "runtime/settings.h"
#include "runtime/sockets.h"
#include "runtime/upgrade.h"

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
    if (!GUARD_ENTER(guard) || wanted_family() == AF_INET)
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
    if (!GUARD_ENTER(guard) || wanted_family() == AF_INET)
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
    if (fd < 0 || !GUARD_ENTER(guard))
        return fd;
    sockets_add_ipv4(fd, SOCK_STREAM, 0);
    sockets_set(sockets_find(fd), SOCKET_BOUND);
    if (settings_current()->families != FAMILIES_INET && settings_current()->listen == LISTEN_MAPPED && !aware_is())
        upgrade_socket(fd);
    errno = guard.error;
    return fd;
}

EXPORT int ruserok(const char *host, int superuser, const char *remote_user, const char *local_user)
{
    GUARD(guard);
    struct in_addr address;
    char text[ADDRESS_TEXT_SIZE];
    if (!GUARD_ENTER(guard) || host == NULL || wanted_family() == AF_INET ||
        (REAL(inet_aton)(host, &address) != 0 && aliases_is_mapped(address)))
        return REAL(ruserok)(host, superuser, remote_user, local_user);
    const char *literal = text_behind(host, text);
    return ruserok_af(literal != NULL ? literal : host, superuser, remote_user, local_user, wanted_family());
}

/* An address in a range of alias-map is asked about as that: the administrator wants rules to name it. */
EXPORT int iruserok(uint32_t address, int superuser, const char *remote_user, const char *local_user)
{
    GUARD(guard);
    struct in_addr alias = {.s_addr = address};
    struct ip_address ipv6;
    if (!GUARD_ENTER(guard) || !aliases_contains(alias) || aliases_is_mapped(alias) ||
        !aliases_find_address(alias, &ipv6))
        return REAL(iruserok)(address, superuser, remote_user, local_user);
    return iruserok_af(&ipv6.ipv6, superuser, remote_user, local_user, AF_INET6);
}
