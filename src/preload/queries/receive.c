/* Receives the answers to a program's own questions; called by the hooks of recvfrom() and its kin, and of poll(). */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/base/cancellation.h"
#include "preload/base/clock.h"
#include "preload/base/guard.h"
#include "preload/base/pointer.h"
#include "preload/datagram/messages.h"
#include "preload/queries/answers.h"
#include "preload/queries/queries.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"

#define DATAGRAM_MOST 65536

/* A call that receives. */
struct call {
    int fd, flags;
    struct msghdr *message; /* NULL: nothing is handed out */
    const void *caller;
    uint32_t socket;
    bool nonblocking;
    bool hurries; /* an answer waits no longer */
    bool again;   /* there is nothing for the program yet */
};

/* Mapped while something is done, never while waiting. */
struct work {
    struct answers_room answers;
    struct msghdr native;
    struct sockaddr_in source;
    uint8_t incoming[DATAGRAM_MOST];
    char reception[MESSAGES_RECEPTION_SIZE(CONTROL_SIZE)] __attribute__((aligned(16)));
};

static uint32_t serial_of(int fd)
{
    const struct socket_record *record = sockets_find(fd);
    return record != NULL ? atomic_load_explicit(&record->serial, memory_order_relaxed) : 0;
}

bool queries_are_awaited(int fd, int flags)
{
    uint32_t socket = serial_of(fd);
    return (flags & (MSG_ERRQUEUE | MSG_OOB)) == 0 && socket != 0 && guard_may_act() && pending_has(socket);
}

/* How long a held answer has to wait: 0 is no longer, -1 where there is none. */
static int time_left_ms(uint32_t socket)
{
    int least = -1;
    for (unsigned place = 0; place < PENDING_MOST && least != 0; place++) {
        struct pending *pending = pending_of(socket, place);
        if (pending == NULL)
            continue;
        if (pending->answer_length > 0) {
            int64_t left = pending->answer_ms + (int64_t)settings_current()->resolution_delay_ms - clock_now_ms();
            if (pending->other_length > 0 || left < 0)
                left = 0;
            if (least < 0 || left < least)
                least = (int)left;
        }
        pending_give(pending);
    }
    return least;
}

static ssize_t receive(const struct call *call, struct work *work, int flags)
{
    struct msghdr *native = &work->native;
    struct iovec part = {.iov_base = work->incoming, .iov_len = sizeof work->incoming};
    memset(native, 0, sizeof *native);
    if (call->message != NULL) {
        native->msg_control = call->message->msg_control;
        native->msg_controllen = call->message->msg_controllen;
    }
    native->msg_name = &work->source;
    native->msg_namelen = sizeof work->source;
    native->msg_iov = &part;
    native->msg_iovlen = 1;
    ssize_t received = messages_receive(call->fd, native, (struct messages_reception *)(void *)work->reception,
                                        CONTROL_SIZE, (flags | MSG_DONTWAIT) & ~MSG_TRUNC, call->caller);
    native->msg_iov = NULL;
    return received;
}

enum match { STRANGE, ANSWER, OURS };

static enum match match(const struct pending *pending, struct work *work, size_t length)
{
    const struct sockaddr_in *server = &pending->server;
    if (server->sin_port != 0 &&
        (work->source.sin_port != server->sin_port || work->source.sin_addr.s_addr != server->sin_addr.s_addr))
        return STRANGE;
    if (dns_reply_read(work->incoming, length, pending->other_id, &pending->other, &work->answers.other))
        return pending->kind == PENDING_NAME ? ANSWER : OURS;
    return pending->kind == PENDING_ADDRESSES && !pending->answered && pending->answer_length == 0 &&
                   dns_reply_read(work->incoming, length, pending->query.id, &pending->query.question,
                                  &work->answers.answer)
               ? ANSWER
               : STRANGE;
}

static struct pending *find(uint32_t socket, struct work *work, size_t length, enum match *found)
{
    for (unsigned place = 0; place < PENDING_MOST; place++) {
        struct pending *pending = pending_of(socket, place);
        *found = pending != NULL ? match(pending, work, length) : STRANGE;
        if (*found != STRANGE)
            return pending;
        if (pending != NULL)
            pending_give(pending);
    }
    return NULL;
}

/* Our question has its answer; the caller has the entry no longer. Whether the program's is complete by that. */
static bool keep_ours(struct pending *pending, const struct work *work, size_t length)
{
    bool complete = pending->answer_length > 0;
    if (pending->answered) {
        pending_end(pending);
        return false;
    }
    if (length <= sizeof pending->other_answer) {
        memcpy(pending->other_answer, work->incoming, length);
        pending->other_length = (uint16_t)length;
    }
    pending_give(pending);
    return complete;
}

