/* Datagrams with addresses. What has no address (send, read, write) needs no hook, but for the first recv(). */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "runtime/background.h"
#include "runtime/control.h"
#include "runtime/glance.h"
#include "runtime/guard.h"
#include "runtime/hook.h"
#include "runtime/messages.h"
#include "runtime/pointer.h"
#include "runtime/proof.h"
#include "runtime/real.h"
#include "runtime/sockets.h"

/* Messages that one sendmmsg or recvmmsg call translates at a time, on the stack. */
#define BATCH              16u
#define BATCH_CONTROL_ROOM 256u

#define NS_IN_S INT64_C(1000000000)

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

static NOINLINE ssize_t send_one(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                                 socklen_t length)
{
    glance_note_errno();
    /* While it connects, a TCP socket ignores the address: the placeholder would complain of it. */
    if (background_is(fd))
        return REAL(sendto)(fd, data, size, flags | MSG_DONTWAIT, NULL, 0);
    int before = errno;
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
    if (address == NULL || !guard_may_act() || !messages_concern(fd, address, length))
        return or_without_route(REAL(sendto)(fd, data, size, flags, address, length), before, fd, &message, flags);
    return messages_send(fd, &message, flags);
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
    if (errno != ENETUNREACH)
        return -1;
    errno = sent->error; /* once more, and then perhaps another way */
    return send_one(sent->fd, sent->data, sent->size, sent->flags, sent->address, sent->length);
}

EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                      socklen_t length)
{
    const int *error = glance_errno;
    if (error == NULL || background_any() || messages_may_concern(fd, address, length))
        return send_one(fd, data, size, flags, address, length);
    if (address == NULL)
        return REAL_BOUND(sendto)(fd, data, size, flags, NULL, length);
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

/* Calls `act` for each descriptor in the control messages. */
static NOINLINE void each_passed(const struct msghdr *message, void (*act)(int fd))
{
    struct msghdr copy = *message;
    if (!control_is_valid(message))
        return;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&copy); at != NULL; at = CMSG_NXTHDR(&copy, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t offset = 0; offset + sizeof(int) <= at->cmsg_len - CMSG_LEN(0); offset += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(at) + offset, sizeof fd);
            act(fd);
        }
    }
}

/* Descriptors that came where nothing is translated: what stood under their numbers before says nothing of them. */
static inline void forget_passed(const struct msghdr *message)
{
    if (__builtin_expect(message->msg_control != NULL && message->msg_controllen != 0, 0) && guard_may_act())
        each_passed(message, sockets_forget);
}

static ssize_t receive_plain(int fd, struct msghdr *message, int flags)
{
    ssize_t received = REAL(recvmsg)(fd, message, flags);
    if (received >= 0)
        forget_passed(message);
    return received;
}

static NOINLINE ssize_t send_message(int fd, const struct msghdr *message, int flags)
{
    glance_note_errno();
    int before = errno;
    if (!pointer_is_bad(message) && message->msg_control != NULL && background_any())
        each_passed(message, background_collapse); /* with two owners it is more than a race can follow */
    if (!pointer_is_bad(message) && message->msg_name != NULL && background_is(fd)) { /* as in sendto() */
        struct msghdr nameless = *message;
        nameless.msg_name = NULL;
        nameless.msg_namelen = 0;
        return REAL(sendmsg)(fd, &nameless, flags | MSG_DONTWAIT);
    }
    if (pointer_is_bad(message) || message->msg_name == NULL || !guard_may_act() ||
        !messages_concern(fd, message->msg_name, message->msg_namelen))
        return pointer_is_bad(message)
                   ? REAL(sendmsg)(fd, message, flags)
                   : or_without_route(REAL(sendmsg)(fd, message, flags), before, fd, message, flags);
    return messages_send(fd, message, flags);
}

struct message_arguments {
    const struct msghdr *message;
    int fd, flags, error;
};

