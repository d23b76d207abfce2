/* Forged datagrams in epoll sets: whose event it is, where the program keeps no number with it. */
#include "../forger.h"
#include "../support.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define BURST  16 /* filters that a process attaches at once: src/preload/upgrade/forgery.h */
#define FAR    15000
#define ROUNDS 20
#define CALLS  100
#define DATA   UINT64_C(0x7fff12345678)

/* Has no filter: what it receives needs proof. */
static int proven_datagrams(uint16_t *port)
{
    for (int i = 0; i < BURST; i++)
        bound_datagrams(port);
    return bound_datagrams(port);
}

static int set_with(int fd, uint64_t data)
{
    int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
    return set;
}

/* Two sets, and the same data in both. */
static void part_alike(void)
{
    uint16_t one_port, other_port;
    struct epoll_event told;
    int one = proven_datagrams(&one_port), other = bound_datagrams(&other_port);
    int set_of_one = set_with(one, DATA), set_of_other = set_with(other, DATA);
    world_forges_to(one_port);
    world_forges_to(other_port);
    printf("%d ", epoll_wait(set_of_one, &told, 1, 0));
    printf("%d ", epoll_wait(set_of_other, &told, 1, 0));
    world_close(world_says("2001:db8::2", "2001:db8::1", one_port));
    printf("%d ", epoll_wait(set_of_one, &told, 1, 60000));
    printf("%d\n", epoll_wait(set_of_other, &told, 1, 0));
}

static int64_t time_of_calls(int set)
{
    int64_t least_ns = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec start, end;
        struct epoll_event told;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        for (int i = 0; i < CALLS; i++)
            assert_int_equal(epoll_wait(set, &told, 1, 0), 1);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        int64_t took_ns = (end.tv_sec - start.tv_sec) * INT64_C(1000000000) + end.tv_nsec - start.tv_nsec;
        if (took_ns < least_ns)
            least_ns = took_ns;
    }
    return least_ns;
}

/* Events of something else take no longer where the program has sockets with high numbers: a ratio, not a time. */
static void part_many_numbers(void)
{
    uint16_t port;
    int pipes[2];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    proven_datagrams(&port);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    int set = set_with(pipes[0], DATA + 1);
    int64_t few_ns = time_of_calls(set);
    if (dup2(socket(AF_INET, SOCK_STREAM, 0), FAR) != FAR) {
        printf("fast\n");
        return;
    }
    int64_t many_ns = time_of_calls(set);
    printf("%s\n", many_ns < 8 * few_ns ? "fast" : "slow");
}

static void test_event_was_taken_for_another_ones(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("alike", NULL), "0 0 1 0\n");
}

static void test_all_numbers_were_looked_at_for_each_event(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("many_numbers", NULL), "fast\n");
}

static const struct part parts[] = {
    {"alike", part_alike},
    {"many_numbers", part_many_numbers},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_was_taken_for_another_ones),
        cmocka_unit_test(test_all_numbers_were_looked_at_for_each_event),
    };
    return SUPPORT_MAIN(parts, tests);
}
