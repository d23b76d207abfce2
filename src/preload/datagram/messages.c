/* Sends and receives messages with addresses in the program's view; called by the hooks of sendto(), recvfrom()
   and their kin. */
#include "preload/datagram/messages.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

#include "core/address/transport.h"
#include "preload/alias/aliases.h"
#include "preload/base/control_list.h"
#include "preload/connect/destinations.h"
#include "preload/datagram/control.h"
#include "preload/datagram/fast_open.h"
#include "preload/log/log.h"
#include "preload/nat64/discovery.h"
#include "preload/peers/latest_peer.h"
#include "preload/peers/outbound.h"
#include "preload/peers/view.h"
#include "preload/relay/relay_address.h"
#include "preload/resolve/redirect.h"
#include "preload/resolve/resolve.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/system/sources.h"
#include "preload/thread/signal_handler.h"
#include "preload/upgrade/requeue.h"
#include "preload/upgrade/server_log.h"
#include "preload/upgrade/shape.h"
#include "preload/upgrade/spoof_check.h"
#include "preload/upgrade/upgrade.h"

bool messages_concern(int fd, const void *address, socklen_t length)
{
    struct sockaddr_in destination;
    return messages_read_destination(address, length, &destination) &&
           (aliases_contains(destination.sin_addr) || redirect_concerns(destination.sin_addr) ||
            sockets_has(fd, SOCKET_UPGRADED) || sockets_is_inherited(fd) ||
            ((resolve_has_shown_alias() || return_path_may_concern()) && sockets_find(fd) != NULL));
}

/* sendto() where it does: it is the quicker call. */
static ssize_t send_native(int fd, const struct msghdr *native, int flags)
{
    if (native->msg_iovlen != 1 || native->msg_controllen != 0 ||
        !pointer_can_read(native->msg_iov, sizeof *native->msg_iov))
        return REAL(sendmsg)(fd, native, flags);
    return REAL(sendto)(fd, native->msg_iov->iov_base, native->msg_iov->iov_len, flags, native->msg_name,
                        native->msg_namelen);
}

/*
 * A socket that is connected over IPv4 has an IPv4 address, from which the kernel sends nothing over IPv6 unless it
 * is told another one: sends once more, with that. The message has room for it behind its control messages.
 */
static ssize_t send_from_ipv6(int fd, struct msghdr *native, const struct ip_address *destination, int flags)
{
    struct ip_address source;
    if (sockets_has(fd, SOCKET_FAMILY_FIXED) || !sources_find(destination, &source)) {
        errno = ENETUNREACH;
        return -1;
    }
    struct in6_pktinfo information = {.ipi6_addr = source.ipv6, .ipi6_ifindex = source.scope};
    struct cmsghdr header = {
        .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = CMSG_LEN(sizeof information)};
    char *end = (char *)native->msg_control + CMSG_ALIGN(native->msg_controllen);
    memset(end, 0, CMSG_SPACE(sizeof information));
    memcpy(end, &header, sizeof header);
    memcpy(end + CMSG_LEN(0), &information, sizeof information);
    native->msg_controllen = CMSG_ALIGN(native->msg_controllen) + CMSG_SPACE(sizeof information);
    return REAL(sendmsg)(fd, native, flags);
}

/* Control messages for the kernel, with room behind them for one more. */
struct outgoing {
    char few[CONTROL_SIZE + CMSG_SPACE(sizeof(struct in6_pktinfo))]
        __attribute__((aligned(__alignof__(struct cmsghdr))));
    char *data;
    size_t mapped; /* bytes, where they are too many for the stack, which may be a signal handler's */
};

