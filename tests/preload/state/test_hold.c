/* What is held while a state file is open, and let go of whatever happens: numbers, locks, what a thread remembers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/aliases.h"
#include "preload/base/clock.h"
#include "preload/state/state_aliases.h"
#include "support.h"

#define POOL_LENGTH 26 /* one page, which one lock covers */

/* --- numbers --- */

/* A daemon has closed its standard input, output and error: no file of ours may get their numbers, nor keep any. */
static void low_numbers(unsigned closed)
{
    start_aliases(POOL_LENGTH);
    int log = fcntl(STDERR_FILENO, F_DUPFD, 10);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if ((closed & 1u << fd) != 0)
            close(fd);
    bool good = true;
    size_t before = open_descriptors();
    for (uint32_t number = 0; number < 8; number++) {
        struct ip_address back, address = numbered(number);
        struct in_addr alias = aliases_of(&address, number % 2 == 0 ? ALIAS_NAME : ALIAS_PEER);
        good &= aliases_find_address(alias, &back) && address_equal(&back, &address);
    }
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        good &= (fcntl(fd, F_GETFD) < 0) == ((closed & 1u << fd) != 0);
    good &= open_descriptors() == before;
    struct state *state = state_current();
    struct state_format format = state_format(state, STATE_ALIASES);
    struct state_fault fault;
    struct state_file file;
    good &= state_file_open(&file, &state->place, &format, STATE_READ, &fault) && file.fd > STDERR_FILENO;
    state_file_close(&file);
    good &= open_descriptors() == before;
    dup2(log, STDERR_FILENO);
    CHECK(good);
}

static unsigned closed_numbers;

static void with_closed_numbers(void)
{
    low_numbers(closed_numbers);
}

static void test_low_numbers(void **state)
{
    (void)state;
    for (closed_numbers = 0; closed_numbers < 8; closed_numbers++)
        assert_true(support_child(with_closed_numbers));
}

/* --- locks --- */

static pid_t forked[8];
static unsigned forks;

/* The search asks this under the lock too: a child that is forked then has the open file, and would keep its lock. */
static bool fork_meanwhile(void *context, uint32_t offset, const struct ip_address *address)
{
    (void)context;
    (void)offset;
    (void)address;
    if (forks < sizeof forked / sizeof *forked) {
        forked[forks] = fork();
        if (forked[forks] == 0)
            for (;;)
                pause();
        forks++;
    }
    return false;
}

static void lock_ends_with_the_question(void)
{
    start_aliases(POOL_LENGTH);
    aliases_prepare();
    struct ip_address address = numbered(1), other = numbered(2);
    struct alias_search search = {.address = address, .kind = ALIAS_NAME, .taken = fork_meanwhile};
    struct state_fault fault = {0};
    uint32_t offset;
    bool given = state_aliases_allot(state_current(), &search, &offset, &fault) == STATE_FOUND;
    bool shared = aliases_is_shared(aliases_of(&other, ALIAS_NAME));
    for (unsigned i = 0; i < forks; i++) {
        kill(forked[i], SIGKILL);
        waitpid(forked[i], NULL, 0);
    }
    CHECK(given && forks >= 2);
    CHECK(shared && logged[0] == '\0');
}

/* The same of a lock that is let go of by hand, and of the one under which a file is made. */
static void lock_ends_by_hand(void)
{
    start_aliases(POOL_LENGTH);
    struct state *state = state_current();
    struct state_format format = state_format_for(state, STATE_ALIASES, STATE_CREATE);
    struct state_fault fault;
    struct state_file file, again;
    CHECK(state_file_open(&file, &state->place, &format, STATE_CREATE, &fault));
    CHECK(state_file_lock(&file, 0, 64, &fault));
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    CHECK(state_file_open(&again, &state->place, &format, STATE_WRITE, &fault));
    bool busy = !state_file_lock(&again, 0, 64, &fault) && fault.reason == STATE_BUSY;
    state_file_unlock(&file, 0, 64);
    state_file_close(&file);
    bool is_free = state_file_lock(&again, 0, 64, &fault);
    state_file_close(&again);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(busy && is_free);
}

static void test_locks_end(void **state)
{
    (void)state;
    assert_true(support_child(lock_ends_with_the_question));
    assert_true(support_child(lock_ends_by_hand));
}

/* --- the name of a new file --- */

static void first_alias(void)
{
    struct ip_address address = numbered(1);
    start_aliases(POOL_LENGTH);
    CHECK(aliases_is_shared(aliases_of(&address, ALIAS_NAME)));
    CHECK(logged[0] == '\0');
}

static void first_alias_traced(void)
{
    CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    raise(SIGSTOP);
    first_alias();
}

/* Lets the child go on to the first pause that it makes, which is that of who waits for a lock. */
static bool stops_in_a_pause(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        char path[64], text[128] = "";
        snprintf(path, sizeof path, "/proc/%d/syscall", (int)child);
        read_whole(path, text, sizeof text - 1);
        long call = strtol(text, NULL, 10);
        if (call == SYS_nanosleep || call == SYS_clock_nanosleep)
            return true;
        ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    }
    return false;
}

