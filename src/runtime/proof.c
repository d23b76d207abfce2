#include "runtime/proof.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "core/address.h"
#include "runtime/kernel.h"
#include "runtime/pointer.h"
#include "runtime/real.h"
#include "runtime/sockets.h"
#include "runtime/view.h"

static bool wants_packet_information(int fd)
{
    int wanted = 0;
    socklen_t length = sizeof wanted;
    return REAL(getsockopt)(fd, IPPROTO_IP, IP_PKTINFO, &wanted, &length) == 0 && wanted != 0;
}

static bool ask_for_proof(int fd)
{
    int on = 1;
    return REAL(setsockopt)(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
}

/* A descriptor without a record. Nothing is remembered of a socket that is no datagram socket of IPv6. */
static bool look_at(int fd, socklen_t room, const void *caller)
{
    int saved = errno, family = kernel_socket_integer(fd, SO_DOMAIN);
    bool needed = false;
    if (family != AF_INET6) {
        sockets_add_other(fd);
    } else if (view_is_ipv4(fd, room, caller) && kernel_socket_integer(fd, SO_TYPE) == SOCK_DGRAM) {
        bool visible = wants_packet_information(fd);
        needed = ask_for_proof(fd);
        if (needed)
            sockets_add_inherited(fd, visible);
    }
    errno = saved;
    return needed;
}

bool proof_is_needed(int fd, socklen_t room, const void *caller)
{
    if (sockets_find(fd) != NULL)
        return sockets_has(fd, SOCKET_PROVEN);
    if (sockets_is_inherited(fd))
        return true;
    return !sockets_is_other(fd) && !sockets_is_native(fd) && look_at(fd, room, caller);
}

void proof_begin(int fd)
{
    int saved = errno;
    struct socket_record *record = sockets_find(fd);
    if (wants_packet_information(fd))
        sockets_set(record, SOCKET_WANTS_PKTINFO);
    ask_for_proof(fd);
    sockets_set(record, SOCKET_PROVEN);
    errno = saved;
}

bool proof_takes_option(int fd, const void *value, socklen_t length)
{
    int wanted = 0;
    if (pointer_is_bad(value) || length == 0 || !(sockets_is_inherited(fd) || sockets_has(fd, SOCKET_PROVEN)))
        return false;
    memcpy(&wanted, value, length < sizeof wanted ? 1 : sizeof wanted);
    if (sockets_is_inherited(fd))
        sockets_add_inherited(fd, wanted != 0);
    else if (wanted != 0)
        sockets_set(sockets_find(fd), SOCKET_WANTS_PKTINFO);
    else
        sockets_clear(sockets_find(fd), SOCKET_WANTS_PKTINFO);
    int saved = errno;
    REAL(setsockopt)(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &wanted, sizeof wanted);
    errno = saved;
    return true;
}

bool proof_is_visible(int fd)
{
    if (sockets_find(fd) != NULL)
        return !sockets_has(fd, SOCKET_PROVEN) || sockets_has(fd, SOCKET_WANTS_PKTINFO);
    return !sockets_is_inherited(fd) || sockets_inherited_asks(fd);
}

static bool has_proof(const struct msghdr *native)
{
    struct msghdr copy = *native;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&copy); at != NULL; at = CMSG_NXTHDR(&copy, at))
        if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO)
            return true;
    return false;
}

bool proof_fails(int fd, const struct msghdr *native, int flags)
{
    struct ip_address source;
    if ((flags & MSG_ERRQUEUE) != 0 || native->msg_name == NULL ||
        !address_from_sockaddr(native->msg_name, native->msg_namelen, &source, NULL) || !address_is_mapped(&source) ||
        has_proof(native))
        return false;
    if ((flags & MSG_PEEK) != 0) {
        int saved = errno;
        struct msghdr nothing = {0};
        REAL(recvmsg)(fd, &nothing, MSG_DONTWAIT);
        errno = saved;
    }
    return true;
}

ssize_t proof_receive(int fd, void *data, size_t size, int flags, struct sockaddr_storage *source,
                      socklen_t *source_length)
{
    char control[PROOF_CONTROL_SIZE] __attribute__((aligned(__alignof__(struct cmsghdr))));
    struct iovec part = {.iov_base = data, .iov_len = size};
    for (;;) {
        struct msghdr native = {.msg_name = source,
                                .msg_namelen = *source_length,
                                .msg_iov = &part,
                                .msg_iovlen = 1,
                                .msg_control = control,
                                .msg_controllen = sizeof control};
        ssize_t received = REAL(recvmsg)(fd, &native, flags);
        if (received >= 0 && proof_fails(fd, &native, flags))
            continue;
        if (received >= 0)
            *source_length = native.msg_namelen;
        return received;
    }
}
