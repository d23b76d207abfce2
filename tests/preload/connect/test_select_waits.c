/*
 * select() for more numbers than an fd_set has, while a connection is being raced: a handler jumps out of it again
 * and again, the thread is cancelled, a signal ends it, a handler calls it too. The program's sets are then what they
 * would be without the library, and its memory is not used up.
 */
#include "../support.h"
#include "core/base/error_text.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/select.h>
#include <sys/syscall.h>

#define PORT       7001
#define PATIENCE_S 60
#define WORD_BITS  (8 * sizeof(unsigned long))
#define LONGEST    16384
#define TIMES      200 /* each lost mapping would be two pages at least */
#define SPARE      64  /* pages that threads and stdio may take */

static const int lengths[] = {64, 1024, 1025, LONGEST};
#define LENGTHS (sizeof lengths / sizeof lengths[0])

/* For reading, writing and exceptions. */
static unsigned long sets[3][LONGEST / WORD_BITS];
static int racing, count;

static fd_set *set_of(unsigned which)
{
    return (fd_set *)(void *)sets[which];
}

static bool has(unsigned which)
{
    return (sets[which][(unsigned)racing / WORD_BITS] >> ((unsigned)racing % WORD_BITS) & 1) != 0;
}

static void fill_sets(void)
{
    memset(sets, 0, sizeof sets);
    for (unsigned which = 0; which < 3; which += 2)
        sets[which][(unsigned)racing / WORD_BITS] |= 1ul << (unsigned)racing % WORD_BITS;
}

static void begin(int length, uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = first_address(getenv("NAME"))};
    racing = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(racing, (struct sockaddr *)&to, sizeof to);
    count = length;
    fill_sets();
}

static void tell(void)
{
    unsigned bits = 0;
    for (unsigned which = 0; which < 3; which++)
        for (size_t word = 0; word < LONGEST / WORD_BITS; word++)
            bits += (unsigned)__builtin_popcountl(sets[which][word]);
    printf("%d: %u bits, its %d %d %d\n", count, bits, has(0), has(1), has(2));
}

static int wait_for_ever(void)
{
    return select(count, set_of(0), set_of(1), set_of(2), NULL);
}

/* ---- Somebody who waits until a thread is asleep, and wakes it */

static _Atomic pid_t sleeper;
static pthread_t sleeping_thread;

static void announce_sleep(void)
{
    sleeping_thread = pthread_self();
    atomic_store(&sleeper, (pid_t)syscall(SYS_gettid));
}

static void *wake(void *unused)
{
    wait_until_asleep(&sleeper);
    pthread_kill(sleeping_thread, SIGUSR1);
    return unused;
}

static void on_signal(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    alarm(PATIENCE_S);
}

static long pages(void)
{
    long count_of = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld", &count_of) != 1)
        printf("not counted ");
    if (file != NULL)
        fclose(file);
    return count_of;
}

/* Memory of the library's is anonymous: what this process has more of than before, beyond what else may need it. */
static const char *growth(long before)
{
    return pages() < before + SPARE ? "no larger" : "larger";
}

/* ---- The ways */

static sigjmp_buf out;

static void jump(int number)
{
    siglongjmp(out, number);
}

/* At once: the signal waits for the mask of pselect() to let it through. */
static void jump_out(void)
{
    sigset_t none, one;
    sigemptyset(&none);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    sigprocmask(SIG_BLOCK, &one, NULL);
    if (sigsetjmp(out, 1) == 0) {
        raise(SIGUSR1);
        pselect(count, set_of(0), set_of(1), set_of(2), NULL, &none);
        printf("not interrupted ");
    }
}

/* Frames that are written all over. */
static void use_stack(unsigned depth)
{
    volatile char frame[256];
    memset((void *)(uintptr_t)frame, 0x5a, sizeof frame);
    if (depth > 0)
        use_stack(depth - 1);
    frame[0] = frame[1];
}

/* Each time from another place of the stack, which something else uses then. */
static void jump_out_from(unsigned depth)
{
    volatile unsigned kept = depth;
    if (depth > 0)
        jump_out_from(depth - 1);
    else
        jump_out();
    kept = kept + 1;
}

static void part_jump(void)
{
    on_signal(jump);
    for (size_t i = 0; i < LENGTHS; i++) {
        begin(lengths[i], PORT);
        jump_out();
        long before = pages();
        for (unsigned time = 0; time < TIMES; time++)
            jump_out();
        for (unsigned time = 0; time < TIMES; time++) {
            jump_out_from(time);
            use_stack(TIMES);
        }
        printf("%s ", growth(before));
        tell();
        close(racing);
    }
}

static void *wait_in_thread(void *unused)
{
    announce_sleep();
    wait_for_ever();
    return unused;
}

static void part_cancel(void)
{
    alarm(PATIENCE_S);
    long before = 0;
    for (unsigned time = 0; time < TIMES; time++) {
        pthread_t thread;
        void *result = NULL;
        atomic_store(&sleeper, 0);
        if (time < LENGTHS)
            begin(lengths[time], PORT);
        pthread_create(&thread, NULL, wait_in_thread, NULL);
        wait_until_asleep(&sleeper);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        if (time < LENGTHS) {
            printf("%s ", result == PTHREAD_CANCELED ? "cancelled" : "ended");
            tell();
            before = pages();
        }
    }
    printf("%s\n", growth(before));
}

/* The handler waits for no time, and for as many numbers as what it interrupted. */
static int inside;

static void wait_too(int number)
{
    static unsigned long own[LONGEST / WORD_BITS];
    struct timeval no_time = {0};
    int saved = errno;
    (void)number;
    own[(unsigned)racing / WORD_BITS] |= 1ul << (unsigned)racing % WORD_BITS;
    inside = select(count, (fd_set *)(void *)own, NULL, NULL, &no_time);
    errno = saved;
}

