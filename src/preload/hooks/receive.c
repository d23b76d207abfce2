/* Datagrams are received. What wants no address (read) needs no hook, but for the first recv(). */
#include "preload/hooks/receive.h"

#include <errno.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/base/limit.h"
#include "preload/base/pointer.h"
#include "preload/connect/background.h"
#include "preload/datagram/messages.h"
#include "preload/hooks/scm_rights.h"
#include "preload/peers/latest_peer.h"
#include "preload/peers/outbound.h"
#include "preload/peers/view.h"
#include "preload/queries/queries.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"
#include "preload/upgrade/spoof_check.h"

/* Messages that one recvmmsg() translates at a time, and the bytes that they may take: on the stack, so not many. */
#define BATCH      4u
#define BATCH_SIZE MESSAGES_RECEPTION_SIZE(CONTROL_SIZE)

NOINLINE ssize_t receive_look_at_message(struct msghdr *message, ssize_t received)
{
    if (message->msg_control != NULL && message->msg_controllen != 0 && guard_may_act())
        scm_rights_each(message, sockets_forget);
    return impostor_hide(message->msg_name, message->msg_namelen, received);
}

static inline ssize_t note_plain_source(struct sockaddr *address, const socklen_t *length, ssize_t received)
{
    return __builtin_expect(received >= 0, 1) && address != NULL && impostor_may_be(address, *length)
               ? impostor_hide(address, *length, received)
               : received;
}

