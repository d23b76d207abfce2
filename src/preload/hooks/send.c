/* Datagrams are sent. What has no address (write) needs no hook, but for questions to a name server (send). */
#include <sys/socket.h>

#include "preload/base/fast_path.h"
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/base/pointer.h"
#include "preload/connect/background.h"
#include "preload/datagram/messages.h"
#include "preload/hooks/scm_rights.h"
#include "preload/log/log.h"
#include "preload/peers/latest_peer.h"
#include "preload/queries/queries.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"
#include "preload/system/time64.h"

/* What the kernel said of a message is final, but where it knows no way to an IPv4 address. */
static ssize_t or_without_route(ssize_t sent, int error_before, int fd, const struct msghdr *message, int flags)
{
    if (sent >= 0 || errno != ENETUNREACH || message->msg_name == NULL || !guard_may_act())
        return sent;
    sent = messages_send_without_route(fd, message, flags);
    if (sent >= 0)
        errno = error_before;
    return sent;
}

/* Of a socket that connects: whether it is asked to begin that, once more. */
static bool is_open_already(int flags)
{
    if ((flags & MSG_FASTOPEN) != 0)
        errno = EALREADY;
    return (flags & MSG_FASTOPEN) != 0;
}

/*
 * What sendto() was called with, for the case that the kernel knows no way. In memory, and read from there only then:
 * in registers that outlast a call it would cost each datagram twenty instructions.
 */
struct send_arguments {
    const void *data;
    size_t size;
    const struct sockaddr *address;
    int fd, flags, error;
    socklen_t length;
};

static NOINLINE ssize_t send_refused(const volatile struct send_arguments *sent)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)sent->data, .iov_len = sent->size};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)sent->address, .msg_namelen = sent->length, .msg_iov = &part, .msg_iovlen = 1};
    return or_without_route(-1, sent->error, sent->fd, &message, sent->flags);
}

/* A datagram that the kernel sends; `error` is where this thread's errno is. */
__attribute__((always_inline)) static inline ssize_t send_plain(int fd, const void *data, size_t size, int flags,
                                                                const struct sockaddr *address, socklen_t length,
                                                                const int *error)
{
    volatile struct send_arguments kept; /* field by field: from a list, the compiler would make it twice */
    kept.data = data;
    kept.size = size;
    kept.address = address;
    kept.fd = fd;
    kept.flags = flags;
    kept.error = *error;
    kept.length = length;
    ssize_t sent = REAL_BOUND(sendto)(fd, data, size, flags, address, length);
    return __builtin_expect(sent >= 0, 1) ? sent : send_refused(&kept);
}

/* Whether it can go to the peer of the datagram before, an alias, as messages_send() does it after the first time. */
static inline bool is_to_latest_peer(int fd, const struct sockaddr_in *asked, int flags, struct in6_addr *address)
{
    return !log_wants_decisions() && (flags & MSG_OOB) == 0 && sockets_is_usual_upgraded(fd) &&
           latest_peer_address(asked->sin_addr, address);
}

/* While a TCP socket connects, it ignores the address: the placeholder would complain of it. */
static ssize_t send_while_connecting(int fd, const void *data, size_t size, int flags)
{
    return is_open_already(flags) ? -1 : REAL(sendto)(fd, data, size, flags | MSG_DONTWAIT, NULL, 0);
}

/* What may be a question to a name server. */
static NOINLINE ssize_t send_question(int fd, const void *data, size_t size, int flags,
                                      const struct sockaddr *address, socklen_t length)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
    return queries_send(fd, &message, flags);
}

/* All that the fast path of sendto() leaves open. */
static NOINLINE ssize_t send_slow(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                                  socklen_t length)
{
    const int *error = &errno;
    struct sockaddr_in asked;
    struct sockaddr_in6 native = {.sin6_family = AF_INET6};
    if (!ready_or_start())
        return REAL(sendto)(fd, data, size, flags, address, length);
    bool ipv4 = address != NULL && messages_read_destination(address, length, &asked);
    fast_path_note_thread();
    if (background_is(fd))
        return send_while_connecting(fd, data, size, flags);
    if (sockets_are_flagged(fd, SOCKET_RELAYED)) /* TCP ignores the address of one that is connected */
        return REAL(sendto)(fd, data, size, flags, NULL, 0);
    if (queries_may_begin(fd, ipv4 ? &asked : NULL) && (ipv4 || address == NULL))
        return send_question(fd, data, size, flags, address, length);
    if (!messages_may_concern_destination(fd, ipv4 ? &asked : NULL))
        return send_plain(fd, data, size, flags, address, length, error);
    if (is_to_latest_peer(fd, &asked, flags, &native.sin6_addr)) {
        int before = *error;
        native.sin6_port = asked.sin_port;
        ssize_t sent = REAL(sendto)(fd, data, size, flags, (const struct sockaddr *)&native, sizeof native);
        if (sent >= 0 || !messages_is_without_route(errno))
            return sent;
        errno = before;
    }
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
    return guard_may_act() && messages_concern(fd, address, length)
               ? messages_send(fd, &message, flags)
               : send_plain(fd, data, size, flags, address, length, error);
}

