/* What may happen to a call of ours while it is under way: a signal, a jump out of it, cancellation. */
#include "../program.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define IN_TIME_S   60  /* a black hole would take minutes */
#define LIMIT_MS    250 /* that a program sets */
#define HANDLED_MIN 200 /* signals in a row of connections */
#define NEXT_US     500 /* between two of them */

static void start_timer(long first_us, long next_us)
{
    struct itimerval timer = {.it_interval = {.tv_usec = next_us}, .it_value = {.tv_usec = first_us}};
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void on_alarm(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
}

static void do_nothing(int number)
{
    (void)number;
}

/* ---- Signals */

static const char *const slow_names[] = {"hole6.example", "holes6.example", "hole-both.example"};
#define SLOW_NAMES (sizeof slow_names / sizeof slow_names[0])

static void test_signal_did_not_end_a_blocking_connect(void **state)
{
    (void)state;
    on_alarm(do_nothing, 0);
    for (size_t i = 0; i < SLOW_NAMES; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct in_addr address = first_address(slow_names[i]);
        start_timer(60000, 60000); /* again and again: a busy machine may have the first one before connect() */
        assert_int_equal(connect_to(fd, address, 7001), -1);
        assert_int_equal(errno, EINTR);
        start_timer(0, 0);
        close(fd);
    }
    signal(SIGALRM, SIG_DFL);
    assert_alive();
}

static void test_send_timeout_did_not_end_a_blocking_connect(void **state)
{
    (void)state;
    for (size_t i = 0; i < SLOW_NAMES; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct timeval limit = {.tv_usec = LIMIT_MS * 1000};
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
        struct in_addr address = first_address(slow_names[i]);
        long began = milliseconds_now();
        assert_int_equal(connect_to(fd, address, 7001), -1);
        assert_int_equal(errno, EINPROGRESS); /* at the kernel's own limit, minutes later, it is ETIMEDOUT */
        assert_true(milliseconds_now() - began >= LIMIT_MS);
        close(fd);
    }
}

static struct in_addr handler_alias;
static uint16_t handler_port;
static int handler_connection;
static atomic_int handled, handled_wrong;

static void connect_in_a_handler(int number)
{
    (void)number;
    int saved = errno, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int result = connect_to(fd, handler_alias, handler_port);
    bool wrong = result != 0 && errno != EINPROGRESS;
    wrong |= peer_of(handler_connection).s_addr != handler_alias.s_addr;
    wrong |= dup2(fd, 400) != 400 || close(400) != 0 || close(fd) != 0;
    atomic_fetch_add(&handled_wrong, wrong);
    atomic_fetch_add(&handled, 1);
    errno = saved;
}

/* The next signal comes after the handler, so that the program has some time of its own however long that took. */
static volatile sig_atomic_t once_more;

static void connect_and_set_the_timer(int number)
{
    connect_in_a_handler(number);
    struct itimerval next = {.it_value = {.tv_usec = NEXT_US}};
    if (once_more)
        setitimer(ITIMER_REAL, &next, NULL);
}

static void test_handler_that_connects_met_a_lock(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), number = lowest_free_number();
    handler_alias = alias_of("2001:db8::1");
    handler_port = world_port(waiting);
    handler_connection = connected(handler_alias, handler_port);
    pid_t server = world_serve(waiting);
    on_alarm(connect_and_set_the_timer, SA_RESTART);
    once_more = true;
    start_timer(NEXT_US, 0);
    for (int i = 0; handled < HANDLED_MIN || i < HANDLED_MIN; i++) {
        assert_int_equal(is_alias(first_address(i % 2 == 0 ? "both.example" : "three6.example")), i % 2);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(fd, number + 1);
        if (connect_to(fd, handler_alias, handler_port) == 0)
            assert_int_equal(peer_of(fd).s_addr, handler_alias.s_addr);
        close(fd);
    }
    once_more = false;
    start_timer(0, 0);
    signal(SIGALRM, SIG_DFL);
    world_stop(server);
    assert_int_equal(handled_wrong, 0);
    close(handler_connection);
    world_close(waiting);
    assert_alive();
}

/* ---- Jumps */

static sigjmp_buf out;

static void jump(int number)
{
    siglongjmp(out, number);
}

static void test_jump_out_of_connect_left_the_guard_up(void **state)
{
    (void)state;
    volatile int before = -1;
    on_alarm(jump, 0);
    for (volatile int i = 0; i < 12; i++) {
        int volatile fd = socket(AF_INET, SOCK_STREAM, 0);
        struct in_addr address = first_address(slow_names[(size_t)i % SLOW_NAMES]);
        if (sigsetjmp(out, 1) == 0) {
            start_timer(20000 + 7000 * i, 0);
            connect_to(fd, address, 7001);
            fail_msg("connect() to a black hole came back: %s", strerror(errno));
        }
        close(fd);
        assert_alive();
        if (i == 2)
            before = open_descriptors();
    }
    signal(SIGALRM, SIG_DFL);
    assert_int_equal(open_descriptors(), before);
}

/* ---- In the middle of a lookup: the hosts file is a pipe that nobody writes to, so that libc sleeps in open() */

