/* Asks the kernel whether 127.0.0.1 has a live socket with the port of a peer on ::1; called where such a peer is
   shown. */
#include "preload/peers/loopback_twin.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/address/address.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"

#define ANSWER_SIZE 1024 /* one socket's, without extensions */

struct question {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
};

/* Ends of a connection over the loopback device, as the socket that is looked for has them. */
static struct question question_of(int family, int protocol, uint16_t source_port, uint16_t destination_port)
{
    struct question question = {
        .header = {.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
        .request = {
            .sdiag_family = (uint8_t)family, .sdiag_protocol = (uint8_t)protocol, .idiag_states = UINT32_MAX}};
    struct inet_diag_sockid *id = &question.request.id;
    const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    id->idiag_sport = htons(source_port);
    id->idiag_dport = htons(destination_port);
    id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (family == AF_INET) {
        id->idiag_src[0] = id->idiag_dst[0] = htonl(INADDR_LOOPBACK);
    } else {
        memcpy(id->idiag_src, &loopback, sizeof loopback);
        memcpy(id->idiag_dst, &loopback, sizeof loopback);
    }
    return question;
}

/* What the kernel says of that one socket; false where there is none, or it doesn't tell. */
__attribute__((noinline)) static bool ask(int netlink, const struct question *question, struct inet_diag_msg *found)
{
    char answer[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
    struct nlmsghdr header;
    if (syscall(SYS_sendto, netlink, question, sizeof *question, 0, NULL, 0) != sizeof *question)
        return false;
    long size = syscall(SYS_recvfrom, netlink, answer, sizeof answer, MSG_DONTWAIT, NULL, NULL);
    if (size < (long)NLMSG_LENGTH(sizeof *found))
        return false;
    memcpy(&header, answer, sizeof header);
    memcpy(found, answer + NLMSG_HDRLEN, sizeof *found);
    return header.nlmsg_type == SOCK_DIAG_BY_FAMILY;
}

static bool read_port(int fd, uint16_t *port)
{
    struct sockaddr_storage local;
    struct ip_address address;
    socklen_t length = sizeof local;
    return REAL(getsockname)(fd, (struct sockaddr *)&local, &length) == 0 &&
           address_from_sockaddr((const struct sockaddr *)&local, length, &address, port);
}

static bool has_datagram_twin(int netlink, uint16_t port, uint16_t peer_port)
{
    /* From us to the peer: the one that is looked for is at the other end. */
    struct question over_ipv4 = question_of(AF_INET, IPPROTO_UDP, port, peer_port);
    struct question over_ipv6 = question_of(AF_INET6, IPPROTO_UDP, port, peer_port);
    struct inet_diag_msg ipv4, ipv6;
    return ask(netlink, &over_ipv4, &ipv4) &&
           !(ask(netlink, &over_ipv6, &ipv6) &&
             memcmp(ipv4.id.idiag_cookie, ipv6.id.idiag_cookie, sizeof ipv4.id.idiag_cookie) == 0);
}

static bool has_connection_twin(int netlink, uint16_t port, uint16_t peer_port)
{
    struct question question = question_of(AF_INET, IPPROTO_TCP, port, peer_port);
    struct inet_diag_msg found;
    return ask(netlink, &question, &found) && found.idiag_state != TCP_LISTEN && found.idiag_state != TCP_TIME_WAIT;
}

static bool has_twin(int fd, uint16_t peer_port, bool (*look)(int netlink, uint16_t port, uint16_t peer_port))
{
    int saved = errno;
    uint16_t port;
    bool found = false;
    if (read_port(fd, &port)) {
        long netlink = syscall(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        found = netlink >= 0 && look((int)netlink, port, peer_port);
        if (netlink >= 0)
            syscall(SYS_close, netlink);
    }
    errno = saved;
    return found;
}

bool loopback_twin_hears(int fd, uint16_t peer_port)
{
    return has_twin(fd, peer_port, has_datagram_twin);
}

view *loopback_twin_view(int fd, const struct sockaddr_storage *peer)
{
    const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)peer;
    return peer->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&ipv6->sin6_addr) &&
                   kernel_socket_integer(fd, SO_TYPE) == SOCK_STREAM &&
                   has_twin(fd, ntohs(ipv6->sin6_port), has_connection_twin)
               ? view_of_twin
               : view_of;
}