/* The fast path: datagrams that are surely the kernel's, and send_slow() for all others. */
EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                      socklen_t length)
{
    const int *error = fast_path_errno;
    if (error == NULL || background_any() || (address != NULL && messages_may_concern(fd, address, length)))
        return send_slow(fd, data, size, flags, address, length);
    if (address == NULL)
        return queries_may_begin(fd, NULL) ? send_slow(fd, data, size, flags, NULL, length)
                                           : REAL_BOUND(sendto)(fd, data, size, flags, NULL, length);
    return send_plain(fd, data, size, flags, address, length, error);
}

/* Of a program's own questions to the name server that it has connected a socket to; all else is the kernel's. */
EXPORT ssize_t send(int fd, const void *data, size_t size, int flags)
{
    return __builtin_expect(queries_may_begin(fd, NULL), 0) && is_ready()
               ? send_question(fd, data, size, flags, NULL, 0)
               : REAL(send)(fd, data, size, flags);
}

struct message_arguments {
    const struct msghdr *message;
    int fd, flags, error;
};

static NOINLINE ssize_t message_sent(const volatile struct message_arguments *sent, ssize_t size)
{
    scm_rights_note_sent(sent->fd, sent->message);
    return size;
}

static NOINLINE ssize_t message_refused(const volatile struct message_arguments *sent)
{
    return or_without_route(-1, sent->error, sent->fd, sent->message, sent->flags);
}

/* A message that the kernel sends, where it can be read; `error` as above. */
__attribute__((always_inline)) static inline ssize_t send_plain_message(int fd, const struct msghdr *message,
                                                                        int flags, const int *error)
{
    volatile struct message_arguments kept;
    kept.message = message;
    kept.fd = fd;
    kept.flags = flags;
    kept.error = *error;
    ssize_t sent = REAL_BOUND(sendmsg)(fd, message, flags);
    if (__builtin_expect(sent < 0, 0))
        return message_refused(&kept);
    return __builtin_expect(kept.message->msg_control != NULL, 0) ? message_sent(&kept, sent) : sent;
}

/* All that the fast path of sendmsg() leaves open. */
static NOINLINE ssize_t send_message_slow(int fd, const struct msghdr *message, int flags)
{
    struct sockaddr_in asked;
    if (!ready_or_start())
        return REAL(sendmsg)(fd, message, flags);
    fast_path_note_thread();
    if (!pointer_can_read(message, sizeof *message))
        return background_is(fd) && is_open_already(flags) ? -1 : REAL(sendmsg)(fd, message, flags);
    if (message->msg_control != NULL && background_any())
        scm_rights_each(message, background_collapse); /* with two owners it is more than a race can follow */
    if (background_is(fd) && is_open_already(flags))
        return -1;
    if (message->msg_name != NULL && background_is(fd)) { /* as in sendto() */
        struct msghdr nameless = *message;
        nameless.msg_name = NULL;
        nameless.msg_namelen = 0;
        return REAL(sendmsg)(fd, &nameless, flags | MSG_DONTWAIT);
    }
    if (message->msg_name != NULL && sockets_are_flagged(fd, SOCKET_RELAYED)) {
        struct msghdr nameless = *message;
        nameless.msg_name = NULL;
        nameless.msg_namelen = 0;
        return REAL(sendmsg)(fd, &nameless, flags);
    }
    bool ipv4 =
        message->msg_name != NULL && messages_read_destination(message->msg_name, message->msg_namelen, &asked);
    if (queries_may_begin(fd, ipv4 ? &asked : NULL) && (ipv4 || message->msg_name == NULL))
        return queries_send(fd, message, flags);
    if (!messages_may_concern_destination(fd, ipv4 ? &asked : NULL) || !guard_may_act() ||
        !messages_concern(fd, message->msg_name, message->msg_namelen))
        return send_plain_message(fd, message, flags, &errno);
    return messages_send(fd, message, flags);
}

/* The fast path, as in sendto(). */
EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    const int *error = fast_path_errno;
    if (error == NULL || background_any() || !pointer_is_near(message) ||
        (message->msg_name != NULL ? messages_may_concern(fd, message->msg_name, message->msg_namelen)
                                   : queries_may_begin(fd, NULL)))
        return send_message_slow(fd, message, flags);
    return send_plain_message(fd, message, flags, error);
}
TIME64_ALSO(__sendmsg64, sendmsg)

/* How many messages can be read. The kernel ends at the first one that can't. */
static unsigned count_readable(const struct mmsghdr *messages, unsigned count)
{
    unsigned readable = 0;
    while (readable < count && pointer_can_read(&messages[readable], sizeof messages[readable]))
        readable++;
    return readable;
}

static bool may_be_question(int fd, const struct msghdr *message)
{
    struct sockaddr_in asked;
    if (message->msg_name == NULL)
        return queries_may_begin(fd, NULL);
    return messages_read_destination(message->msg_name, message->msg_namelen, &asked) &&
           queries_may_begin(fd, &asked);
}

