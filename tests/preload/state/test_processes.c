/* Several processes at one table: all at once, killed in the middle, stopped with a lock in hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/aliases.h"
#include "preload/base/clock.h"
#include "preload/state/host.h"
#include "preload/state/state_aliases.h"
#include "support.h"

#define PROCESSES   8u
#define ADDRESSES   3000u
#define POOL_LENGTH 18 /* 16,384 aliases: a fifth of them used, so that many collide */
#define DENSE       19 /* 8,192: more than a third */
#define KILLS       24u

/* What each process was given, for each address; 0: it was killed before. */
static struct board {
    bool lockstep;
    _Atomic uint32_t started;
    _Atomic uint32_t progress;
    struct in_addr given[PROCESSES + KILLS][ADDRESSES];
} * board;

/* In lockstep they are all names: peers get only a part of each page. */
static enum alias_kind kind_of(uint32_t number)
{
    return number % 4 == 0 && !board->lockstep ? ALIAS_PEER : ALIAS_NAME;
}

static void start(void)
{
    start_aliases(board->lockstep ? DENSE : POOL_LENGTH);
}

/* The order in which a process asks: in lockstep, at each moment all of them for different addresses; else half of
   them go forward and the others backward. */
static uint32_t number_of(uint32_t self, uint32_t step)
{
    if (board->lockstep)
        return (step + self * (ADDRESSES / PROCESSES)) % ADDRESSES;
    return self % 2 == 0 ? step : ADDRESSES - 1 - step;
}

static void fill(void)
{
    uint32_t self = atomic_fetch_add(&board->started, 1);
    start();
    for (uint32_t step = 0; step < ADDRESSES; step++) {
        uint32_t number = number_of(self, step);
        while (board->lockstep && atomic_load(&board->progress) < step * PROCESSES)
            sched_yield();
        struct ip_address back, address = numbered(number);
        struct in_addr alias = aliases_of(&address, kind_of(number));
        CHECK(aliases_find_address(alias, &back) && address_equal(&back, &address));
        board->given[self][number] = alias;
        atomic_fetch_add(&board->progress, 1);
    }
    CHECK(logged[0] == '\0');
}

static bool put_on_map(void *context, uint32_t offset, const struct alias_record *record)
{
    uint32_t *owner = context;
    uint32_t number;
    memcpy(&number, &record->address.ipv6.s6_addr[12], sizeof number);
    number = ntohl(number);
    struct ip_address expected = numbered(number);
    CHECK(number < ADDRESSES && address_equal(&record->address, &expected));
    CHECK(record->kind == kind_of(number));
    CHECK(owner[number] == 0); /* one alias only */
    owner[number] = offset;
    return true;
}

/* The table as it is in the end, against what everybody was given. */
static void compare(void)
{
    start();
    static uint32_t offsets[ADDRESSES];
    struct alias_pool pool;
    struct state_fault fault;
    CHECK(state_aliases_each(state_current(), &pool, put_on_map, offsets, &fault) == STATE_FOUND);
    for (uint32_t number = 0; number < ADDRESSES; number++) {
        struct ip_address back, address = numbered(number);
        struct in_addr alias = alias_pool_address(&pool, offsets[number]);
        CHECK(offsets[number] != 0);
        CHECK(aliases_of(&address, kind_of(number)).s_addr == alias.s_addr);
        CHECK(aliases_find_address(alias, &back) && address_equal(&back, &address));
        for (uint32_t process = 0; process < board->started; process++) {
            struct in_addr given = board->given[process][number];
            CHECK(given.s_addr == 0 || given.s_addr == alias.s_addr);
        }
    }
    CHECK(access(state_path("aliases.new"), F_OK) != 0);
}

static void fill_by_eight(bool lockstep)
{
    memset(board, 0, sizeof *board);
    board->lockstep = lockstep;
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++)
        children[i] = support_start(fill);
    for (unsigned i = 0; i < PROCESSES; i++)
        assert_true(support_wait(children[i]));
    assert_true(support_child(compare));
}