/* Whether the program's answer has to wait for ours. */
static bool must_wait(const struct call *call, const struct pending *pending, const struct work *work, size_t length)
{
    const struct dns_reply *answer = &work->answers.answer;
    return pending->kind == PENDING_ADDRESSES && pending->other_length == 0 && dns_rewrite_is_due(answer) &&
           answer->code == DNS_CODE_NO_ERROR && (answer->count == 0 || !call->nonblocking) &&
           settings_current()->resolution_delay_ms > 0 && length <= sizeof pending->answer;
}

static size_t room_of(const struct msghdr *message)
{
    size_t size = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++)
        size += message->msg_iov[i].iov_len;
    return size;
}

static ssize_t hand_out(const struct call *call, const struct sockaddr_in *source, const uint8_t *bytes,
                        size_t length)
{
    struct msghdr *message = call->message;
    size_t done = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen && done < length; i++) {
        const struct iovec *part = &message->msg_iov[i];
        size_t size = part->iov_len < length - done ? part->iov_len : length - done;
        memcpy(part->iov_base, bytes + done, size);
        done += size;
    }
    if (message->msg_name != NULL) {
        memcpy(message->msg_name, source,
               message->msg_namelen < sizeof *source ? message->msg_namelen : sizeof *source);
        message->msg_namelen = sizeof *source;
    }
    message->msg_flags = done < length ? MSG_TRUNC : 0;
    message->msg_controllen = 0;
    return (ssize_t)((call->flags & MSG_TRUNC) != 0 ? length : done);
}

/* What the kernel said of a datagram that the program gets as it came. */
static ssize_t hand_out_received(const struct call *call, const struct work *work, const uint8_t *bytes,
                                 size_t length)
{
    ssize_t size = hand_out(call, &work->source, bytes, length);
    call->message->msg_flags |= work->native.msg_flags & ~MSG_TRUNC;
    call->message->msg_controllen = work->native.msg_controllen;
    return size;
}

/* The length of what is made of an answer; 0: it is handed out as it came. */
static size_t make(const struct call *call, const struct pending *pending, const uint8_t *bytes, size_t length,
                   struct work *work)
{
    const struct dns_query *query = &pending->query;
    size_t room = dns_query_room(query, false), size = room_of(call->message);
    if (size < room)
        room = size < DNS_UDP_MAX ? DNS_UDP_MAX : size;
    if (pending->kind == PENDING_NAME) {
        struct answers_message name = {bytes, length, pending->other_id, &pending->other};
        return answers_with_name(query, &name, room, &work->answers);
    }
    if (pending->other_length == 0)
        return 0;
    struct answers_message answer = {bytes, length, query->id, &query->question};
    struct answers_message aaaa = {pending->other_answer, pending->other_length, pending->other_id, &pending->other};
    return answers_with_aliases(query, &answer, &aaaa, room, &work->answers);
}

/* The answer that is here goes to the program. */
static ssize_t deliver(const struct call *call, struct pending *pending, bool held, size_t length, struct work *work)
{
    GUARD(guard);
    GUARD_ENTER_LOOKUP(guard);
    const uint8_t *bytes = held ? pending->answer : work->incoming;
    size_t made = make(call, pending, bytes, length, work);
    const uint8_t *result = made > 0 ? work->answers.result : bytes;
    size_t result_length = made > 0 ? made : length;
    ssize_t size = held ? hand_out(call, &pending->source, result, result_length)
                        : hand_out_received(call, work, result, result_length);
    if ((call->flags & MSG_PEEK) != 0) {
        pending_give(pending);
    } else if (pending->kind == PENDING_NAME || pending->other_length > 0) {
        pending_end(pending);
    } else {
        pending->answered = true;
        pending->answer_length = 0;
        pending_give(pending);
    }
    return size;
}

static ssize_t take_held(const struct call *call, struct work *work, bool *found)
{
    int64_t now_ms = clock_now_ms();
    for (unsigned place = 0; place < PENDING_MOST; place++) {
        struct pending *pending = pending_of(call->socket, place);
        if (pending == NULL)
            continue;
        *found = pending->answer_length > 0 &&
                 (pending->other_length > 0 || call->hurries ||
                  now_ms - pending->answer_ms >= (int64_t)settings_current()->resolution_delay_ms);
        if (*found)
            return deliver(call, pending, true, pending->answer_length, work);
        pending_give(pending);
    }
    return 0;
}