static bool any_concerns(int fd, const struct mmsghdr *messages, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (messages_concern(fd, messages[i].msg_hdr.msg_name, messages[i].msg_hdr.msg_namelen) ||
            may_be_question(fd, &messages[i].msg_hdr))
            return true;
    return false;
}

/* The first message that can't be sent ends the call: that one alone goes the other way. */
static int or_each_without_route(int sent, int error_before, int fd, struct mmsghdr *messages, unsigned count,
                                 int flags)
{
    if (sent >= 0 || errno != ENETUNREACH || count == 0 || !pointer_can_write(messages, sizeof *messages))
        return sent;
    ssize_t size = or_without_route(sent, error_before, fd, &messages[0].msg_hdr, flags);
    if (size < 0)
        return -1;
    messages[0].msg_len = (unsigned)size;
    return 1;
}

static int send_all_plain(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    int sent = REAL(sendmmsg)(fd, messages, count, flags);
    for (int i = 0; i < sent; i++)
        scm_rights_note_sent(fd, &messages[i].msg_hdr);
    return sent;
}

static NOINLINE int send_messages(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    int before = errno;
    unsigned readable = count_readable(messages, count);
    fast_path_note_thread();
    if (background_any())
        for (unsigned i = 0; i < readable; i++)
            if (messages[i].msg_hdr.msg_control != NULL)
                scm_rights_each(&messages[i].msg_hdr, background_collapse);
    if (!guard_may_act() || !any_concerns(fd, messages, readable))
        return or_each_without_route(send_all_plain(fd, messages, count, flags), before, fd, messages, count, flags);
    int saved = errno;
    unsigned sent = 0;
    for (; sent < readable; sent++) {
        struct msghdr *message = &messages[sent].msg_hdr;
        ssize_t size = may_be_question(fd, message) ? queries_send(fd, message, flags)
                       : messages_concern(fd, message->msg_name, message->msg_namelen)
                           ? messages_send(fd, message, flags)
                           : REAL(sendmsg)(fd, message, flags);
        if (size < 0)
            break;
        if (!pointer_can_write(&messages[sent].msg_len, sizeof messages[sent].msg_len)) {
            errno = EFAULT; /* sent it is, as the kernel has it */
            break;
        }
        messages[sent].msg_len = (unsigned)size;
    }
    /* As the kernel: an error after the first message is told by the next call. */
    if (sent > 0)
        errno = saved;
    return sent > 0 ? (int)sent : -1;
}

struct messages_arguments {
    struct mmsghdr *messages;
    int fd, flags, error;
};

static NOINLINE int messages_refused(const volatile struct messages_arguments *sent)
{
    const unsigned some = 1; /* of none, the kernel says no such thing */
    return or_each_without_route(-1, sent->error, sent->fd, sent->messages, some, sent->flags);
}

/* Whether nothing about the message itself is to be looked at; false of those without an address. */
static inline bool is_ordinary(const struct mmsghdr *message)
{
    return pointer_is_near(message) && message->msg_hdr.msg_control == NULL &&
           fast_path_is_ordinary(message->msg_hdr.msg_name, message->msg_hdr.msg_namelen);
}

__attribute__((always_inline)) static inline int send_ordinary(int fd, struct mmsghdr *messages, unsigned count,
                                                               int flags, const int *error)
{
    volatile struct messages_arguments kept;
    kept.messages = messages;
    kept.fd = fd;
    kept.flags = flags;
    kept.error = *error;
    int sent = REAL_BOUND(sendmmsg)(fd, messages, count, flags);
    return __builtin_expect(sent >= 0, 1) ? sent : messages_refused(&kept);
}

/* Several messages, or one that is not at hand: apart, since a loop needs registers that a single one, or a call,
   doesn't. */
static NOINLINE int send_several(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    const int *error = fast_path_errno;
    bool ordinary = error != NULL && !messages_may_concern_socket(fd) && !queries_may_begin(fd, NULL);
    for (unsigned i = 0; i < count && ordinary; i++) {
        const struct msghdr *message = &messages[i].msg_hdr;
        struct sockaddr_in asked;
        ordinary = is_ordinary(&messages[i]) ||
                   (pointer_can_read(&messages[i], sizeof messages[i]) && message->msg_control == NULL &&
                    !(message->msg_name != NULL &&
                      messages_read_destination(message->msg_name, message->msg_namelen, &asked) &&
                      (fast_path_may_concern(asked.sin_addr) || queries_may_begin(fd, &asked))));
    }
    return ordinary ? send_ordinary(fd, messages, count, flags, error) : send_messages(fd, messages, count, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, messages_flags wanted)
{
    const int *error = fast_path_errno;
    int flags = (int)wanted;
    if (count != 1 || error == NULL || !is_ordinary(messages) || messages_may_concern_socket(fd))
        return send_several(fd, messages, count, flags);
    return send_ordinary(fd, messages, 1, flags, error);
}
TIME64_ALSO(__sendmmsg64, sendmmsg)
