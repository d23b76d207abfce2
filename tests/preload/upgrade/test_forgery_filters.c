/* Our filters on sockets: how many there are, and that they go with their sockets to another program. */
#include "../forger.h"
#include "../support.h"
#include "core/base/error_text.h"

#include <poll.h>
#include <sys/syscall.h>

#define DATA_SIZE 64
#define BURST     16 /* filters that a process attaches at once: src/preload/upgrade/forgery.h */

static int instructions(int fd, bool past_library)
{
    socklen_t count = 0;
    int result = past_library ? (int)syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, NULL, &count)
                              : getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, NULL, &count);
    return result == 0 ? (int)count : -1;
}

static int count_screened(int sockets)
{
    int screened = 0;
    for (int i = 0; i < sockets; i++) {
        uint16_t port;
        screened += instructions(bound_datagrams(&port), true) > 0;
    }
    return screened;
}

/* What a process and its child attach, beside what they may: 16, and one more in each second. */
static void part_few_filters(void)
{
    long start_ms = milliseconds_now();
    int own = count_screened(50), answer[2];
    assert_int_equal(pipe(answer), 0);
    if (fork() == 0) {
        int childs = count_screened(50);
        assert_int_equal(write(answer[1], &childs, sizeof childs), sizeof childs);
        _exit(0);
    }
    int childs = -1;
    assert_int_equal(read(answer[0], &childs, sizeof childs), sizeof childs);
    int most = BURST + 1 + (int)((milliseconds_now() - start_ms) / 1000);
    printf("%s", own >= BURST && childs >= 0 && own + childs <= most ? "few" : "too many, or none");
}

#define PASSED 77 /* the number of a socket that another program is given */

static void part_pass_on(void)
{
    static char name[] = "/proc/self/exe", part[] = "--part", adopted[] = "adopted";
    char *arguments[] = {name, part, adopted, NULL};
    uint16_t port;
    int fd = bound_datagrams(&port);
    assert_int_equal(dup2(fd, PASSED), PASSED);
    world_forges_to(port);
    world_close(world_says("192.0.2.1", "192.0.2.2", port));
    fflush(stdout);
    execv(name, arguments);
}

/* Prints what waits: its sender, or nothing. */
static void print_next(int fd)
{
    char data[DATA_SIZE];
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    ssize_t got = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&peer, &length);
    printf("%s ", got < 0 ? "nothing" : is_alias(peer.sin_addr) ? "alias" : text_of(peer.sin_addr));
}

static void part_adopted(void)
{
    int none = 0, asked = -1;
    socklen_t length = sizeof asked;
    print_next(PASSED);
    print_next(PASSED);
    world_forges_to(world_port(PASSED));
    struct pollfd polled = {.fd = PASSED, .events = POLLIN};
    printf("%d ", poll(&polled, 1, 0));
    syscall(SYS_getsockopt, PASSED, IPPROTO_IP, IP_PKTINFO, &asked, &length);
    printf("PKTINFO %d, filter %d %d, ", asked, instructions(PASSED, false), instructions(PASSED, true) > 0);
    printf("detach %d ", setsockopt(PASSED, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none));
    printf("%s\n", error_name(errno));
}

/* ---- Tests */

static void test_filters_were_many(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("few_filters", NULL), "few");
}

static void test_filter_was_seen_by_the_next_program(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("pass_on", NULL),
                        "192.0.2.1 nothing 0 PKTINFO 0, filter 0 1, detach -1 ENOENT\n");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"few_filters", part_few_filters},
        {"pass_on", part_pass_on},
        {"adopted", part_adopted},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters_were_many),
        cmocka_unit_test(test_filter_was_seen_by_the_next_program),
    };
    return SUPPORT_MAIN(parts, tests);
}