/* As the kernel has to get them for an IPv6 destination. 0 or -errno. */
static int translate_outgoing(const struct msghdr *message, struct outgoing *outgoing, struct msghdr *native)
{
    size_t size = CONTROL_SIZE;
    outgoing->data = outgoing->few;
    outgoing->mapped = 0;
    if (CONTROL_GROWN_SIZE(message->msg_controllen) > CONTROL_SIZE) {
        size = CONTROL_GROWN_SIZE(message->msg_controllen);
        outgoing->mapped = size + CMSG_SPACE(sizeof(struct in6_pktinfo));
        outgoing->data = mmap(NULL, outgoing->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (outgoing->data == MAP_FAILED) {
            outgoing->mapped = 0;
            return -ENOBUFS;
        }
    }
    int result = 0;
    if (message->msg_controllen > 0)
        result = control_to_kernel(message, outgoing->data, &size);
    else
        size = 0;
    native->msg_control = outgoing->data;
    native->msg_controllen = size;
    return result;
}

static ssize_t send_translated(int fd, struct msghdr *native, const struct ip_address *destination, int flags,
                               bool may_name_source)
{
    ssize_t sent = send_native(fd, native, flags);
    /* The record said that the socket was an IPv6 one: the number was closed and reused behind our back. */
    if (sent < 0 && errno == EAFNOSUPPORT && destination->family == AF_INET6 && upgrade_socket(fd) == 0)
        sent = send_native(fd, native, flags);
    if (sent < 0 && errno == EAFNOSUPPORT && may_name_source)
        sent = send_from_ipv6(fd, native, destination, flags);
    return sent;
}

static ssize_t send_to(int fd, const struct msghdr *message, const struct ip_address *destination, uint16_t port,
                       int flags)
{
    struct sockaddr_storage address;
    struct msghdr native = *message;
    struct outgoing outgoing;
    bool ipv6 = destination->family == AF_INET6 && !address_is_mapped(destination);
    native.msg_namelen = address_to_sockaddr(destination, port, &address);
    native.msg_name = &address;
    if (!ipv6 ||
        (message->msg_controllen != 0 && (message->msg_controllen > CONTROL_MOST || !control_list_is_valid(message))))
        return send_translated(fd, &native, destination, flags, false); /* for the kernel to refuse */
    int result = translate_outgoing(message, &outgoing, &native);
    ssize_t sent = -1;
    if (result == 0)
        sent = send_translated(fd, &native, destination, flags, true);
    int error = result == 0 ? errno : -result;
    if (outgoing.mapped != 0)
        munmap(outgoing.data, outgoing.mapped);
    errno = error;
    return sent;
}

static ssize_t send_observed(int fd, const struct msghdr *message, const struct ip_address *destination,
                             uint16_t port, int flags)
{
    ssize_t sent = send_to(fd, message, destination, port, flags);
    log_connection(EVENT_SEND, fd, destination, port, sent >= 0 ? 0 : -errno);
    return sent;
}

/* What is on record needs no system call. */
static int make_ipv6(int fd)
{
    return sockets_has(fd, SOCKET_UPGRADED) ? 0 : upgrade_socket(fd);
}

/* The other addresses of the name, after the alias's own has failed with this error. */
static ssize_t send_to_others(int fd, const struct msghdr *message, const struct ip_address *own,
                              const struct sockaddr_in *alias, int flags, int first_error)
{
    struct destinations destinations;
    if (!destinations_find(alias->sin_addr, &destinations))
        destinations.count = 0;
    for (size_t i = 0; i < destinations.count && messages_is_without_route(errno); i++) {
        if (address_equal(&destinations.addresses[i], own))
            continue;
        ssize_t sent = send_observed(fd, message, &destinations.addresses[i], ntohs(alias->sin_port), flags);
        if (sent >= 0)
            return sent;
        if (first_error == ENETUNREACH)
            first_error = errno;
    }
    errno = first_error;
    return -1;
}

__attribute__((noinline)) static ssize_t send_to_alias(int fd, const struct msghdr *message,
                                                       const struct sockaddr_in *alias, int flags)
{
    struct ip_address address;
    struct destinations destinations;
    struct in_addr ipv4;
    errno = ENETUNREACH;
    if (!aliases_find_address(alias->sin_addr, &address))
        return -1;
    int made = make_ipv6(fd);
    if (made == -EBADF || made == -ENOTSOCK)
        errno = -made;
    if (made == 0) {
        ssize_t sent = send_observed(fd, message, &address, ntohs(alias->sin_port), flags);
        if (sent >= 0)
            latest_peer_note(alias->sin_addr, &address);
        return sent >= 0 ? sent : send_to_others(fd, message, &address, alias, flags, errno);
    }
    /* A socket that is left alone. */
    if (!destinations_find(alias->sin_addr, &destinations) || !destinations_ipv4(&destinations, &ipv4))
        return -1;
    address = address_ipv4(ipv4);
    return send_observed(fd, message, &address, ntohs(alias->sin_port), flags);
}

/*
 * In a process that has been given aliases a fresh UDP socket becomes one for both families with its first datagram,
 * wherever that goes: later, when an alias comes, replies may already wait in its queue, and to carry those over is
 * slow.
 */
static void upgrade_unused(int fd)
{
    if (sockets_find(fd) == NULL || sockets_has(fd, SOCKET_UPGRADED | SOCKET_STREAM | SOCKET_USED))
        return;
    sockets_set(sockets_find(fd), SOCKET_USED);
    upgrade_fresh(fd);
}

void messages_prepare_to_wait(int fd)
{
    sockets_clear(sockets_find(fd), SOCKET_FRESH);
    if (resolve_has_shown_alias())
        upgrade_unused(fd);
}

/* A plain IPv4 destination. */
static ssize_t send_to_ipv4(int fd, const struct msghdr *message, const struct sockaddr_in *destination, int flags)
{
    struct ip_address address = address_ipv4(destination->sin_addr), way_back;
    uint16_t port = ntohs(destination->sin_port);
    upgrade_unused(fd);
    bool speaks_ipv6 = sockets_has(fd, SOCKET_UPGRADED) || sockets_is_inherited(fd);
    if (speaks_ipv6 && return_path_may_concern() && return_path_way_back(fd, destination, &way_back))
        address = way_back;
    return send_to(fd, message, &address, port, flags);
}

static bool is_udp(int fd)
{
    return sockets_find(fd) != NULL ? !sockets_has(fd, SOCKET_STREAM)
                                    : transport_is(SOCK_DGRAM, kernel_socket_integer(fd, SO_PROTOCOL));
}

static size_t find_ways(int fd, const struct sockaddr_in *destination, int flags,
                        struct ip_address addresses[NAT64_PREFIXES_MAX])
{
    if (aliases_contains(destination->sin_addr) || !is_udp(fd))
        return 0;
    bool soon;
    size_t count = nat64_discovery_ways_for(fd, (flags & MSG_DONTWAIT) == 0, destination->sin_addr, addresses, &soon);
    return soon ? nat64_discovery_ways_soon(destination->sin_addr, addresses) : count;
}

/* The IPv6 addresses of the name that was shown with this IPv4 address. */
static ssize_t send_to_name(int fd, const struct msghdr *message, const struct sockaddr_in *asked, int flags)
{
    struct destinations destinations;
    ssize_t sent = -1;
    if (aliases_contains(asked->sin_addr) || !destinations_concern(asked->sin_addr) || !is_udp(fd) ||
        !destinations_find(asked->sin_addr, &destinations))
        return -1;
    for (size_t i = 0; sent < 0 && messages_is_without_route(errno) && i < destinations.count; i++)
        if (destinations.addresses[i].family == AF_INET6 && make_ipv6(fd) == 0)
            sent = send_observed(fd, message, &destinations.addresses[i], ntohs(asked->sin_port), flags);
    return sent;
}

ssize_t messages_send_without_route(int fd, const struct msghdr *message, int flags)
{
    struct sockaddr_in destination;
    struct ip_address ways[NAT64_PREFIXES_MAX];
    if (!messages_read_destination(message->msg_name, message->msg_namelen, &destination))
        return -1;
    int saved = errno;
    ssize_t sent = send_to_name(fd, message, &destination, flags);
    if (sent >= 0)
        return sent;
    errno = saved;
    size_t count = find_ways(fd, &destination, flags, ways);
    errno = saved;
    if (count > 0 && make_ipv6(fd) == 0)
        for (size_t i = 0; sent < 0 && messages_is_without_route(errno) && i < count; i++)
            sent = send_to(fd, message, &ways[i], ntohs(destination.sin_port), flags);
    if (sent >= 0)
        outbound_note(fd, destination.sin_addr);
    return sent;
}

/* To where the user sends an address that is burnt in to the program. Not inline, as nothing that messages_send()
   chooses from: fast_open_send() goes deep. */
__attribute__((noinline)) static ssize_t send_redirected(int fd, const struct msghdr *message,
                                                         const struct sockaddr_in *asked, int flags)
{
    struct ip_address addresses[REDIRECT_ADDRESSES];
    bool nonblocking = (flags & MSG_DONTWAIT) != 0 || kernel_is_nonblocking(fd);
    enum redirect_patience patience = signal_handler_may_run() ? REDIRECT_KNOWN
                                      : nonblocking            ? REDIRECT_BRIEFLY
                                                               : REDIRECT_ASK;
    size_t count = redirect_find(asked->sin_addr, patience, addresses);
    ssize_t sent = -1;
    errno = ENETUNREACH;
    if (count > 0 && make_ipv6(fd) == 0)
        for (size_t i = 0; sent < 0 && messages_is_without_route(errno) && i < count; i++)
            sent = send_to(fd, message, &addresses[i], ntohs(asked->sin_port), flags);
    if (sent >= 0)
        outbound_note(fd, asked->sin_addr);
    return sent;
}

ssize_t messages_send(int fd, const struct msghdr *message, int flags)
{
    int saved = errno;
    struct sockaddr_in destination;
    messages_read_destination(message->msg_name, message->msg_namelen, &destination);
    if ((flags & MSG_OOB) != 0 && !sockets_has(fd, SOCKET_STREAM)) {
        errno = EOPNOTSUPP; /* IPv6 would take it */
        return -1;
    }
    if (fast_open_concerns(fd, message, flags)) {
        ssize_t opened = fast_open_send(fd, message, flags);
        if (opened >= 0)
            errno = saved;
        return opened;
    }
    if (sockets_has(fd, SOCKET_STREAM) && (flags & MSG_FASTOPEN) == 0) /* TCP doesn't look at the address */
        return REAL(sendmsg)(fd, message, flags);
    if (redirect_concerns(destination.sin_addr)) {
        ssize_t redirected = send_redirected(fd, message, &destination, flags);
        if (redirected >= 0)
            errno = saved;
        return redirected;
    }
    ssize_t sent = aliases_contains(destination.sin_addr) ? send_to_alias(fd, message, &destination, flags)
                                                          : send_to_ipv4(fd, message, &destination, flags);
    if (sent < 0 && errno == ENETUNREACH)
        sent = messages_send_without_route(fd, message, flags);
    if (sent >= 0)
        errno = saved;
    return sent;
}

void messages_hand_out_source(int fd, struct sockaddr_storage *full, socklen_t full_length, struct sockaddr *address,
                              socklen_t *length, const void *caller)
{
    if (full_length > 0 && full->ss_family == AF_UNIX && relay_address_show(fd, RELAY_PEER, full, &full_length))
        full_length = 0; /* which a connection of TCP tells of nobody */
    bool ipv4_shape =
        full_length > 0 && full->ss_family == AF_INET6 && shape_is_ipv4(fd, length != NULL ? *length : 0, caller);
    view *shown_as = NULL;
    if (ipv4_shape) {
        requeue_show_source(full);
        shown_as = return_path_note(fd, full, full_length);
        outbound_show_source(fd, full);
    }
    view_hand_out(full, full_length, shown_as, address, length);
    if (full_length > 0)
        server_log_received(fd, full, shown_as);
}

/* A descriptor that we have not seen being made is looked at once. */
static bool translates_control(int fd, socklen_t room, const void *caller)
{
    if (sockets_has(fd, SOCKET_UPGRADED))
        return true;
    if (sockets_is_inherited(fd))
        return shape_is_ipv4(fd, room, caller);
    if (!messages_may_need_translation(fd))
        return false;
    int family = kernel_socket_integer(fd, SO_DOMAIN);
    if (family != AF_INET6)
        sockets_add_other(fd);
    return family == AF_INET6 && shape_is_ipv4(fd, room, caller);
}

/* The kernel gets room of ours for control messages where the program's are translated, or where it has none for the
   spoof check. */
void messages_prepare(int fd, const struct msghdr *message, struct messages_reception *reception, size_t control_room,
                      const void *caller)
{
    socklen_t room = message->msg_name != NULL ? message->msg_namelen : 0;
    bool has_room = message->msg_control != NULL && message->msg_controllen > 0;
    reception->native = *message;
    reception->caller = caller;
    reception->proven =
        message->msg_name != NULL ? spoof_check_is_needed(fd, room, caller) : spoof_check_is_known_needed(fd);
    bool has_good_length = (int)message->msg_namelen >= 0; /* the kernel judges a bad one */
    if (message->msg_name != NULL ? has_good_length : reception->proven) {
        reception->native.msg_name = &reception->source;
        reception->native.msg_namelen = sizeof reception->source;
    }
    reception->translate = has_room && translates_control(fd, room, caller);
    if (reception->translate || (reception->proven && !has_room)) {
        /* Of more room than `control_room` nothing is used. */
        size_t wanted = has_room ? message->msg_controllen : 0;
        reception->native.msg_control = reception->control;
        reception->native.msg_controllen = CONTROL_EXTRA_SIZE + (wanted < control_room ? wanted : control_room);
    }
}

void messages_finish(int fd, struct msghdr *message, struct messages_reception *reception)
{
    struct msghdr *native = &reception->native;
    message->msg_flags = native->msg_flags;
    if (message->msg_name != NULL)
        messages_hand_out_source(fd, &reception->source, native->msg_namelen, message->msg_name,
                                 &message->msg_namelen, reception->caller);
    if (!reception->translate && native->msg_control == message->msg_control) {
        message->msg_controllen = native->msg_controllen;
        control_list_each_descriptor(message, sockets_forget);
        return;
    }
    size_t size = message->msg_control != NULL ? message->msg_controllen : 0;
    if (!control_to_program(native, message->msg_control, &size, spoof_check_is_visible(fd)))
        message->msg_flags |= MSG_CTRUNC;
    message->msg_controllen = size;
}

ssize_t messages_receive(int fd, struct msghdr *message, struct messages_reception *reception, size_t control_room,
                         int flags, const void *caller)
{
    messages_prepare(fd, message, reception, control_room, caller);
    ssize_t received = reception->proven ? spoof_check_receive_message(fd, &reception->native, flags)
                                         : REAL(recvmsg)(fd, &reception->native, flags);
    if (received >= 0) {
        int saved = errno;
        messages_finish(fd, message, reception);
        errno = saved;
    }
    return received;
}
