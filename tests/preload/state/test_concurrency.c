/* Threads, signal handlers, jumps out of them, and children taken while others are at work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/alias_book.h"
#include "preload/alias/aliases.h"
#include "preload/alias/peer_cache.h"
#include "preload/base/clock.h"
#include "support.h"

#define THREADS     8u
#define ADDRESSES   1500u
#define POOL_LENGTH 16
#define TICK_US     150
#define RUN_MS      400
#define TICKS_MIN   500 /* signals that interrupt */

static _Atomic uint32_t given[ADDRESSES];

/* Whoever is the first to have an alias writes it down; all others must have the same. */
static void ask(uint32_t number, enum alias_kind kind)
{
    struct ip_address back, address = numbered(number);
    struct in_addr alias = aliases_of(&address, kind);
    uint32_t none = 0;
    CHECK(alias.s_addr != aliases_nobody().s_addr);
    CHECK(aliases_find_address(alias, &back) && address_equal(&back, &address));
    if (!atomic_compare_exchange_strong(&given[number], &none, alias.s_addr))
        CHECK(none == alias.s_addr);
}

static void *ask_for_all(void *argument)
{
    uint32_t self = (uint32_t)(uintptr_t)argument;
    for (uint32_t step = 0; step < ADDRESSES * 2; step++) {
        uint32_t number = (step * 7 + self * 211) % ADDRESSES;
        ask(number, number % 3 == 0 ? ALIAS_PEER : ALIAS_NAME);
    }
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, ask_for_all, (void *)i) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void threads_share(void)
{
    start_aliases(POOL_LENGTH);
    run_threads();
    CHECK(logged[0] == '\0');
}

/* Without a table the process decides for itself who gets which alias. */
static void threads_private(void)
{
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, 14, "a key for tests", "/proc/no/such/place"));
    run_threads();
    CHECK(logged_count("private") == 1);
}

static void test_threads(void **state)
{
    (void)state;
    assert_true(support_child(threads_share));
    assert_true(support_child(threads_private));
}

/* Readers of the cache see an entry whole or not at all, while others write it. */
static const struct siphash_key secret = {3, 5};
static struct peer_cache cache;
static atomic_bool stop;
static uint32_t mates[64]; /* addresses that all belong to one set */

static void find_mates(void)
{
    uint32_t number = 0;
    for (uint32_t found = 0; found < sizeof mates / sizeof *mates; number++) {
        struct ip_address address = numbered(number);
        if (alias_hash(secret, &address) % PEER_SETS == 3)
            mates[found++] = number;
    }
}

static void *displace(void *argument)
{
    uint32_t self = (uint32_t)(uintptr_t)argument;
    for (uint32_t round = 0; !atomic_load(&stop); round++) {
        uint32_t number = (round * 5 + self) % 64;
        struct ip_address address = numbered(mates[number]);
        peer_keep(&cache, alias_hash(secret, &address), &address, number * PEER_SETS, 100);
    }
    return NULL;
}

static void *look(void *argument)
{
    _Atomic uint32_t *found = argument;
    for (uint32_t round = 0; !atomic_load(&stop); round++) {
        uint32_t number = round % 64, offset;
        struct ip_address back, address = numbered(mates[number]);
        if (peer_find_address(&cache, alias_hash(secret, &address), &address, 110, PEER_FRESH_MINUTES, &offset)) {
            CHECK(offset == number * PEER_SETS);
            ++*found;
        }
        if (peer_find_alias(&cache, secret, number * PEER_SETS, 110, PEER_FRESH_MINUTES, &back))
            CHECK(address_equal(&back, &address));
    }
    return NULL;
}