static void block_lookups(void)
{
    if (rename("/etc/hosts", "/etc/hosts.aside") != 0 || mkfifo("/etc/hosts", 0644) != 0)
        printf("no pipe: %s ", strerror(errno));
}

static void unblock_lookups(void)
{
    /* Whoever still sleeps in open() wakes, even where the writer is gone again before it runs, and reads nothing. */
    int pipe = open("/etc/hosts", O_RDWR | O_CLOEXEC);
    rename("/etc/hosts.aside", "/etc/hosts");
    world_close(pipe);
}

static bool look_up_both(void)
{
    struct hostent host, *found = NULL;
    char buffer[1024];
    int error;
    return gethostbyname_r("both.example", &host, buffer, sizeof buffer, &found, &error) == 0 && found != NULL;
}

static void use_sockets_and_wake(int number)
{
    connect_in_a_handler(number);
    unblock_lookups();
}

static void interrupt_a_lookup(void)
{
    int waiting = world_listen("2001:db8::1", 0);
    handler_alias = alias_of("2001:db8::1");
    handler_port = world_port(waiting);
    handler_connection = connected(handler_alias, handler_port);
    long before = world_packets_lost();
    on_alarm(use_sockets_and_wake, SA_RESTART);
    block_lookups();
    start_timer(100000, 0);
    look_up_both();
    printf("%d %d %ld", handled, handled_wrong, world_packets_lost() - before);
}

static void test_handler_inside_a_lookup_saw_ipv6(void **state)
{
    (void)state;
    if (under_sanitizer("thread"))
        skip(); /* it keeps the signal until libc's open() returns */
    assert_string_equal(part_output("interrupted lookup", NULL), "1 0 0");
}

/* The next calls come from deeper in the stack than the lookup that was left. */
__attribute__((noinline)) static void work_deep_down(unsigned depth)
{
    volatile char room[256];
    room[sizeof room - 1] = (char)depth;
    if (depth > 0 && room[sizeof room - 1] == (char)depth)
        work_deep_down(depth - 1);
    else
        printf("%s ", is_alias(first_address("three6.example")) && look_up_both() ? "alive" : "dead");
}

static void jump_out_of_a_lookup(void)
{
    for (volatile unsigned i = 0; i < 3; i++) {
        on_alarm(jump, 0);
        block_lookups();
        if (sigsetjmp(out, 1) == 0) {
            start_timer(100000, 0);
            look_up_both();
            printf("not interrupted ");
        }
        unblock_lookups();
        work_deep_down(10u << (2 * i));
    }
}

static void test_jump_out_of_a_lookup_left_the_guard_up(void **state)
{
    (void)state;
    assert_string_equal(part_output("left lookup", NULL), "alive alive alive ");
}

/* ---- Cancellation */

static void cleaned_up(void *flag)
{
    atomic_store((atomic_int *)flag, 1);
}

static atomic_int cleaned;
static _Atomic pid_t connecting;

static void *connect_for_ever(void *name)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct in_addr address = first_address(name);
    pthread_cleanup_push(cleaned_up, &cleaned);
    connecting = (pid_t)syscall(SYS_gettid);
    connect_to(fd, address, 7001);
    pthread_cleanup_pop(0);
    return NULL;
}

static void test_cancelled_thread_stayed_in_connect(void **state)
{
    (void)state;
    if (under_sanitizer("address"))
        skip(); /* it takes the frames of the cancelled thread for live ones */
    for (size_t i = 0; i < SLOW_NAMES; i++) {
        pthread_t thread;
        void *result = NULL;
        int before = open_descriptors();
        char name[64];
        snprintf(name, sizeof name, "%s", slow_names[i]);
        cleaned = 0;
        connecting = 0;
        assert_int_equal(pthread_create(&thread, NULL, connect_for_ever, name), 0);
        wait_until_asleep(&connecting);
        assert_int_equal(pthread_cancel(thread), 0);
        struct timespec limit;
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_sec += IN_TIME_S;
        assert_int_equal(pthread_timedjoin_np(thread, &result, &limit), 0);
        assert_ptr_equal(result, PTHREAD_CANCELED);
        assert_int_equal(cleaned, 1);
        assert_alive();
        if (open_descriptors() > before + 1) /* the thread's own socket is the program's to close */
            fail_msg("%s: %d descriptors too many", slow_names[i], open_descriptors() - before - 1);
    }
}

static const struct part parts[] = {
    {"interrupted lookup", interrupt_a_lookup}, {"left lookup", jump_out_of_a_lookup}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signal_did_not_end_a_blocking_connect),
        cmocka_unit_test(test_send_timeout_did_not_end_a_blocking_connect),
        cmocka_unit_test(test_handler_that_connects_met_a_lock),
        cmocka_unit_test(test_jump_out_of_connect_left_the_guard_up),
        cmocka_unit_test(test_handler_inside_a_lookup_saw_ipv6),
        cmocka_unit_test(test_jump_out_of_a_lookup_left_the_guard_up),
        cmocka_unit_test(test_cancelled_thread_stayed_in_connect),
    };
    return SUPPORT_MAIN(parts, tests);
}