static ssize_t take_next(struct call *call, struct work *work)
{
    enum match found;
    ssize_t received = receive(call, work, call->flags);
    if (received < 0) {
        call->again = !call->nonblocking && (errno == EAGAIN || errno == EWOULDBLOCK);
        return -1;
    }
    size_t length = (size_t)received;
    struct pending *pending = find(call->socket, work, length, &found);
    if (pending == NULL)
        return hand_out_received(call, work, work->incoming, length);
    bool waits = found == ANSWER && must_wait(call, pending, work, length);
    if (found == ANSWER && !waits)
        return deliver(call, pending, false, length, work);
    if ((call->flags & MSG_PEEK) != 0) { /* it is not to stay there */
        struct msghdr nothing = {0};
        REAL(recvmsg)(call->fd, &nothing, MSG_DONTWAIT);
    }
    call->again = true;
    if (waits) {
        memcpy(pending->answer, work->incoming, length);
        pending->answer_length = (uint16_t)length;
        pending->answer_ms = clock_now_ms();
        pending->source = work->source;
        pending_give(pending);
    } else {
        keep_ours(pending, work, length);
    }
    return -1;
}

static struct work *work_make(void)
{
    struct work *work = mmap(NULL, sizeof *work, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return work == MAP_FAILED ? NULL : work;
}

static ssize_t take(struct call *call)
{
    CANCELLATION_OFF(cancellation);
    struct work *work = work_make();
    bool found = false;
    call->again = false;
    if (work == NULL)
        return REAL(recvmsg)(call->fd, call->message, call->flags);
    ssize_t result = take_held(call, work, &found);
    if (!found)
        result = take_next(call, work);
    int error = errno;
    munmap(work, sizeof *work);
    errno = error;
    return result;
}

/* Sleeps until there is something: as the program's own call would, but that nothing is taken. */
static ssize_t await(const struct call *call)
{
    char room[MESSAGES_RECEPTION_SIZE(0)] __attribute__((aligned(16)));
    uint8_t byte;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return messages_receive(call->fd, &message, (struct messages_reception *)(void *)room, 0,
                            (call->flags & ~MSG_TRUNC) | MSG_PEEK, call->caller);
}

static bool can_be_filled(const struct msghdr *message)
{
    if (!pointer_can_write(message, sizeof *message) || message->msg_iovlen > UIO_MAXIOV ||
        !pointer_can_read(message->msg_iov, message->msg_iovlen * sizeof *message->msg_iov) ||
        (message->msg_name != NULL && !pointer_can_write(message->msg_name, message->msg_namelen)))
        return false;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++)
        if (message->msg_iov[i].iov_len > 0 &&
            !pointer_can_write(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len))
            return false;
    return true;
}

ssize_t queries_receive(int fd, struct msghdr *message, int flags, const void *caller)
{
    int saved = errno;
    if (!can_be_filled(message))
        return REAL(recvmsg)(fd, message, flags);
    struct call call = {.fd = fd,
                        .flags = flags,
                        .message = message,
                        .caller = caller,
                        .socket = serial_of(fd),
                        .nonblocking = (flags & MSG_DONTWAIT) != 0 || kernel_is_nonblocking(fd)};
    if (sockets_has(fd, SOCKET_FRESH))
        messages_prepare_to_wait(fd);
    for (;;) {
        int left_ms = time_left_ms(call.socket);
        if (left_ms > 0) {
            struct pollfd polled = {.fd = fd, .events = POLLIN};
            call.hurries = REAL(poll)(&polled, 1, left_ms) <= 0;
        } else if (left_ms < 0 && !call.nonblocking && await(&call) < 0) {
            return -1;
        }
        ssize_t size = take(&call);
        if (size >= 0)
            errno = saved;
        if (!call.again)
            return size;
        errno = saved;
    }
}

ssize_t queries_receive_from(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length,
                             const void *caller)
{
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    bool wants_source = address != NULL && pointer_can_write_address(address, length);
    if (wants_source) {
        message.msg_name = address;
        message.msg_namelen = *length;
    }
    ssize_t received = queries_receive(fd, &message, flags, caller);
    if (received >= 0 && wants_source)
        *length = message.msg_namelen;
    return received;
}

bool queries_leave_something(int fd)
{
    CANCELLATION_OFF(cancellation);
    struct call call = {.fd = fd, .socket = serial_of(fd)};
    int saved = errno;
    struct work *work = work_make();
    bool left = work == NULL;
    while (!left) {
        enum match found;
        ssize_t received = receive(&call, work, MSG_PEEK);
        if (received < 0) {
            left = errno != EAGAIN && errno != EWOULDBLOCK;
            break;
        }
        struct pending *pending = find(call.socket, work, (size_t)received, &found);
        left = found != OURS;
        if (pending != NULL && found == ANSWER)
            pending_give(pending);
        if (left)
            break;
        struct msghdr nothing = {0};
        REAL(recvmsg)(fd, &nothing, MSG_DONTWAIT);
        left = keep_ours(pending, work, (size_t)received);
    }
    if (work != NULL)
        munmap(work, sizeof *work);
    errno = saved;
    return left || time_left_ms(call.socket) == 0;
}
