/* Datagrams are received. What wants no address (read) needs no hook, but for the first recv(). */
#include <sys/socket.h>
#include <time.h>

#include "hooks/passed.h"
#include "runtime/guard.h"
#include "runtime/hook.h"
#include "runtime/latest_peer.h"
#include "runtime/messages.h"
#include "runtime/outbound.h"
#include "runtime/pointer.h"
#include "runtime/proof.h"
#include "runtime/real.h"
#include "runtime/sockets.h"
#include "runtime/view.h"

/* Messages that one recvmmsg() translates at a time, on the stack. */
#define BATCH              16u
#define BATCH_CONTROL_ROOM 256u

#define NS_IN_S INT64_C(1000000000)

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

/* On a socket that needs no proof. From the peer that was sent to last, mostly. */
static NOINLINE ssize_t receive_known(int fd, void *data, size_t size, int flags, struct sockaddr *address,
                                      socklen_t *length, const void *caller)
{
    struct sockaddr_storage source;
    socklen_t source_length = sizeof source;
    source.ss_family = AF_UNSPEC;
    ssize_t received = REAL_BOUND(recvfrom)(fd, data, size, flags, (struct sockaddr *)&source, &source_length);
    if (received < 0)
        return received;
    const struct sockaddr_in6 *native = (const struct sockaddr_in6 *)&source;
    struct sockaddr_in shown = {.sin_family = AF_INET, .sin_port = native->sin6_port};
    if (source.ss_family == AF_INET6 && !atomic_load_explicit(&outbound_any, memory_order_relaxed) &&
        latest_peer_alias(&native->sin6_addr, &shown.sin_addr))
        view_copy_out(&shown, sizeof shown, address, length);
    else
        messages_hand_out_source(fd, &source, source_length, address, length, caller);
    return received;
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
    if (sockets_is_usual_upgraded(fd) && !pointer_is_bad(address) && !pointer_is_bad(length) && (int)*length >= 0)
        return receive_known(fd, data, size, flags, address, length, CALLER);
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
