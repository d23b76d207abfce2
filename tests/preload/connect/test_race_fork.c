/* A program that forks while connections of its own are raced, and sockets that are not raced for what they are. */
#include "../support.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define HOLES        "holes6.example" /* packets to its addresses vanish */
#define AT_MOST_S    60               /* a lock that nobody holds any more would be waited for without an end */
#define PORT         7001
#define FORKS        200
#define HIGH_NUMBERS 1024

static int make(int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    fcntl(fd, F_SETFD, flags);
    return fd;
}

static bool start(int fd, struct in_addr address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = address};
    return connect(fd, (struct sockaddr *)&to, sizeof to) == -1 && errno == EINPROGRESS;
}

/* ---- Close-on-exec of a number whose race the child ends */

static void say_flags(void)
{
    struct in_addr address = first_address(HOLES);
    int kept = make(0), closed = make(FD_CLOEXEC), later = make(0), status = -1;
    printf("%d%d%d ", start(kept, address), start(closed, address), start(later, address));
    fcntl(later, F_SETFD, FD_CLOEXEC);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        printf("%d %d %d ", fcntl(kept, F_GETFD), fcntl(closed, F_GETFD), fcntl(later, F_GETFD));
        fflush(stdout);
        _exit(0);
    }
    printf("%d ", waitpid(child, &status, 0) == child && status == 0);
    printf("%d %d %d ", fcntl(kept, F_GETFD), fcntl(closed, F_GETFD), fcntl(later, F_GETFD));
}

static void test_child_lost_close_on_exec(void **state)
{
    (void)state;
    assert_string_equal(part_output("flags", NULL), "111 0 1 1 1 0 1 1 ");
}

/* ---- A fork beside a thread that begins and ends races: the child has nothing of them */

static atomic_bool enough;
static atomic_int started;
static struct in_addr hole;

static void *begin_and_end_races(void *unused)
{
    while (!atomic_load(&enough)) {
        int fd = make(0);
        atomic_fetch_add(&started, start(fd, hole));
        close(fd);
    }
    return unused;
}

/* Those of attempts are high. */
static int high_sockets(void)
{
    int count = 0;
    for (int fd = HIGH_NUMBERS; fd < 2 * HIGH_NUMBERS; fd++) {
        struct stat status;
        count += fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
    }
    return count;
}

/* The child goes on: its parent's connection, one of its own, and the end of both. */
static int go_on_in_child(int inherited)
{
    int left = high_sockets(), own = make(0);
    struct pollfd polled[] = {{.fd = inherited, .events = POLLIN}, {.fd = own, .events = POLLIN}};
    if (left > 0)
        return 1;
    if (!start(own, hole))
        return 2;
    return poll(polled, 2, 0) == 0 && close(own) == 0 && close(inherited) == 0 ? 0 : 3;
}

/* So many that all later ones find room for theirs: one that makes it during a fork is beyond the fork's care. */
static void make_room(void)
{
    int fds[16];
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        start(fds[i] = make(0), hole);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close(fds[i]);
}

static void fork_beside_races(void)
{
    pthread_t threads[2];
    int failed[4] = {0};
    hole = first_address(HOLES);
    make_room();
    for (size_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, begin_and_end_races, NULL);
    while (atomic_load(&started) < 10)
        sched_yield();
    for (int i = 0; i < FORKS; i++) {
        int fd = make(0), status = -1;
        start(fd, hole);
        pid_t child = fork();
        if (child == 0) {
            alarm(AT_MOST_S);
            _exit(go_on_in_child(fd));
        }
        waitpid(child, &status, 0);
        failed[WIFEXITED(status) ? WEXITSTATUS(status) & 3 : 3]++;
        close(fd);
    }
    atomic_store(&enough, true);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("%d good, %d with sockets of races, %d can't connect, %d can't go on", failed[0], failed[1], failed[2],
           failed[3]);
}

static void test_child_had_a_race_in_the_middle_of_a_step(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* the locks of their allocators stay held in the child */
    char expected[128];
    snprintf(expected, sizeof expected, "%d good, 0 with sockets of races, 0 can't connect, 0 can't go on", FORKS);
    assert_string_equal(part_output("forks", NULL), expected);
}

/* ---- A socket that sends signals is not raced: it would send those of the socket that stands in for it. */

static volatile sig_atomic_t heard;

static void hear(int number)
{
    heard = number;
}

static void wait_for_the_signal(void)
{
    world_listen("192.0.2.3", PORT);
    struct in_addr address = first_address("hole-and-near.example");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGIO);
    signal(SIGIO, hear);
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
    printf("%d ", start(fd, address));
    int family = socket_family(fd);
    printf("%d ", family == AF_INET || family == AF_INET6);
    fflush(stdout);
    alarm(AT_MOST_S);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    while (heard == 0 && family != AF_UNIX)
        sigsuspend(&before);
    printf("%d ", heard == SIGIO);
}

static void test_socket_that_sends_signals_was_raced(void **state)
{
    (void)state;
    struct part_result bare = *part_run_bare("signal");
    assert_string_equal(bare.output, "1 1 1 ");
    assert_string_equal(part_output("signal", NULL), bare.output);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"flags", say_flags}, {"forks", fork_beside_races}, {"signal", wait_for_the_signal}, {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_lost_close_on_exec),
        cmocka_unit_test(test_child_had_a_race_in_the_middle_of_a_step),
        cmocka_unit_test(test_socket_that_sends_signals_was_raced),
    };
    return SUPPORT_MAIN(parts, tests);
}