static NOINLINE ssize_t message_refused(const volatile struct message_arguments *sent)
{
    if (errno != ENETUNREACH)
        return -1;
    errno = sent->error;
    return send_message(sent->fd, sent->message, sent->flags);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    const int *error = glance_errno;
    if (error == NULL || background_any() || pointer_is_bad(message) ||
        messages_may_concern(fd, message->msg_name, message->msg_namelen))
        return send_message(fd, message, flags);
    volatile struct message_arguments kept;
    kept.message = message;
    kept.fd = fd;
    kept.flags = flags;
    kept.error = *error;
    ssize_t sent = REAL_BOUND(sendmsg)(fd, message, flags);
    return __builtin_expect(sent >= 0, 1) ? sent : message_refused(&kept);
}

static bool any_concerns(int fd, const struct mmsghdr *messages, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (messages_concern(fd, messages[i].msg_hdr.msg_name, messages[i].msg_hdr.msg_namelen))
            return true;
    return false;
}

/* The first message that can't be sent ends the call: that one alone goes the other way. */
static int or_each_without_route(int sent, int error_before, int fd, struct mmsghdr *messages, unsigned count,
                                 int flags)
{
    if (sent >= 0 || count == 0 || pointer_is_bad(messages))
        return sent;
    ssize_t size = or_without_route(sent, error_before, fd, &messages[0].msg_hdr, flags);
    if (size < 0)
        return -1;
    messages[0].msg_len = (unsigned)size;
    return 1;
}