static ssize_t receive_plain(int fd, struct msghdr *message, int flags)
{
    return receive_note_plain(message, REAL(recvmsg)(fd, message, flags));
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

/* Whether another thread has exchanged the socket. This one was woken then, having received nothing, and has to
   receive again. */
static inline bool was_exchanged(int fd, ssize_t received)
{
    return __builtin_expect(received == 0, 0) && sockets_are_flagged(fd, SOCKET_UPGRADED);
}

static NOINLINE ssize_t receive_looked_at(int fd, void *data, size_t size, int flags)
{
    if (queries_may_end(fd) && queries_are_awaited(fd, flags))
        return queries_receive_from(fd, data, size, flags, NULL, NULL, NULL);
    if (may_receive(fd) && spoof_check_is_known_needed(fd)) {
        struct sockaddr_storage source;
        socklen_t source_length = sizeof source;
        return spoof_check_receive(fd, data, size, flags, &source, &source_length);
    }
    bool exchangeable = way_of(fd, false) == MAY_BE_EXCHANGED;
    ssize_t received = REAL(recv)(fd, data, size, flags);
    return exchangeable && was_exchanged(fd, received) ? REAL(recv)(fd, data, size, flags) : received;
}

/* What TCP says of data out of band that nobody has sent; the placeholder of a race knows none at all. */
static inline bool asks_placeholder(int fd, int flags)
{
    return __builtin_expect((flags & MSG_OOB) != 0, 0) && background_is(fd);
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags)
{
    if (asks_placeholder(fd, flags)) {
        errno = EINVAL;
        return -1;
    }
    if (way_of(fd, false) == LEFT_ALONE)
        return REAL_BOUND(recv)(fd, data, size, flags);
    return receive_looked_at(fd, data, size, flags);
}

EXPORT ssize_t __recv_chk(int fd, void *data, size_t size, size_t data_size, int flags)
{
    /* A size beyond the buffer is libc's to punish. */
    if (size > data_size || way_of(fd, false) == LEFT_ALONE)
        return REAL(__recv_chk)(fd, data, size, data_size, flags);
    return receive_looked_at(fd, data, size, flags);
}

/* From the peer that was sent to last, mostly. */
static NOINLINE ssize_t receive_known(int fd, void *data, size_t size, int flags, struct sockaddr *address,
                                      socklen_t *length, const void *caller)
{
    if (queries_may_end(fd) && queries_are_awaited(fd, flags))
        return queries_receive_from(fd, data, size, flags, address, length, caller);
    struct sockaddr_storage source;
    socklen_t source_length = sizeof source;
    source.ss_family = AF_UNSPEC;
    ssize_t received = spoof_check_is_known_needed(fd)
                           ? spoof_check_receive(fd, data, size, flags, &source, &source_length)
                           : REAL_BOUND(recvfrom)(fd, data, size, flags, (struct sockaddr *)&source, &source_length);
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
static ssize_t receive_translated(int fd, void *data, size_t size, int flags, struct sockaddr *address,
                                  socklen_t *length, const void *caller)
{
    struct sockaddr_storage source;
    socklen_t source_length = sizeof source;
    source.ss_family = AF_UNSPEC;
    ssize_t received = spoof_check_is_needed(fd, *length, caller)
                           ? spoof_check_receive(fd, data, size, flags, &source, &source_length)
                           : REAL(recvfrom)(fd, data, size, flags, (struct sockaddr *)&source, &source_length);
    if (received >= 0)
        messages_hand_out_source(fd, &source, source_length, address, length, caller);
    return received;
}

static NOINLINE ssize_t receive_from(int fd, void *data, size_t size, int flags, struct sockaddr *address,
                                     socklen_t *length, const void *caller);

static NOINLINE ssize_t receive_plain_from(int fd, void *data, size_t size, int flags, struct sockaddr *address,
                                           socklen_t *length, const void *caller)
{
    if (queries_may_end(fd) && queries_are_awaited(fd, flags))
        return queries_receive_from(fd, data, size, flags, address, length, caller);
    bool has_room = address != NULL && pointer_can_read(length, sizeof *length);
    socklen_t room = has_room ? *length : 0;
    ssize_t received = REAL(recvfrom)(fd, data, size, flags, address, length);
    if (!was_exchanged(fd, received))
        return note_plain_source(address, length, received);
    if (has_room)
        *length = room;
    return receive_from(fd, data, size, flags, address, length, caller);
}

static NOINLINE ssize_t receive_from(int fd, void *data, size_t size, int flags, struct sockaddr *address,
                                     socklen_t *length, const void *caller)
{
    if (queries_may_end(fd) && queries_are_awaited(fd, flags))
        return queries_receive_from(fd, data, size, flags, address, length, caller);
    bool acts = may_receive(fd);
    if (acts && address == NULL && spoof_check_is_known_needed(fd))
        return receive_looked_at(fd, data, size, flags);
    if (acts && way_of(fd, true) == MAY_BE_EXCHANGED)
        return receive_plain_from(fd, data, size, flags, address, length, caller);
    if (acts && address != NULL && messages_may_need_translation(fd) && pointer_can_write_address(address, length))
        return receive_translated(fd, data, size, flags, address, length, caller);
    return note_plain_source(address, length, REAL(recvfrom)(fd, data, size, flags, address, length));
}

/* The fast path: sockets of which nothing is translated, and those that may become such while this thread sleeps; all
   others go further. */
EXPORT ssize_t recvfrom(int fd, void *restrict data, size_t size, int flags, struct sockaddr *restrict address,
                        socklen_t *restrict length)
{
    enum way way = way_of(fd, address != NULL);
    if (way == LEFT_ALONE)
        return note_plain_source(address, length, REAL_BOUND(recvfrom)(fd, data, size, flags, address, length));
    if (way == MAY_BE_EXCHANGED)
        return receive_plain_from(fd, data, size, flags, address, length, CALLER);
    if (sockets_is_usual_upgraded(fd) && address != NULL && pointer_can_write_address(address, length))
        return receive_known(fd, data, size, flags, address, length, CALLER);
    return receive_from(fd, data, size, flags, address, length, CALLER);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *restrict data, size_t size, size_t data_size, int flags,
                              struct sockaddr *restrict address, socklen_t *restrict length)
{
    /* A size beyond the buffer is libc's to punish. */
    if (size > data_size || way_of(fd, address != NULL) == LEFT_ALONE)
        return note_plain_source(address, length,
                                 REAL(__recvfrom_chk)(fd, data, size, data_size, flags, address, length));
    return receive_from(fd, data, size, flags, address, length, CALLER);
}

/* Where it can't, the kernel says so. */
static bool can_be_written(const struct msghdr *message)
{
    const socklen_t most = sizeof(struct sockaddr_in);
    const size_t most_control = CONTROL_SIZE + CONTROL_EXTRA_SIZE; /* of more nothing is used */
    return pointer_can_write(message, sizeof *message) &&
           (message->msg_name == NULL ||
            pointer_can_write(message->msg_name, message->msg_namelen < most ? message->msg_namelen : most)) &&
           (message->msg_control == NULL ||
            pointer_can_write(message->msg_control,
                              message->msg_controllen < most_control ? message->msg_controllen : most_control));
}

static ssize_t receive_message_translated(int fd, struct msghdr *message, int flags, const void *caller)
{
    char room[MESSAGES_RECEPTION_SIZE(CONTROL_SIZE)] __attribute__((aligned(16)));
    return messages_receive(fd, message, (struct messages_reception *)(void *)room, CONTROL_SIZE, flags, caller);
}

/* What a reception writes over, and another one needs. */
struct room {
    socklen_t name;
    size_t control;
};

static struct room room_of(const struct msghdr *message)
{
    return (struct room){message->msg_namelen, message->msg_controllen};
}

static void give_room(struct msghdr *message, struct room room)
{
    message->msg_namelen = room.name;
    message->msg_controllen = room.control;
}

static NOINLINE ssize_t receive_plain_message(int fd, struct msghdr *message, int flags, const void *caller)
{
    if (queries_may_end(fd) && queries_are_awaited(fd, flags))
        return queries_receive(fd, message, flags, caller);
    struct room room = pointer_can_read(message, sizeof *message) ? room_of(message) : (struct room){0};
    ssize_t received = REAL(recvmsg)(fd, message, flags);
    if (was_exchanged(fd, received)) {
        give_room(message, room);
        return receive_message(fd, message, flags, caller);
    }
    return receive_note_plain(message, received);
}

NOINLINE ssize_t receive_message(int fd, struct msghdr *message, int flags, const void *caller)
{
    if (queries_may_end(fd) && queries_are_awaited(fd, flags))
        return queries_receive(fd, message, flags, caller);
    if (!may_receive(fd) || !can_be_written(message))
        return receive_note_plain(message, REAL(recvmsg)(fd, message, flags));
    if ((message->msg_name != NULL || message->msg_control != NULL || spoof_check_is_known_needed(fd)) &&
        messages_may_need_translation(fd))
        return receive_message_translated(fd, message, flags, caller);
    if (way_of(fd, true) == MAY_BE_EXCHANGED)
        return receive_plain_message(fd, message, flags, caller);
    return receive_plain(fd, message, flags);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    enum way way = way_of(fd, true);
    if (way != LEFT_ALONE)
        return way == MAY_BE_EXCHANGED ? receive_plain_message(fd, message, flags, CALLER)
                                       : receive_message(fd, message, flags, CALLER);
    return receive_note_plain(message, REAL_BOUND(recvmsg)(fd, message, flags));
}

/* A batch of messages, and where the kernel puts them. */
struct batch {
    struct mmsghdr native[BATCH];
    struct messages_reception *receptions[BATCH];
    char rooms[BATCH_SIZE] __attribute__((aligned(16)));
};

/* As many of the messages as there is room for; one at least. */
static unsigned prepare_batch(int fd, const struct mmsghdr *messages, unsigned count, struct batch *batch,
                              const void *caller)
{
    size_t used = 0;
    unsigned prepared = 0;
    for (; prepared < count && prepared < BATCH; prepared++) {
        const struct msghdr *message = &messages[prepared].msg_hdr;
        size_t room = message->msg_control == NULL             ? 0
                      : message->msg_controllen < CONTROL_SIZE ? message->msg_controllen
                                                               : CONTROL_SIZE;
        size_t size = room > 0 ? MESSAGES_RECEPTION_SIZE(room) : sizeof(struct messages_reception);
        if (size > sizeof batch->rooms - used)
            break;
        struct messages_reception *reception = (struct messages_reception *)(void *)(batch->rooms + used);
        messages_prepare(fd, message, reception, room, caller);
        if (room == 0) { /* nothing is proven here, so there is no room for what proves it */
            reception->native.msg_control = message->msg_control;
            reception->native.msg_controllen = message->msg_controllen;
        }
        batch->native[prepared] = (struct mmsghdr){.msg_hdr = reception->native};
        batch->receptions[prepared] = reception;
        used += size;
    }
    return prepared;
}

/* One batch: the kernel fills our rooms, in one call, with the waiting rules of recvmmsg. *wanted says how many could
   have come. */
static int receive_batch(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout,
                         const void *caller, unsigned *wanted)
{
    struct batch batch;
    *wanted = prepare_batch(fd, messages, count, &batch, caller);
    int received = REAL(recvmmsg)(fd, batch.native, *wanted, flags, timeout);
    int saved = errno;
    for (int i = 0; i < received; i++) {
        batch.receptions[i]->native = batch.native[i].msg_hdr;
        messages_finish(fd, &messages[i].msg_hdr, batch.receptions[i]);
        messages[i].msg_len = batch.native[i].msg_len;
    }
    errno = saved;
    return received;
}

/* One by one, where each needs proof: a forged one may be anywhere in a batch, or an answer to a question of ours.
   The timeout is looked at after each datagram, as the kernel does it (recvmmsg(2), BUGS). */
static int receive_proven(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout,
                          const void *caller)
{
    if (timeout != NULL && !limit_is_valid(timeout))
        return REAL(recvmmsg)(fd, messages, count, flags, timeout);
    char room[MESSAGES_RECEPTION_SIZE(CONTROL_SIZE)] __attribute__((aligned(16)));
    struct limit limit = limit_of(timeout);
    int saved = errno, one_flags = flags & ~MSG_WAITFORONE;
    unsigned done = 0;
    while (done < count && (done == 0 || limit_has_time(&limit))) {
        struct msghdr *message = &messages[done].msg_hdr;
        ssize_t received = queries_are_awaited(fd, flags)
                               ? queries_receive(fd, message, one_flags, caller)
                               : messages_receive(fd, message, (struct messages_reception *)(void *)room,
                                                  CONTROL_SIZE, one_flags, caller);
        if (received < 0)
            break;
        messages[done++].msg_len = (unsigned)received;
        if ((flags & MSG_WAITFORONE) != 0)
            one_flags |= MSG_DONTWAIT;
    }
    if (done == 0 && count > 0)
        return -1;
    if (timeout != NULL && !pointer_can_write(timeout, sizeof *timeout)) {
        errno = EFAULT; /* as the kernel says it, with all of them received */
        return -1;
    }
    if (timeout != NULL && !limit.forever) /* what is left of it, as the kernel says */
        *timeout = limit_left(&limit);
    errno = saved;
    return (int)done;
}

static bool any_needs_proof(int fd, const struct mmsghdr *messages, unsigned count, const void *caller)
{
    if (spoof_check_is_known_needed(fd))
        return true;
    for (unsigned i = 0; i < count; i++)
        if (messages[i].msg_hdr.msg_name != NULL)
            return spoof_check_is_needed(fd, messages[i].msg_hdr.msg_namelen, caller);
    return false;
}

static int receive_all_translated(int fd, struct mmsghdr *messages, unsigned count, int flags,
                                  struct timespec *timeout, const void *caller)
{
    int before = errno;
    if (queries_are_awaited(fd, flags) || any_needs_proof(fd, messages, count, caller))
        return receive_proven(fd, messages, count, flags, timeout, caller);
    unsigned total = 0;
    for (int received = 0; total < count; total += (unsigned)received) {
        unsigned wanted;
        /* Once something has come, MSG_WAITFORONE asks not to wait for more. */
        int batch_flags = total > 0 && (flags & MSG_WAITFORONE) != 0 ? flags | MSG_DONTWAIT : flags;
        received = receive_batch(fd, messages + total, count - total, batch_flags, timeout, caller, &wanted);
        if (received < 0 && total > 0)
            errno = before;
        if (received < 0)
            return total > 0 ? (int)total : -1;
        if ((unsigned)received < wanted)
            return (int)(total + (unsigned)received);
    }
    return (int)total;
}

/* How many messages can be given back whole. The kernel ends at the first one that can't: with its error, or with
   those before it. */
static unsigned count_good(struct mmsghdr *messages, unsigned count)
{
    unsigned good = 0;
    while (good < count && pointer_can_write(&messages[good], sizeof messages[good]) &&
           can_be_written(&messages[good].msg_hdr))
        good++;
    return good;
}

NOINLINE int receive_look_at_messages(struct mmsghdr *messages, int received)
{
    for (int i = 0; i < received; i++)
        receive_look_at_message(&messages[i].msg_hdr, 0);
    return received;
}

static int receive_all_plain(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    return receive_note_all_plain(messages, REAL(recvmmsg)(fd, messages, count, flags, timeout));
}

NOINLINE int receive_messages(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout,
                              const void *caller)
{
    if (count == 0 || !pointer_can_read(messages, sizeof *messages) || !may_receive(fd))
        return receive_all_plain(fd, messages, count, flags, timeout);
    if (messages_may_need_translation(fd) || (queries_may_end(fd) && queries_are_awaited(fd, flags))) {
        unsigned good = count_good(messages, count);
        return good == 0 || (timeout != NULL && !pointer_can_read(timeout, sizeof *timeout))
                   ? receive_all_plain(fd, messages, count, flags, timeout)
                   : receive_all_translated(fd, messages, good, flags, timeout, caller);
    }
    struct room room = room_of(&messages[0].msg_hdr);
    bool exchangeable = way_of(fd, true) == MAY_BE_EXCHANGED;
    int received = receive_all_plain(fd, messages, count, flags, timeout);
    if (received < 1 || !exchangeable || !was_exchanged(fd, messages[0].msg_len))
        return received;
    give_room(&messages[0].msg_hdr, room);
    return receive_all_translated(fd, messages, count, flags, timeout, caller);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, messages_flags wanted, struct timespec *timeout)
{
    int flags = (int)wanted;
    if (way_of(fd, true) == LEFT_ALONE)
        return receive_note_all_plain(messages, REAL_BOUND(recvmmsg)(fd, messages, count, flags, timeout));
    return receive_messages(fd, messages, count, flags, timeout, CALLER);
}
