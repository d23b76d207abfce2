/* Moves the bytes of a relay; called by relay_process.c, in the relay's own process. */
#include "preload/relay/relay_pump.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/ftp/ftp_filter.h"

#define INPUT_SIZE  4096
#define OUTPUT_SIZE 8192
/* When the program has gone, how long its peer is waited for to read the next OUTPUT_SIZE bytes at most; the kernel
   goes on with what it has. */
#ifndef LAST_WAIT_S
#define LAST_WAIT_S 30
#endif

/* One direction. */
struct flow {
    int from, to;
    uint8_t input[INPUT_SIZE];
    size_t input_size;
    bool input_ended;
    bool is_before_mark; /* the next byte is urgent, and waits until `input` was consumed */
    bool is_urgent;      /* the last byte of `input` is, or of `output` when that was consumed */
    uint8_t output[OUTPUT_SIZE];
    size_t output_start, output_end;
    bool output_ended; /* nothing comes behind it */
    bool told;         /* the other side has heard of that */
};

enum side { LOCAL, NETWORK, SIDES };

/* As that call has it, whatever libc's struct timespec is. */
struct kernel_time {
    long seconds, nanoseconds;
};

/* Static, not on the stack: that is the program's, and may be small. */
static struct pump {
    struct flow flows[SIDES]; /* by where they come from */
    int sockets[SIDES];
    bool is_gone[SIDES];          /* nobody is there to read or write any more */
    bool program_left;            /* it has closed its end; what it wrote before may still have to be read */
    struct kernel_time last_wait; /* what is left of LAST_WAIT_S */
    struct ftp_filter filter;
} pump;

static enum side other(enum side side)
{
    return side == LOCAL ? NETWORK : LOCAL;
}

static bool is_temporary(int error)
{
    return error == EAGAIN || error == EINTR || error == ENOMEM || error == ENOBUFS;
}

static void discard_output(struct flow *flow)
{
    flow->output_start = flow->output_end = 0;
}

static void lose(enum side side)
{
    pump.is_gone[side] = true;
    pump.flows[side].input_ended = true;
    discard_output(&pump.flows[other(side)]);
}

static bool is_at_mark(int socket)
{
    int at_mark = 0;
    return syscall(SYS_ioctl, socket, SIOCATMARK, &at_mark) == 0 && at_mark != 0;
}

static bool has_room(const struct flow *flow)
{
    size_t room = flow->is_before_mark ? 1 : INPUT_SIZE;
    return !flow->input_ended && !flow->is_urgent && flow->input_size < room;
}

/* An urgent byte is read by itself, and nothing behind it before it has been passed on. */
static void read_some(enum side side)
{
    struct flow *flow = &pump.flows[side];
    bool urgent = is_at_mark(flow->from);
    size_t room = urgent ? 1 : INPUT_SIZE - flow->input_size;
    flow->is_before_mark = urgent && flow->input_size > 0;
    if (flow->is_before_mark)
        return;
    long size = syscall(SYS_read, flow->from, flow->input + flow->input_size, room);
    if (size > 0) {
        flow->input_size += (size_t)size;
        flow->is_urgent = urgent;
    } else if (size == 0) {
        flow->input_ended = true;
    } else if (!is_temporary(errno)) {
        lose(side);
    }
}

/* What goes out next, up to an urgent byte that stands behind it. */
static long write_piece(const struct flow *flow)
{
    const uint8_t *start = flow->output + flow->output_start;
    size_t size = flow->output_end - flow->output_start;
    if (!flow->is_urgent || flow->input_size > 0)
        return syscall(SYS_write, flow->to, start, size);
    if (size > 1)
        return syscall(SYS_write, flow->to, start, size - 1);
    long sent = syscall(SYS_sendto, flow->to, start, size, (long)(MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT), NULL, 0L);
    /* A kernel before 5.15 has no urgent data on such sockets. */
    return sent < 0 && errno == EOPNOTSUPP ? syscall(SYS_write, flow->to, start, size) : sent;
}

/* Whether there is room for more output than before. */
static bool write_some(enum side from)
{
    struct flow *flow = &pump.flows[from];
    bool had_output = flow->output_start < flow->output_end;
    while (flow->output_start < flow->output_end) {
        long size = write_piece(flow);
        if (size < 0 && is_temporary(errno))
            return flow->output_start > 0;
        if (size < 0) /* the other side reads no more; what it sends may still come */
            discard_output(flow);
        else
            flow->output_start += (size_t)size;
    }
    if (had_output && from == LOCAL)
        pump.last_wait = (struct kernel_time){.seconds = LAST_WAIT_S};
    discard_output(flow);
    if (flow->input_size == 0)
        flow->is_urgent = false;
    if (flow->output_ended && !flow->told) {
        syscall(SYS_shutdown, flow->to, (long)SHUT_WR);
        flow->told = true;
    }
    return had_output;
}

static void make_room(struct flow *flow)
{
    if (flow->output_start == 0)
        return;
    memmove(flow->output, flow->output + flow->output_start, flow->output_end - flow->output_start);
    flow->output_end -= flow->output_start;
    flow->output_start = 0;
}