static NOINLINE int send_messages(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    int before = errno;
    glance_note_errno();
    if (pointer_is_bad(messages) || !guard_may_act() || !any_concerns(fd, messages, count))
        return or_each_without_route(REAL(sendmmsg)(fd, messages, count, flags), before, fd, messages, count, flags);
    int saved = errno;
    unsigned sent = 0;
    for (; sent < count; sent++) {
        struct msghdr *message = &messages[sent].msg_hdr;
        ssize_t size = messages_concern(fd, message->msg_name, message->msg_namelen)
                           ? messages_send(fd, message, flags)
                           : REAL(sendmsg)(fd, message, flags);
        if (size < 0)
            break;
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
    unsigned count;
};

static NOINLINE int messages_refused(const volatile struct messages_arguments *sent)
{
    return or_each_without_route(-1, sent->error, sent->fd, sent->messages, sent->count, sent->flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    const int *error = glance_errno;
    if (error == NULL || pointer_is_bad(messages))
        return send_messages(fd, messages, count, flags);
    for (unsigned i = 0; i < count; i++)
        if (messages_may_concern(fd, messages[i].msg_hdr.msg_name, messages[i].msg_hdr.msg_namelen))
            return send_messages(fd, messages, count, flags);
    volatile struct messages_arguments kept;
    kept.messages = messages;
    kept.fd = fd;
    kept.flags = flags;
    kept.error = *error;
    kept.count = count;
    int sent = REAL_BOUND(sendmmsg)(fd, messages, count, flags);
    return __builtin_expect(sent >= 0, 1) ? sent : messages_refused(&kept);
}

/* Whether a hook that receives is to act; if so, the socket is one that can be waited for. */
static bool may_receive(int fd)
{
    if (!guard_may_act())
        return false;
    if (sockets_has(fd, SOCKET_FRESH))
        messages_prepare_to_wait(fd);
    return true;
}

static NOINLINE ssize_t receive_first(int fd, void *data, size_t size, int flags)
{
    may_receive(fd);
    return REAL(recv)(fd, data, size, flags);
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags)
{
    if (start_is_ready() && !sockets_are_flagged(fd, SOCKET_FRESH))
        return REAL_BOUND(recv)(fd, data, size, flags);
    return receive_first(fd, data, size, flags);
}

EXPORT ssize_t __recv_chk(int fd, void *data, size_t size, size_t data_size, int flags)
{
    if (sockets_are_flagged(fd, SOCKET_FRESH))
        may_receive(fd);
    return REAL(__recv_chk)(fd, data, size, data_size, flags);
}

/* With room of our own for the address: what the kernel cut could not be asked for again. */
static NOINLINE ssize_t receive_from(int fd, void *data, size_t size, int flags, struct sockaddr *address,
                                     socklen_t *length, const void *caller)
{
    if (!may_receive(fd) || pointer_is_bad(address) || pointer_is_bad(length) || (int)*length < 0 ||
        !messages_may_need_translation(fd))
        return REAL(recvfrom)(fd, data, size, flags, address, length);
    struct sockaddr_storage source;
    socklen_t source_length = sizeof source;
    source.ss_family = AF_UNSPEC;
    ssize_t received = proof_is_needed(fd, *length, caller)
                           ? proof_receive(fd, data, size, flags, &source, &source_length)
                           : REAL(recvfrom)(fd, data, size, flags, (struct sockaddr *)&source, &source_length);
    if (received >= 0)
        messages_hand_out_source(fd, &source, source_length, address, length, caller);
    return received;
}

EXPORT ssize_t recvfrom(int fd, void *restrict data, size_t size, int flags, struct sockaddr *restrict address,
                        socklen_t *restrict length)
{
    if (start_is_ready() && !(address == NULL ? sockets_are_flagged(fd, SOCKET_FRESH)
                                              : sockets_may_concern(fd, SOCKET_UPGRADED | SOCKET_FRESH)))
        return REAL_BOUND(recvfrom)(fd, data, size, flags, address, length);
    return receive_from(fd, data, size, flags, address, length, CALLER);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *restrict data, size_t size, size_t data_size, int flags,
                              struct sockaddr *restrict address, socklen_t *restrict length)
{
    /* A size beyond the buffer is libc's to punish. */
    if (!may_receive(fd) || size > data_size || pointer_is_bad(address) || pointer_is_bad(length) ||
        (int)*length < 0 || !messages_may_need_translation(fd))
        return REAL(__recvfrom_chk)(fd, data, size, data_size, flags, address, length);
    return receive_from(fd, data, size, flags, address, length, CALLER);
}

/* Where it can't, the kernel says so. */
static bool can_be_written(const struct msghdr *message)
{
    return (message->msg_name == NULL || !pointer_is_bad(message->msg_name)) &&
           (message->msg_control == NULL || !pointer_is_bad(message->msg_control));
}

static NOINLINE ssize_t receive_message(int fd, struct msghdr *message, int flags, const void *caller)
{
    if (pointer_is_bad(message) || !may_receive(fd) || (message->msg_name == NULL && message->msg_control == NULL) ||
        !can_be_written(message))
        return REAL(recvmsg)(fd, message, flags);
    if (!messages_may_need_translation(fd))
        return receive_plain(fd, message, flags);
    char room[MESSAGES_RECEPTION_SIZE(CONTROL_SIZE)] __attribute__((aligned(16)));
    return messages_receive(fd, message, (struct messages_reception *)(void *)room, CONTROL_SIZE, flags, caller);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    if (start_is_ready() && !sockets_may_concern(fd, SOCKET_UPGRADED | SOCKET_FRESH)) {
        ssize_t received = REAL_BOUND(recvmsg)(fd, message, flags);
        if (received >= 0)
            forget_passed(message);
        return received;
    }
    return receive_message(fd, message, flags, CALLER);
}

/* One batch: the kernel fills our rooms, in one call, with the waiting rules of recvmmsg. */
static int receive_batch(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout,
                         const void *caller)
{
    enum { ROOM = MESSAGES_RECEPTION_SIZE(BATCH_CONTROL_ROOM) };
    char rooms[BATCH][ROOM] __attribute__((aligned(16)));
    struct mmsghdr native[BATCH];
    for (unsigned i = 0; i < count; i++) {
        struct messages_reception *reception = (struct messages_reception *)(void *)rooms[i];
        messages_prepare(fd, &messages[i].msg_hdr, reception, BATCH_CONTROL_ROOM, caller);
        native[i] = (struct mmsghdr){.msg_hdr = reception->native};
    }
    int received = REAL(recvmmsg)(fd, native, count, flags, timeout);
    int saved = errno;
    for (int i = 0; i < received; i++) {
        struct messages_reception *reception = (struct messages_reception *)(void *)rooms[i];
        reception->native = native[i].msg_hdr;
        messages_finish(fd, &messages[i].msg_hdr, reception);
        messages[i].msg_len = native[i].msg_len;
    }
    errno = saved;
    return received;
}

static int64_t now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_IN_S + now.tv_nsec;
}

/* One by one, where each needs proof: a forged one may be anywhere in a batch. The timeout is looked at after each
   datagram, as the kernel does it (recvmmsg(2), BUGS). */
static int receive_proven(int fd, struct mmsghdr *messages, unsigned count, int flags, const struct timespec *timeout,
                          const void *caller)
{
    char room[MESSAGES_RECEPTION_SIZE(CONTROL_SIZE)] __attribute__((aligned(16)));
    int64_t end_ns = timeout != NULL ? now_ns() + timeout->tv_sec * NS_IN_S + timeout->tv_nsec : INT64_MAX;
    int saved = errno, one_flags = flags & ~MSG_WAITFORONE;
    unsigned done = 0;
    while (done < count && (done == 0 || timeout == NULL || now_ns() < end_ns)) {
        ssize_t received = messages_receive(fd, &messages[done].msg_hdr, (struct messages_reception *)(void *)room,
                                            CONTROL_SIZE, one_flags, caller);
        if (received < 0)
            break;
        messages[done++].msg_len = (unsigned)received;
        if ((flags & MSG_WAITFORONE) != 0)
            one_flags |= MSG_DONTWAIT;
    }
    if (done == 0 && count > 0)
        return -1;
    errno = saved;
    return (int)done;
}

static NOINLINE int receive_messages(int fd, struct mmsghdr *messages, unsigned count, int flags,
                                     struct timespec *timeout, const void *caller)
{
    int before = errno;
    if (pointer_is_bad(messages) || !may_receive(fd))
        return REAL(recvmmsg)(fd, messages, count, flags, timeout);
    if (!messages_may_need_translation(fd)) {
        int received = REAL(recvmmsg)(fd, messages, count, flags, timeout);
        for (int i = 0; i < received; i++)
            forget_passed(&messages[i].msg_hdr);
        return received;
    }
    if (count > 0 && messages[0].msg_hdr.msg_name != NULL &&
        proof_is_needed(fd, messages[0].msg_hdr.msg_namelen, caller))
        return receive_proven(fd, messages, count, flags, timeout, caller);
    unsigned total = 0;
    for (int received = 0; total < count; total += (unsigned)received) {
        unsigned wanted = count - total < BATCH ? count - total : BATCH;
        /* Once something has come, MSG_WAITFORONE asks not to wait for more. */
        int batch_flags = total > 0 && (flags & MSG_WAITFORONE) != 0 ? flags | MSG_DONTWAIT : flags;
        received = receive_batch(fd, messages + total, wanted, batch_flags, timeout, caller);
        if (received < 0 && total > 0)
            errno = before;
        if (received < 0)
            return total > 0 ? (int)total : -1;
        if ((unsigned)received < wanted)
            return (int)(total + (unsigned)received);
    }
    return (int)total;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    if (!start_is_ready() || sockets_may_concern(fd, SOCKET_UPGRADED | SOCKET_FRESH))
        return receive_messages(fd, messages, count, flags, timeout, CALLER);
    int received = REAL_BOUND(recvmmsg)(fd, messages, count, flags, timeout);
    for (int i = 0; i < received; i++)
        forget_passed(&messages[i].msg_hdr);
    return received;
}
