/* Throws forged datagrams away where there is no filter; called by hooks that receive or wait. */
#include "preload/upgrade/spoof_check.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "core/address/address.h"
#include "preload/base/clock.h"
#include "preload/base/control_list.h"
#include "preload/base/pointer.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/upgrade/adoption.h"
#include "preload/upgrade/shape.h"

#define FORGED_MOST 256 /* that are thrown away in one call which may not wait */

atomic_bool spoof_check_any;

static bool wants_packet_information(int fd)
{
    int wanted = 0;
    socklen_t length = sizeof wanted;
    return REAL(getsockopt)(fd, IPPROTO_IP, IP_PKTINFO, &wanted, &length) == 0 && wanted != 0;
}

static bool ask_for_proof(int fd)
{
    int on = 1;
    return REAL(setsockopt)(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0 ||
           REAL(setsockopt)(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
}

/* A descriptor without a record. Nothing is remembered of a socket that is no datagram socket of IPv6. */
static bool look_at(int fd, socklen_t room, const void *caller)
{
    int saved = errno, family = kernel_socket_integer(fd, SO_DOMAIN);
    bool needed = false;
    if (family != AF_INET6) {
        sockets_add_other(fd);
    } else if (shape_is_ipv4(fd, room, caller) && kernel_socket_integer(fd, SO_TYPE) == SOCK_DGRAM) {
        bool visible = wants_packet_information(fd);
        needed = ask_for_proof(fd);
        if (needed) {
            sockets_add_inherited(fd, visible);
            atomic_store_explicit(&spoof_check_any, true, memory_order_relaxed);
        }
    }
    errno = saved;
    return needed;
}

bool spoof_check_is_needed(int fd, socklen_t room, const void *caller)
{
    if (sockets_find(fd) != NULL || adoption_try(fd))
        return sockets_has(fd, SOCKET_PROVEN);
    if (sockets_is_inherited(fd))
        return true;
    return !sockets_is_other(fd) && !sockets_is_native(fd) && look_at(fd, room, caller);
}

bool spoof_check_begin(int fd, struct socket_record *record)
{
    if (record == NULL || (atomic_load(&record->flags) & SOCKET_PROVEN) != 0)
        return true;
    int saved = errno;
    bool visible = wants_packet_information(fd), given = ask_for_proof(fd);
    if (given) {
        sockets_set(record, visible ? SOCKET_PROVEN | SOCKET_WANTS_PKTINFO : SOCKET_PROVEN);
        atomic_store_explicit(&spoof_check_any, true, memory_order_relaxed);
    }
    errno = saved;
    return given;
}

bool spoof_check_takes_option(int fd, const void *value, socklen_t length)
{
    int wanted = 0;
    if (length == 0 || (int)length < 0 || !pointer_can_read(value, length) ||
        !(sockets_is_inherited(fd) || sockets_has(fd, SOCKET_PROVEN)))
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

bool spoof_check_is_visible(int fd)
{
    if (sockets_find(fd) != NULL)
        return !sockets_has(fd, SOCKET_PROVEN) || sockets_has(fd, SOCKET_WANTS_PKTINFO);
    return !sockets_is_inherited(fd) || sockets_inherited_asks(fd);
}

static bool is_forged(const struct msghdr *native)
{
    struct ip_address source;
    return native->msg_name != NULL && address_from_sockaddr(native->msg_name, native->msg_namelen, &source, NULL) &&
           address_is_mapped(&source) && !control_list_has(native, IPPROTO_IP, IP_PKTINFO);
}

/* The next of the queue. Where several threads receive it may be another one by now: UDP loses some. */
static void throw_away(int fd)
{
    struct msghdr nothing = {0};
    REAL(recvmsg)(fd, &nothing, MSG_DONTWAIT);
}

/* How long a call goes on that has met a forged datagram: as long as it would have slept without it (SO_RCVTIMEO). */
struct patience {
    bool waits, has_end;
    int64_t end_us;
};

static struct patience find_patience(int fd, int flags, int64_t start_us)
{
    struct timeval limit = {0};
    socklen_t length = sizeof limit;
    struct patience patience = {.waits = (flags & MSG_DONTWAIT) == 0 && !kernel_is_nonblocking(fd)};
    if (patience.waits && REAL(getsockopt)(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &length) == 0)
        patience.end_us = limit.tv_sec * (int64_t)CLOCK_US_PER_S + limit.tv_usec;
    patience.has_end = patience.end_us != 0;
    patience.end_us += start_us;
    return patience;
}

/* Sleeps until something has come. False: errno says why not. */
static bool sleep_on(int fd, const struct patience *patience)
{
    int64_t left_us = patience->end_us - clock_now_us();
    if (left_us < 0)
        left_us = 0;
    struct timespec left = {.tv_sec = left_us / CLOCK_US_PER_S,
                            .tv_nsec = left_us % CLOCK_US_PER_S * CLOCK_NS_PER_US};
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    int ready = REAL(ppoll)(&polled, 1, &left, NULL);
    if (ready == 0)
        errno = EAGAIN;
    return ready > 0;
}

ssize_t spoof_check_receive_message(int fd, struct msghdr *native, int flags)
{
    const struct msghdr asked = *native;
    int saved = errno;
    int64_t start_us = (flags & MSG_DONTWAIT) == 0 ? clock_now_us() : 0;
    ssize_t received = REAL(recvmsg)(fd, native, flags);
    if (received < 0 || (flags & MSG_ERRQUEUE) != 0 || !is_forged(native))
        return received;
    struct patience patience = find_patience(fd, flags, start_us);
    int next_flags = patience.has_end ? flags | MSG_DONTWAIT : flags;
    for (unsigned passed = 1; patience.waits || passed < FORGED_MOST; passed++) {
        if ((flags & MSG_PEEK) != 0)
            throw_away(fd);
        if (patience.has_end && !sleep_on(fd, &patience))
            return -1;
        *native = asked;
        received = REAL(recvmsg)(fd, native, next_flags);
        bool slept_for_nothing = received < 0 && errno == EAGAIN && patience.has_end;
        if (!slept_for_nothing && (received < 0 || !is_forged(native))) {
            if (received >= 0)
                errno = saved;
            return received;
        }
    }
    errno = EAGAIN;
    return -1;
}

ssize_t spoof_check_receive(int fd, void *data, size_t size, int flags, struct sockaddr_storage *source,
                            socklen_t *source_length)
{
    char control[SPOOF_CHECK_CONTROL_SIZE] __attribute__((aligned(__alignof__(struct cmsghdr))));
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr native = {.msg_name = source,
                            .msg_namelen = *source_length,
                            .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    ssize_t received = spoof_check_receive_message(fd, &native, flags);
    if (received >= 0)
        *source_length = native.msg_namelen;
    return received;
}

bool spoof_check_leaves_something(int fd)
{
    char control[SPOOF_CHECK_CONTROL_SIZE] __attribute__((aligned(__alignof__(struct cmsghdr))));
    struct sockaddr_storage source;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    int saved = errno;
    bool something = true, forged = true;
    for (unsigned passed = 0; forged && passed < FORGED_MOST; passed++) {
        struct msghdr native = {.msg_name = &source,
                                .msg_namelen = sizeof source,
                                .msg_control = control,
                                .msg_controllen = sizeof control};
        /* An error that waits is the program's to take. */
        int ready = REAL(poll)(&polled, 1, 0);
        something = ready != 0;
        if (ready <= 0 || polled.revents != POLLIN || REAL(recvmsg)(fd, &native, MSG_PEEK | MSG_DONTWAIT) < 0)
            break;
        forged = is_forged(&native);
        if (forged)
            throw_away(fd);
        something = !forged;
    }
    errno = saved;
    return something;
}
