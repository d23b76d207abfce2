/* Takes over sockets of ours that come from another program; called by shape.c and spoof_check.c. */
#include "preload/upgrade/adoption.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "preload/relay/relay.h"
#include "preload/relay/relay_address.h"
#include "preload/socket/our_mark.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/upgrade/bind.h"
#include "preload/upgrade/forgery.h"
#include "preload/upgrade/spoof_check.h"

/* What the new owner would set again on another socket, if this one had to be given back. */
static const int carried[] = {SO_REUSEADDR, SO_REUSEPORT, SO_BROADCAST, SO_KEEPALIVE};

static void note_backlog(int fd)
{
    struct tcp_info information = {0};
    socklen_t length = sizeof information;
    if (REAL(getsockopt)(fd, IPPROTO_TCP, TCP_INFO, &information, &length) == 0 &&
        information.tcpi_state == TCP_LISTEN)
        bind_note_listening(fd, (int)information.tcpi_sacked); /* that of listen() */
}

/* IP_PKTINFO is set for the spoof check; what the program wanted shows in its twin (spoof_check.h). */
static void begin_proof(int fd, struct socket_record *record)
{
    int wanted = 0, asked = 0;
    socklen_t length = sizeof wanted;
    sockets_clear(record, SOCKET_FRESH);
    if (forgery_adopt(fd, record) && REAL(getsockopt)(fd, IPPROTO_IP, IP_PKTINFO, &asked, &length) == 0 && asked == 0)
        return; /* our filter was there before anything came */
    length = sizeof wanted;
    spoof_check_begin(fd, record);
    if (REAL(getsockopt)(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &wanted, &length) == 0 && wanted == 0)
        sockets_clear(record, SOCKET_WANTS_PKTINFO);
}

static void adopt(int fd, const struct sockaddr_in6 *bound)
{
    sockets_add_ipv4(fd, kernel_socket_integer(fd, SO_TYPE), kernel_socket_integer(fd, SO_PROTOCOL));
    struct socket_record *record = sockets_find(fd);
    if (record == NULL)
        return;
    sockets_set(record, SOCKET_UPGRADED | SOCKET_BOUND | SOCKET_FOREIGN);
    if (bound->sin6_port != 0 && IN6_IS_ADDR_UNSPECIFIED(&bound->sin6_addr))
        bind_note_wildcard(record);
    else if (bound->sin6_port != 0)
        sockets_set(record, SOCKET_FAMILY_FIXED);
    if (relay_wants(ntohs(bound->sin6_port)))
        sockets_set(record, SOCKET_RELAYS);
    for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++) {
        int value = kernel_socket_integer(fd, carried[i]);
        if (value > 0)
            sockets_record_option(fd, SOL_SOCKET, carried[i], &value, sizeof value);
    }
    if (sockets_has(fd, SOCKET_STREAM))
        note_backlog(fd);
    else
        begin_proof(fd, record);
}

/* The program's end of a relay, which somebody else has put between it and the peer. */
static void adopt_relayed(int fd)
{
    sockets_add_ipv4(fd, SOCK_STREAM, IPPROTO_TCP);
    sockets_set(sockets_find(fd), SOCKET_UPGRADED | SOCKET_RELAYED | SOCKET_BOUND | SOCKET_FOREIGN);
}

bool adoption_try(int fd)
{
    struct sockaddr_in6 bound = {0};
    socklen_t length = sizeof bound;
    if (sockets_item(fd) != 0 || !our_mark_is_on(fd))
        return false;
    int saved = errno;
    if (REAL(getsockname)(fd, (struct sockaddr *)&bound, &length) == 0 && bound.sin6_family == AF_INET6)
        adopt(fd, &bound);
    else if (relay_address_is(fd))
        adopt_relayed(fd);
    errno = saved;
    return sockets_has(fd, SOCKET_UPGRADED);
}