static void interrupt(void)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        pthread_t waker;
        atomic_store(&sleeper, 0);
        begin(lengths[i], PORT);
        pthread_create(&waker, NULL, wake, NULL);
        announce_sleep();
        int ready = wait_for_ever();
        printf("inside %d, %d %s ", inside, ready, ready < 0 ? error_name(errno) : "");
        pthread_join(waker, NULL);
        tell();
        close(racing);
    }
}

static void part_interrupt(void)
{
    static char stack[65536];
    const stack_t aside = {.ss_sp = stack, .ss_size = sizeof stack};
    on_signal(wait_too);
    interrupt();
    sigaltstack(&aside, NULL);
    interrupt();
}

static atomic_bool is_over;

static void *disturb(void *unused)
{
    while (!atomic_load(&is_over)) {
        pthread_kill(sleeping_thread, SIGUSR1);
        syscall(SYS_sched_yield);
    }
    return unused;
}

static void wait_quietly_too(int number)
{
    static unsigned long own[LONGEST / WORD_BITS];
    struct timeval no_time = {0};
    int saved = errno;
    (void)number;
    own[(unsigned)racing / WORD_BITS] |= 1ul << (unsigned)racing % WORD_BITS;
    select(count, (fd_set *)(void *)own, NULL, NULL, &no_time);
    errno = saved;
}

/* Handlers that do the same come at any moment of it. */
static void part_disturbed(void)
{
    pthread_t disturber;
    unsigned otherwise = 0;
    on_signal(wait_quietly_too);
    begin(LONGEST, PORT);
    sleeping_thread = pthread_self();
    pthread_create(&disturber, NULL, disturb, NULL);
    for (unsigned time = 0; time < TIMES * 10; time++) {
        struct timeval no_time = {0};
        fill_sets();
        int ready = select(count, set_of(0), set_of(1), set_of(2), &no_time);
        otherwise += ready != 0 && !(ready < 0 && errno == EINTR);
    }
    atomic_store(&is_over, true);
    pthread_join(disturber, NULL);
    printf("otherwise %u\n", otherwise);
}

static void part_no_time(void)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        struct timeval no_time = {0};
        begin(lengths[i], PORT);
        errno = NO_ERROR;
        printf("%d %d ", select(count, set_of(0), set_of(1), set_of(2), &no_time), errno);
        tell();
        close(racing);
    }
}

static int waiting;

static void *greet(void *unused)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        int fd = (int)syscall(SYS_accept4, waiting, NULL, NULL, 0);
        if (syscall(SYS_write, fd, "x", 1) != 1)
            printf("not sent ");
    }
    return unused;
}

/* Who waits for data wakes when the race has a winner and that has said something. */
static void part_data(void)
{
    pthread_t server;
    alarm(PATIENCE_S);
    waiting = world_listen("192.0.2.1", 0);
    pthread_create(&server, NULL, greet, NULL);
    for (size_t i = 0; i < LENGTHS; i++) {
        begin(lengths[i], world_port(waiting));
        printf("%d ", wait_for_ever());
        tell();
        close(racing);
    }
    pthread_join(server, NULL);
}

/* ---- Bare and shimmed */

static void assert_as_bare(const char *part, const char *bare_name, const char *name)
{
    static const char *const variables[] = {"V6SHIM_STATE_DIR=/proc/none", "V6SHIM_LOG=quiet", NULL};
    setenv("NAME", bare_name, 1);
    struct part_result bare = *part_run_bare(part);
    assert_int_equal(bare.status, 0);
    setenv("NAME", name, 1);
    assert_string_equal(part_output(part, variables), bare.output);
}

static void test_jump_out_of_a_long_select_left_memory_or_other_sets(void **state)
{
    (void)state;
    if (under_sanitizer("thread")) /* which holds signals back, and takes memory of its own */
        skip();
    assert_as_bare("jump", "hole4.example", "hole-both.example");
}

static void test_cancelled_long_select_left_memory_or_other_sets(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* they keep memory of threads that have ended */
    assert_as_bare("cancel", "hole4.example", "hole-both.example");
}

static void test_signal_did_not_end_a_long_select(void **state)
{
    (void)state;
    assert_as_bare("interrupt", "hole4.example", "hole-both.example");
}

static void test_handler_took_the_memory_of_a_long_select(void **state)
{
    (void)state;
    assert_as_bare("disturbed", "hole4.example", "hole-both.example");
}

static void test_end_of_the_time_of_a_long_select_was_told_otherwise(void **state)
{
    (void)state;
    assert_as_bare("no_time", "hole4.example", "hole-both.example");
}

static void test_long_select_for_data_alone_slept_on(void **state)
{
    (void)state;
    assert_as_bare("data", "one4.example", "half-hole.example");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"jump", part_jump},
                                        {"cancel", part_cancel},
                                        {"interrupt", part_interrupt},
                                        {"disturbed", part_disturbed},
                                        {"no_time", part_no_time},
                                        {"data", part_data},
                                        {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jump_out_of_a_long_select_left_memory_or_other_sets),
        cmocka_unit_test(test_cancelled_long_select_left_memory_or_other_sets),
        cmocka_unit_test(test_signal_did_not_end_a_long_select),
        cmocka_unit_test(test_handler_took_the_memory_of_a_long_select),
        cmocka_unit_test(test_end_of_the_time_of_a_long_select_was_told_otherwise),
        cmocka_unit_test(test_long_select_for_data_alone_slept_on),
    };
    return SUPPORT_MAIN(parts, tests);
}