static void cache_under_fire(void)
{
    pthread_t threads[4];
    _Atomic uint32_t found[2] = {0};
    find_mates();
    for (uintptr_t i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, displace, (void *)i) == 0);
        CHECK(pthread_create(&threads[i + 2], NULL, look, &found[i]) == 0);
    }
    do
        usleep(RUN_MS * 1000);
    while (found[0] == 0 || found[1] == 0); /* a thread may start late */
    atomic_store(&stop, true);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void peer_grows_stale(void)
{
    static struct peer_cache fresh;
    struct ip_address back, address = numbered(1);
    uint64_t hash = alias_hash(secret, &address);
    uint32_t offset, last = 1000 + PEER_FRESH_MINUTES - 1;
    peer_keep(&fresh, hash, &address, 77, 1000);
    CHECK(peer_find_address(&fresh, hash, &address, last, PEER_FRESH_MINUTES, &offset) && offset == 77);
    CHECK(peer_find_alias(&fresh, secret, 77, last, PEER_FRESH_MINUTES, &back) && address_equal(&back, &address));
    CHECK(!peer_find_address(&fresh, hash, &address, last + 1, PEER_FRESH_MINUTES, &offset));
    CHECK(!peer_find_alias(&fresh, secret, 77, last + 1, PEER_FRESH_MINUTES, &back));
    CHECK(peer_find_address(&fresh, hash, &address, last + 1, PEER_KEPT_MINUTES, &offset) && offset == 77);
    CHECK(!peer_find_address(&fresh, hash, &address, 999, PEER_KEPT_MINUTES, &offset)); /* the clock was set back */
}

/* fork() may come while another thread writes an entry: in the child it means nobody, and is written again. */
static void peer_left_half_written(void)
{
    static struct peer_cache left;
    struct ip_address address = numbered(1), back;
    uint64_t hash = alias_hash(secret, &address);
    uint32_t offset;
    for (uint32_t way = 0; way < PEER_WAYS; way++) {
        struct ip_address other = numbered(100 + way);
        peer_keep(&left, (uint64_t)way << 32 | hash % PEER_SETS, &other, 77 + way * PEER_SETS, 1000);
        struct peer_entry *entry = &left.by_address[hash % PEER_SETS][way];
        atomic_store(&entry->check, 0);
        atomic_store(&left.by_alias[77 % PEER_SETS][way].scope, 3); /* torn: one word of another write */
    }
    CHECK(!peer_find_alias(&left, secret, 77, 1000, PEER_FRESH_MINUTES, &back));
    peer_keep(&left, hash, &address, 77, 1001);
    CHECK(peer_find_address(&left, hash, &address, 1001, PEER_FRESH_MINUTES, &offset) && offset == 77);
    CHECK(peer_find_alias(&left, secret, 77, 1001, PEER_FRESH_MINUTES, &back) && address_equal(&back, &address));
}

static void test_peer_cache(void **state)
{
    (void)state;
    assert_true(support_child(cache_under_fire));
    assert_true(support_child(peer_grows_stale));
    assert_true(support_child(peer_left_half_written));
}

static volatile sig_atomic_t ticks;

static void on_tick(int signal)
{
    (void)signal;
    int saved = errno;
    uint32_t number = ((uint32_t)ticks++ * 13) % ADDRESSES;
    ask(number, number % 3 == 0 ? ALIAS_PEER : ALIAS_NAME);
    CHECK(errno == saved);
}