static struct ftp_flow offer(struct flow *flow)
{
    make_room(flow);
    return (struct ftp_flow){.input = flow->input,
                             .input_size = flow->input_size,
                             .input_ended = flow->input_ended,
                             .output = flow->output + flow->output_end,
                             .output_room = OUTPUT_SIZE - flow->output_end};
}

static void take_back(struct flow *flow, const struct ftp_flow *offered)
{
    if (offered->input_size > 0)
        memmove(flow->input, offered->input, offered->input_size);
    flow->input_size = offered->input_size;
    flow->output_end = OUTPUT_SIZE - offered->output_room;
    flow->output_ended = flow->output_ended || offered->output_ended;
}

/* A listener is reached by the address that the connection has here, where the program has named that: any other
   address is another host's, or none that clients over IPv6 could reach. */
static void answer(const struct relay_work *work, struct ftp_filter *filter)
{
    const struct ftp_request *request = &filter->request;
    if (request->kind == FTP_ASKS_SERVICE || request->address.s_addr == work->own_shown.s_addr)
        ftp_answer(filter, &work->own, request->port);
    else
        ftp_refuse(filter);
}

static void filter_some(const struct relay_work *work)
{
    struct flow *commands = &pump.flows[work->role == RELAY_FTP_CLIENT ? LOCAL : NETWORK];
    struct flow *replies = &pump.flows[work->role == RELAY_FTP_CLIENT ? NETWORK : LOCAL];
    struct ftp_flow from_client = offer(commands), from_server = offer(replies);
    while (ftp_run(&pump.filter, &from_client, &from_server) != FTP_ASKS_NOTHING)
        answer(work, &pump.filter);
    take_back(commands, &from_client);
    take_back(replies, &from_server);
}

/* Until nothing moves any more: what has been written makes room for what the filter has kept. */
static void pass_on(const struct relay_work *work)
{
    for (bool goes_on = true; goes_on;) {
        filter_some(work);
        goes_on = false;
        for (enum side side = LOCAL; side < SIDES; side++) {
            if (pump.is_gone[other(side)])
                discard_output(&pump.flows[side]);
            goes_on |= write_some(side);
        }
    }
}

static bool is_finished(const struct flow *flow)
{
    return flow->output_ended && flow->output_start == flow->output_end;
}

static bool is_over(void)
{
    bool sent = is_finished(&pump.flows[LOCAL]), received = is_finished(&pump.flows[NETWORK]);
    return (sent && received) || (pump.is_gone[LOCAL] && (sent || pump.is_gone[NETWORK])) ||
           (pump.is_gone[NETWORK] && received);
}

/* What to wait for; 0 for its being closed alone. */
static short wanted(enum side side)
{
    const struct flow *outgoing = &pump.flows[other(side)];
    short events = has_room(&pump.flows[side]) ? POLLIN : 0;
    return outgoing->output_start < outgoing->output_end ? (short)(events | POLLOUT) : events;
}

/* One that was closed would be told again and again, as long as there is no room for what it has sent. */
static bool is_looked_at(enum side side)
{
    bool is_closing =
        side == LOCAL ? !pump.program_left || pump.flows[side].input_ended : pump.flows[side].input_ended;
    return !pump.is_gone[side] && (wanted(side) != 0 || is_closing);
}

static void end_both(void)
{
    lose(LOCAL);
    lose(NETWORK);
}

/* Waits until something can be done. The kernel takes from the time what has passed, so that a peer which sends, and
   reads nothing, gains nothing. */
static void wait_for_sockets(void)
{
    struct pollfd polled[SIDES];
    for (enum side side = LOCAL; side < SIDES; side++)
        polled[side] = (struct pollfd){.fd = is_looked_at(side) ? pump.sockets[side] : -1, .events = wanted(side)};
    long count = syscall(SYS_ppoll, polled, (long)SIDES, pump.program_left ? &pump.last_wait : NULL, NULL, 0L);
    /* A filter of system calls that the program has may refuse this one. */
    if (count == 0 || (count < 0 && !is_temporary(errno)))
        end_both();
    if (count <= 0)
        return;
    for (enum side side = LOCAL; side < SIDES; side++) {
        short events = polled[side].revents;
        bool is_closed = (events & (POLLHUP | POLLERR)) != 0;
        if (side == LOCAL && is_closed)
            pump.program_left = true;
        if (has_room(&pump.flows[side]) && (is_closed || (events & POLLIN) != 0))
            read_some(side);
        if (is_closed && pump.flows[side].input_ended)
            lose(side);
    }
}

void relay_pump_run(const struct relay_work *work)
{
    const struct ftp_setup setup = {.role = work->role == RELAY_FTP_CLIENT ? FTP_CLIENT : FTP_SERVER,
                                    .nat64 = work->translated,
                                    .peer = work->peer,
                                    .peer_alias = work->peer_shown,
                                    .own = work->own_shown};
    memset(&pump, 0, sizeof pump);
    pump.sockets[LOCAL] = work->local;
    pump.sockets[NETWORK] = work->network;
    for (enum side side = LOCAL; side < SIDES; side++) {
        pump.flows[side].from = pump.sockets[side];
        pump.flows[side].to = pump.sockets[other(side)];
    }
    pump.last_wait = (struct kernel_time){.seconds = LAST_WAIT_S};
    ftp_start(&pump.filter, &setup);
    while (!is_over()) {
        wait_for_sockets();
        pass_on(work);
    }
}