static void test_eight_at_once(void **state)
{
    (void)state;
    fill_by_eight(false);
}

static void test_eight_in_lockstep(void **state)
{
    (void)state;
    fill_by_eight(true);
}

static void test_killed_in_the_middle(void **state)
{
    (void)state;
    memset(board, 0, sizeof *board);
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++)
        children[i] = support_start(fill);
    for (unsigned kill_number = 0; kill_number < KILLS; kill_number++) {
        /* After some more work of theirs, the next one dies, wherever it is, and another takes its place. */
        uint32_t until = atomic_load(&board->progress) + 37 * (kill_number % 7);
        for (unsigned wait = 0; atomic_load(&board->progress) < until && wait < 1000; wait++)
            usleep(100);
        pid_t *victim = &children[kill_number % PROCESSES];
        assert_int_equal(kill(*victim, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(*victim, &status, 0), *victim);
        *victim = support_start(fill);
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        assert_true(support_wait(children[i]));
    assert_true(support_child(compare));
}

/* Killed at the very beginning, while the file is made. */
static void test_killed_while_making(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        memset(board, 0, sizeof *board);
        pid_t victim = support_start(fill);
        usleep(round * 25);
        kill(victim, SIGKILL);
        int status;
        assert_int_equal(waitpid(victim, &status, 0), victim);
    }
    memset(board, 0, sizeof *board);
    assert_true(support_child(fill));
    assert_true(support_child(compare));
}

/* Takes the lock of one address's page, and stops. */
static void hold(void)
{
    start_aliases(POOL_LENGTH);
    aliases_prepare();
    struct state *state = state_current();
    struct state_format format = state_format(state, STATE_ALIASES);
    struct state_fault fault;
    struct state_file file;
    struct ip_address address = numbered(0);
    struct alias_page page = alias_page_of(&state->pool, alias_hash(host_key("a key for tests"), &address));
    CHECK(state_file_open(&file, &state->place, &format, STATE_WRITE, &fault));
    CHECK(state_file_lock(&file, page.first, page.count, &fault));
    raise(SIGSTOP);
}

static void worker_thread_a_stopped_holder(void)
{
    start_aliases(POOL_LENGTH);
    struct ip_address back, address = numbered(0);
    int64_t began_ms = clock_now_ms();
    struct in_addr alias = aliases_of(&address, ALIAS_NAME);
    CHECK(clock_now_ms() - began_ms >= STATE_LOCK_WAIT_MS);
    CHECK(aliases_find_address(alias, &back) && address_equal(&back, &address));
    CHECK(logged_count("/state/aliases stays locked by another process") == 1);
    /* All other addresses are as always, but for the one in 256 that belong to the same page: they don't wait. If
       each of the thousand did, they would wait for twice as long as is allowed here. */
    began_ms = clock_now_ms();
    check_aliases(1000, ALIAS_NAME);
    CHECK(clock_now_ms() - began_ms < 500 * STATE_LOCK_WAIT_MS);
    CHECK(aliases_of(&address, ALIAS_NAME).s_addr == alias.s_addr);
    CHECK(logged_count("private") == 1);
}

static void test_stopped_holder(void **state)
{
    (void)state;
    pid_t holder = support_start(hold);
    int status;
    assert_int_equal(waitpid(holder, &status, WUNTRACED), holder);
    assert_true(WIFSTOPPED(status));
    bool good = support_child(worker_thread_a_stopped_holder);
    kill(holder, SIGKILL);
    assert_int_equal(waitpid(holder, &status, 0), holder);
    assert_true(good);
}

int main(void)
{
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_eight_at_once),       TEST(test_eight_in_lockstep), TEST(test_killed_in_the_middle),
        TEST(test_killed_while_making), TEST(test_stopped_holder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
