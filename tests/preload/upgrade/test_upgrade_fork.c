/* While IPv6 comes to a UDP socket: another thread makes a child, or a signal handler leaves the call. */
#include "../support.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define FORKS     60
#define JUMPS     300
#define AT_MOST_S 60

static struct sockaddr_in peer;
static atomic_bool enough;
static _Atomic int current = -1;

/* One that has a port since it sent a datagram, of which no hook knows: IPv6 comes to it with the next one. */
static int bound_socket(void)
{
    struct sockaddr_in discard = ipv4_at("192.0.2.1", 9);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    syscall(SYS_sendto, fd, "before", 6, 0, &discard, sizeof discard);
    return fd;
}

static void send_one(int fd)
{
    sendto(fd, "x", 1, 0, (struct sockaddr *)&peer, sizeof peer);
}

static void make_world(void)
{
    peer = ipv4_at(text_of(alias_of("2001:db8::1")), world_port(world_datagrams("2001:db8::1", 0)));
}

/* ---- A child that has the socket before it is exchanged goes on to hear its peers. */

static void *bring_ipv6(void *unused)
{
    while (!atomic_load(&enough)) {
        int fd = bound_socket();
        atomic_store(&current, fd);
        send_one(fd);
        atomic_store(&current, -1);
        close(fd);
    }
    return unused;
}

/* Not by a hook: what the kernel says of the socket that the child has. A moment later its parent is done with it. */
static bool is_shut_down(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLRDHUP};
    const struct timespec moment = {.tv_nsec = 2000000}, at_once = {0};
    syscall(SYS_nanosleep, &moment, NULL);
    return fd >= 0 && syscall(SYS_ppoll, &polled, 1, &at_once, NULL, sizeof(uint64_t)) == 1 &&
           (polled.revents & POLLRDHUP) != 0;
}

static void fork_beside_upgrades(void)
{
    pthread_t thread;
    int deaf = 0, ended = 0;
    make_world();
    pthread_create(&thread, NULL, bring_ipv6, NULL);
    for (int i = 0; i < FORKS; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            alarm(AT_MOST_S);
            _exit(is_shut_down(atomic_load(&current)) ? 1 : 0);
        }
        waitpid(child, &status, 0);
        ended += WIFEXITED(status);
        deaf += WIFEXITED(status) && WEXITSTATUS(status) != 0;
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    printf("%d children, %d deaf", ended, deaf);
}

static void test_childs_socket_was_shut_down(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* the locks of their allocators stay held in the child */
    char expected[64];
    snprintf(expected, sizeof expected, "%d children, 0 deaf", FORKS);
    assert_string_equal(part_output("forks", NULL), expected);
}

/* ---- A jump out of the call leaves nothing: signals wait until the socket is exchanged. */

static sigjmp_buf out;
static volatile sig_atomic_t may_jump;
static pthread_t jumper;

static void jump(int number)
{
    if (may_jump)
        siglongjmp(out, number);
}

static void *send_signals(void *unused)
{
    while (!atomic_load(&enough)) {
        pthread_kill(jumper, SIGUSR1);
        const struct timespec moment = {.tv_nsec = 20000};
        syscall(SYS_nanosleep, &moment, NULL);
    }
    return unused;
}

static void jump_out_of_upgrades(void)
{
    pthread_t thread;
    make_world();
    send_one(bound_socket()); /* what is made once is made now */
    jumper = pthread_self();
    signal(SIGUSR1, jump);
    int before = open_descriptors();
    pthread_create(&thread, NULL, send_signals, NULL);
    for (volatile int i = 0; i < JUMPS; i++) {
        volatile int fd = bound_socket();
        if (sigsetjmp(out, 1) == 0) {
            may_jump = 1;
            send_one(fd);
        }
        may_jump = 0;
        close(fd);
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    printf("%d more", open_descriptors() - before);
}

static void test_jump_left_a_socket(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    assert_string_equal(part_output("jumps", NULL), "0 more");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"forks", fork_beside_upgrades}, {"jumps", jump_out_of_upgrades}, {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_childs_socket_was_shut_down),
        cmocka_unit_test(test_jump_left_a_socket),
    };
    return SUPPORT_MAIN(parts, tests);
}
