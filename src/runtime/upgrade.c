#include "runtime/upgrade.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>

#include "runtime/kernel.h"
#include "runtime/observe.h"
#include "runtime/option_twins.h"
#include "runtime/real.h"
#include "runtime/replace.h"
#include "runtime/sockets.h"

/* What an upgrade knows of the socket that goes. */
struct plan {
    int fd;
    struct socket_record *record;
    int type, protocol;
    in_port_t port; /* bound to, network byte order; 0 is none */
};

static int make_plan(int fd, struct plan *plan)
{
    plan->fd = fd;
    plan->record = sockets_find(fd);
    plan->type = kernel_socket_integer(fd, SO_TYPE);
    plan->protocol = plan->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    if (plan->record == NULL) {
        int protocol = kernel_socket_integer(fd, SO_PROTOCOL);
        if ((plan->type != SOCK_STREAM && plan->type != SOCK_DGRAM) || protocol != plan->protocol)
            return -EAFNOSUPPORT;
        sockets_add_ipv4(fd, plan->type, plan->protocol);
        plan->record = sockets_find(fd);
    } else if ((plan->type == SOCK_STREAM) != sockets_has(fd, SOCKET_STREAM)) {
        return -EAFNOSUPPORT; /* another file than the one on record */
    }
    if (plan->type == SOCK_STREAM && kernel_tcp_state(fd) != TCP_CLOSE)
        return -EISCONN;
    struct sockaddr_in local = {0};
    socklen_t length = sizeof local;
    if (REAL(getsockname)(fd, (struct sockaddr *)&local, &length) != 0)
        return -errno;
    plan->port = local.sin_port;
    /* A connected UDP socket has a local address too, but none that the program asked for. */
    if (local.sin_addr.s_addr != htonl(INADDR_ANY) &&
        (plan->type == SOCK_STREAM || sockets_has(fd, SOCKET_FAMILY_FIXED)))
        return -EADDRNOTAVAIL;
    return 0;
}

/* The port is still the old socket's: with SO_REUSEADDR on both, Linux lets the new one have it too. */
static int take_port(const struct plan *plan, int socket)
{
    struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_port = plan->port};
    int on = 1;
    int before = kernel_socket_integer(plan->fd, SO_REUSEADDR);
    REAL(setsockopt)(plan->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    REAL(setsockopt)(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int result = REAL(bind)(socket, (const struct sockaddr *)&local, sizeof local) == 0 ? 0 : -errno;
    REAL(setsockopt)(plan->fd, SOL_SOCKET, SO_REUSEADDR, &before, sizeof before);
    REAL(setsockopt)(socket, SOL_SOCKET, SO_REUSEADDR, &before, sizeof before);
    return result;
}

static int furnish(const struct plan *plan, int socket)
{
    int off = 0;
    if (REAL(setsockopt)(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return -errno;
    if (plan->record != NULL) {
        if (sockets_has(plan->fd, SOCKET_UNREPLAYABLE))
            return -ENOTSUP;
        int result = sockets_replay(plan->record, socket);
        if (result != 0)
            return result;
    }
    int result = replace_carry_file(plan->fd, socket);
    if (result == 0 && plan->port != 0)
        result = take_port(plan, socket);
    return result;
}

static int carry_out(const struct plan *plan)
{
    int socket = REAL(socket)(AF_INET6, plan->type | SOCK_CLOEXEC, plan->protocol);
    if (socket < 0)
        return -errno;
    int result = furnish(plan, socket);
    if (result == 0)
        result = replace_numbers(plan->fd, plan->record, socket);
    if (result == 0)
        sockets_set(plan->record, SOCKET_UPGRADED);
    else
        REAL(close)(socket);
    return result;
}

static int upgrade(int fd, bool keep_port)
{
    int family = kernel_socket_integer(fd, SO_DOMAIN);
    if (family == AF_INET6)
        return 0;
    if (family != AF_INET)
        return family < 0 ? family : -EAFNOSUPPORT;
    int saved = errno;
    sigset_t all, before;
    struct plan plan;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = make_plan(fd, &plan);
    if (!keep_port)
        plan.port = 0;
    if (result == 0) {
        result = carry_out(&plan);
        if (result < 0)
            observe_error(OBSERVE_WARNING, "no IPv6 on a socket, since it can't be carried over as the program set it",
                          NULL, -result);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return result;
}

int upgrade_socket(int fd)
{
    return upgrade(fd, true);
}

int upgrade_for_bind(int fd)
{
    return upgrade(fd, false);
}

void upgrade_undo_when_ipv4(int fd)
{
    int saved = errno, family = AF_INET;
    if (REAL(setsockopt)(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &family, sizeof family) == 0)
        sockets_clear(sockets_find(fd), SOCKET_UPGRADED);
    errno = saved;
}
