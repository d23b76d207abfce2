/*
 * A cable with a character: passes every frame between two interfaces, late, and loses some. For kernels without
 * netem.
 *
 *   wire INTERFACE INTERFACE DELAY_MS DROP_PERCENT [SEED]
 *
 * The delay is that of one direction. The same seed loses the same frames of the same sequence. Prints "ready" and
 * runs until it is killed. Frames are taken with their virtio header, so that checksums and segments that the sender
 * left to the device to do are done at the other end.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23 /* Linux 4.20 */
#endif

enum {
    FRAME_BYTES_MAX = 70000,    /* a segment of 64 KiB, its headers, the virtio header */
    FRAMES_WAITING_MAX = 20000, /* beyond that the wire loses what comes, as a full queue does */
    ENDS = 2
};

struct frame {
    struct frame *next;
    int64_t due_ms;
    size_t length;
    unsigned char bytes[];
};

/* One direction: what came in at an end and is to leave at the other. */
struct queue {
    struct frame *first, *last;
    unsigned count;
};

struct wire {
    int socket[ENDS];
    struct queue queue[ENDS];
    int64_t delay_ms;
    uint32_t drop_below; /* of 2^32 */
    uint32_t random;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void die(const char *what)
{
    fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int interface_open(const char *name)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    address.sll_ifindex = (int)if_nametoindex(name);
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
    const int yes = 1;
    if (address.sll_ifindex == 0 || fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) < 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die(name);
    return fd;
}

static bool is_lost(struct wire *wire)
{
    wire->random ^= wire->random << 13; /* xorshift32 */
    wire->random ^= wire->random >> 17;
    wire->random ^= wire->random << 5;
    return wire->random < wire->drop_below;
}

static void take(struct wire *wire, int end)
{
    static unsigned char bytes[FRAME_BYTES_MAX];
    ssize_t length;
    while ((length = recv(wire->socket[end], bytes, sizeof bytes, 0)) > 0) {
        struct queue *queue = &wire->queue[end];
        if (is_lost(wire) || queue->count == FRAMES_WAITING_MAX)
            continue;
        struct frame *frame = malloc(sizeof *frame + (size_t)length);
        if (frame == NULL)
            continue;
        *frame = (struct frame){.due_ms = now_ms() + wire->delay_ms, .length = (size_t)length};
        memcpy(frame->bytes, bytes, frame->length);
        if (queue->last != NULL)
            queue->last->next = frame;
        else
            queue->first = frame;
        queue->last = frame;
        queue->count++;
    }
}

/* Sends what is due; returns how long until the next frame of this direction is, -1: nothing waits. */
static int64_t pass_on(struct wire *wire, int end)
{
    struct queue *queue = &wire->queue[end];
    while (queue->first != NULL) {
        struct frame *frame = queue->first;
        int64_t wait_ms = frame->due_ms - now_ms();
        if (wait_ms > 0)
            return wait_ms;
        if (send(wire->socket[!end], frame->bytes, frame->length, 0) < 0 && errno == EAGAIN)
            return 1;
        queue->first = frame->next;
        if (queue->first == NULL)
            queue->last = NULL;
        queue->count--;
        free(frame);
    }
    return -1;
}

static uint32_t number(const char *text, double scale, double max, const char *what)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || value < 0 || value > max) {
        fprintf(stderr, "wire: %s: expected a number from 0 to %.0f, not '%s'\n", what, max, text);
        exit(2);
    }
    return (uint32_t)(value * scale);
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 6) {
        fputs("usage: wire INTERFACE INTERFACE DELAY_MS DROP_PERCENT [SEED]\n", stderr);
        return 2;
    }
    struct wire wire = {.delay_ms = number(argv[3], 1, 60000, "delay"),
                        .drop_below = number(argv[4], UINT32_MAX / 100.0, 100, "drop"),
                        .random = argc == 6 ? number(argv[5], 1, UINT32_MAX, "seed") | 1 : 1};
    for (int end = 0; end < ENDS; end++)
        wire.socket[end] = interface_open(argv[1 + end]);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int64_t wait_ms = -1;
        for (int end = 0; end < ENDS; end++) {
            int64_t next_ms = pass_on(&wire, end);
            if (next_ms >= 0 && (wait_ms < 0 || next_ms < wait_ms))
                wait_ms = next_ms;
        }
        struct pollfd ready[ENDS] = {{wire.socket[0], POLLIN, 0}, {wire.socket[1], POLLIN, 0}};
        if (poll(ready, ENDS, (int)wait_ms) < 0 && errno != EINTR)
            die("poll");
        for (int end = 0; end < ENDS; end++)
            if (ready[end].revents != 0)
                take(&wire, end);
    }
}
