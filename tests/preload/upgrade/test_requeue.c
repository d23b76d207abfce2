/* Datagrams that wait while another socket takes the place of theirs: what they are afterwards. */
#include "../forger.h"
#include "../support.h"

#include <sys/syscall.h>

#define DATA_SIZE 64
#define BURST     16 /* filters that a process attaches at once: src/preload/upgrade/forgery.h */

/* What waits when the socket is exchanged for another one: when it is disconnected, say. */
static void exchange(int fd)
{
    struct sockaddr_in peer = ipv4_at("192.0.2.2", 9);
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0);
    assert_int_equal(connect(fd, &nowhere, sizeof nowhere), 0);
}

static int datagrams_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in local = ipv4_at("0.0.0.0", port);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    return fd;
}

static void print_source(int fd)
{
    char data[DATA_SIZE];
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    ssize_t got = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&peer, &length);
    printf("%s ", got < 0 ? "nothing" : is_alias(peer.sin_addr) ? "alias" : text_of(peer.sin_addr));
}

static void part_exchanged(void)
{
    uint16_t port;
    for (int i = 0; i < BURST; i++)
        bound_datagrams(&port);
    int fd = datagrams_on(7321);
    world_forges_to(7321);
    world_close(world_says("192.0.2.1", "192.0.2.2", 7321));
    exchange(fd);
    print_source(fd);
    print_source(fd);
}

#define KEPT_MOST 4096 /* sources: src/preload/upgrade/requeue.c */

/* One waits until as many have been moved after it as there is room for. */
static void part_displaced(void)
{
    int waiting = datagrams_on(7322), busy = datagrams_on(7323), peer = world_datagrams("2001:db8::5", 0);
    struct sockaddr_in6 there = ipv6_at("2001:db8::1", 7323);
    world_close(world_says("2001:db8::2", "2001:db8::1", 7322));
    exchange(waiting);
    for (int left = KEPT_MOST; left > 0;) {
        for (int i = 0; i < 64; i++, left--)
            syscall(SYS_sendto, peer, "word", 4, 0, &there, sizeof there);
        exchange(busy);
        print_source(busy);
        empty_queue(busy);
    }
    printf("\n");
    print_source(waiting);
}

static void test_forged_datagram_was_moved(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("exchanged", NULL), "192.0.2.1 nothing ");
}

static void test_source_of_another_was_shown(void **state)
{
    (void)state;
    const char *output = part_output("displaced", NULL);
    assert_memory_equal(output, "alias alias ", 12);
    assert_string_equal(strchr(output, '\n'), "\n0.0.0.0 ");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"exchanged", part_exchanged},
        {"displaced", part_displaced},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged_datagram_was_moved),
        cmocka_unit_test(test_source_of_another_was_shown),
    };
    return SUPPORT_MAIN(parts, tests);
}