/* Who waits for the lock of aliases.new finds, when it has it, that this is no longer the file of that name. */
static void test_new_file_is_named(void **state)
{
    (void)state;
    char aside[SUPPORT_PATH_SIZE + 64];
    snprintf(aside, sizeof aside, "%s", test_path("aside"));
    assert_int_equal(mkdir(state_directory, 0700), 0);
    write_whole(state_path("aliases.new"), "old", 3);
    int fd = open(state_path("aliases.new"), O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    pid_t child = support_start(first_alias_traced);
    assert_true(stops_in_a_pause(child)); /* it has met the lock, and tries again when it goes on */
    assert_int_equal(rename(state_path("aliases.new"), aside), 0);
    write_whole(state_path("aliases.new"), "what another process is at", 26);
    lock.l_type = F_UNLCK; /* the child has the open file too */
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    close(fd);
    assert_int_equal(ptrace(PTRACE_DETACH, child, NULL, NULL), 0);
    assert_true(support_wait(child));
    char bytes[8] = "";
    assert_int_equal(read_whole(aside, bytes, sizeof bytes), 3);
    assert_string_equal(bytes, "old");
}

/* --- what a thread remembers --- */

static bool asked_before; /* whether the interrupted question is about the address of the one before it */
static struct ip_address own_address, handlers_address;
static struct in_addr own_alias, handlers_alias;

static void on_signal(int number)
{
    (void)number;
    struct in_addr alias;
    /* What is being written about the address is not read half. */
    if (aliases_recall(&own_address, &alias))
        CHECK(alias.s_addr == own_alias.s_addr);
    CHECK(aliases_of(&own_address, ALIAS_NAME).s_addr == own_alias.s_addr);
    CHECK(aliases_of(&handlers_address, ALIAS_NAME).s_addr == handlers_alias.s_addr);
    if (aliases_recall(&handlers_address, &alias))
        CHECK(alias.s_addr == handlers_alias.s_addr);
}

/* Traced: stops, asks, stops again, and looks whether all is right. */
static void interrupted(void)
{
    struct in_addr alias;
    start_aliases(POOL_LENGTH);
    own_address = numbered(1);
    handlers_address = numbered(2);
    own_alias = aliases_of(&own_address, ALIAS_NAME);
    handlers_alias = aliases_of(&handlers_address, ALIAS_NAME);
    CHECK(aliases_of(&handlers_address, ALIAS_NAME).s_addr == handlers_alias.s_addr); /* now it is kept */
    if (asked_before)
        aliases_of(&own_address, ALIAS_NAME);
    signal(SIGUSR1, on_signal);
    CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    raise(SIGSTOP);
    alias = aliases_of(&own_address, ALIAS_NAME);
    raise(SIGSTOP);
    CHECK(alias.s_addr == own_alias.s_addr);
    if (aliases_recall(&handlers_address, &alias))
        CHECK(alias.s_addr == handlers_alias.s_addr);
    if (aliases_recall(&own_address, &alias))
        CHECK(alias.s_addr == own_alias.s_addr);
    CHECK(aliases_of(&own_address, ALIAS_NAME).s_addr == own_alias.s_addr);
    CHECK(aliases_of(&handlers_address, ALIAS_NAME).s_addr == handlers_alias.s_addr);
    CHECK(aliases_of(&own_address, ALIAS_NAME).s_addr == own_alias.s_addr);
}

static bool is_stopped(pid_t child, int signal)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == signal;
}

/* One run with a signal after so many instructions of the question. -1: no tracing here. *at_end: the question is
   shorter. */
static int run_interrupted(unsigned instructions, bool *at_end)
{
    pid_t child = support_start(interrupted);
    int status;
    if (!is_stopped(child, SIGSTOP)) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return -1;
    }
    *at_end = false;
    for (unsigned step = 0; step < instructions && !*at_end; step++) {
        ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
        if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
            return 0;
        *at_end = WSTOPSIG(status) != SIGTRAP;
    }
    ptrace(PTRACE_CONT, child, NULL, (void *)(uintptr_t)(*at_end ? 0 : SIGUSR1));
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status))
        ptrace(PTRACE_CONT, child, NULL, NULL);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_handler_at_each_instruction(void **state)
{
    (void)state;
    if (getenv("SANITIZERS") != NULL && getenv("SANITIZERS")[0] != '\0')
        skip(); /* too many instructions */
    for (int round = 0; round < 2; round++) {
        bool at_end = false;
        unsigned instructions = 0;
        asked_before = round != 0;
        for (; !at_end && instructions < 20000; instructions++) {
            int good = run_interrupted(instructions, &at_end);
            if (good < 0)
                skip();
            if (!good)
                fail_msg("a signal after %u instructions", instructions);
        }
        assert_true(at_end && instructions > 30);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_low_numbers),
        TEST(test_locks_end),
        TEST(test_new_file_is_named),
        TEST(test_handler_at_each_instruction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