static void start_ticking(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval timer = {{0, TICK_US}, {0, TICK_US}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void stop_ticking(void)
{
    struct itimerval off = {0};
    setitimer(ITIMER_REAL, &off, NULL);
}

static void handler_asks_too(void)
{
    start_aliases(POOL_LENGTH);
    start_ticking(on_tick);
    for (uint32_t number = 0, asked = 0; ticks < TICKS_MIN || asked < ADDRESSES;
         number = (number + 1) % ADDRESSES, asked++)
        ask(number, number % 3 == 0 ? ALIAS_PEER : ALIAS_NAME);
    stop_ticking();
    CHECK(logged[0] == '\0');
}

static void test_signal_handler(void **state)
{
    (void)state;
    assert_true(support_child(handler_asks_too));
}

static sigjmp_buf before_asking;

static void jump_out(int signal)
{
    (void)signal;
    ticks++;
    siglongjmp(before_asking, 1);
}

/* Old programs leave blocking calls by siglongjmp. Nothing may stay open or locked. */
static void handler_jumps(void)
{
    start_aliases(POOL_LENGTH);
    size_t before = open_descriptors();
    static volatile uint32_t number;
    sigsetjmp(before_asking, 1);
    if (number == 0)
        start_ticking(jump_out);
    while (number < ADDRESSES && ticks < 4000) {
        number++;
        ask(number - 1, ALIAS_NAME);
    }
    stop_ticking();
    CHECK(ticks > 0 && number > 10);
    CHECK(open_descriptors() == before);
    for (uint32_t again = 0; again < number; again++)
        ask(again, ALIAS_NAME);
    CHECK(logged[0] == '\0');
}

static void test_siglongjmp(void **state)
{
    (void)state;
    assert_true(support_child(handler_jumps));
}

/* Children that are forked while other threads hold whatever they may hold must not hang. */
static void fork_at_work(void)
{
    start_aliases(POOL_LENGTH);
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, ask_for_all, (void *)i) == 0);
    for (unsigned round = 0; round < 20; round++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            for (uint32_t number = round; number < ADDRESSES; number += 31)
                ask(number, number % 3 == 0 ? ALIAS_PEER : ALIAS_NAME);
            _exit(0);
        }
        CHECK(support_wait(child));
    }
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

/* A child of vfork() works on its parent's memory. */
static void ask_in_vfork_child(void)
{
    start_aliases(POOL_LENGTH);
    ask(1, ALIAS_NAME);
    pid_t child = vfork();
    if (child == 0) {
        ask(2, ALIAS_NAME);
        ask(3, ALIAS_PEER);
        _exit(0);
    }
    CHECK(support_wait(child));
    for (uint32_t number = 1; number < 5; number++)
        ask(number, ALIAS_NAME);
}

static void test_children(void **state)
{
    (void)state;
    assert_true(support_child(fork_at_work));
    assert_true(support_child(ask_in_vfork_child));
}

static void *scribble(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop)) {
        for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
            ssize_t ignored = write(fd, "a message for somebody who is not there\n", 40);
            (void)ignored;
        }
    }
    return NULL;
}

/* A daemon has closed 0, 1 and 2, and another thread still writes there. */
static void without_standard_error(void)
{
    start_aliases(POOL_LENGTH);
    int report = dup(STDERR_FILENO);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        close(fd);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, scribble, NULL) == 0);
    for (uint32_t number = 0; number < ADDRESSES; number++)
        ask(number, ALIAS_NAME);
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    dup2(report, STDERR_FILENO);
    CHECK(logged[0] == '\0');
}

static void read_after_scribbling(void)
{
    start_aliases(POOL_LENGTH);
    check_aliases(ADDRESSES, ALIAS_NAME);
    CHECK(logged[0] == '\0');
}

static void test_closed_standard_error(void **state)
{
    (void)state;
    assert_true(support_child(without_standard_error));
    assert_true(support_child(read_after_scribbling));
}

static void *wait_to_be_cancelled(void *argument)
{
    for (uint32_t number = 0; number < ADDRESSES; number++)
        ask(number, ALIAS_NAME);
    while (!atomic_load(&stop))
        pause();
    return argument;
}

/* pread and open are cancellation points; a thread must not die between them. */
static void cancel_at_work(void)
{
    start_aliases(POOL_LENGTH);
    size_t before = open_descriptors();
    for (unsigned round = 0; round < 50; round++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, wait_to_be_cancelled, NULL) == 0);
        usleep(round * 10);
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
    CHECK(open_descriptors() == before);
    for (uint32_t number = 0; number < ADDRESSES; number++)
        ask(number, ALIAS_NAME);
    CHECK(logged[0] == '\0');
}

static void test_cancellation(void **state)
{
    (void)state;
    assert_true(support_child(cancel_at_work));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_threads),  TEST(test_peer_cache),   TEST(test_signal_handler),        TEST(test_siglongjmp),
        TEST(test_children), TEST(test_cancellation), TEST(test_closed_standard_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
