/* Locks end when what they are for is done, though somebody else has the open file: a child that was forked
   meanwhile. Here the test takes it from the process that it traces, at each system call. */
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/aliases.h"
#include "preload/state/state_file.h"
#include "support.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

#define POOL_LENGTH 16
#define NUMBERS     64
#define HELD_MOST   256

/* ---- What takes a lock. Each is traced from its raise() on. */

static struct in_addr peer_alias(void)
{
    struct ip_address address = numbered(1);
    return aliases_of(&address, ALIAS_PEER);
}

static void be_traced(void)
{
    CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    raise(SIGSTOP);
}

static void give_an_alias(void)
{
    struct ip_address address = numbered(2);
    start_aliases(POOL_LENGTH);
    aliases_prepare();
    be_traced();
    CHECK(aliases_is_shared(aliases_of(&address, ALIAS_NAME)));
}

static void forget_an_alias(void)
{
    struct state_fault fault = {0};
    struct ip_address address = numbered(2);
    start_aliases(POOL_LENGTH);
    struct in_addr alias = aliases_of(&address, ALIAS_NAME);
    be_traced();
    CHECK(aliases_forget(alias, &fault) == STATE_FOUND);
}

static void store_a_list(void)
{
    struct ip_address list[] = {numbered(2), numbered(3)};
    start_aliases(POOL_LENGTH);
    struct in_addr alias = aliases_of(&list[0], ALIAS_NAME);
    CHECK(state_store_candidates(alias, list, 2));
    list[1] = numbered(4);
    be_traced();
    CHECK(state_store_candidates(alias, list, 2));
}

/* A peer that was seen before the machine was started is written down as seen now. */
static void see_a_peer_again(void)
{
    start_aliases(POOL_LENGTH);
    struct state *state = state_current();
    uint32_t offset = offset_of_alias(&aliases_pool, peer_alias());
    struct state_format format = state_format_for(state, STATE_ALIASES, STATE_WRITE);
    struct state_fault fault = {0};
    struct state_file file;
    struct alias_record record;
    uint8_t bytes[ALIAS_RECORD_SIZE];
    CHECK(state_file_open(&file, &state->place, &format, STATE_WRITE, &fault));
    CHECK(state_file_read(&file, offset, 1, bytes, &fault));
    CHECK(alias_record_decode(bytes, file.seal, offset, &record));
    record.seen.boot++;
    alias_record_encode(&record, file.seal, offset, bytes);
    CHECK(state_file_write(&file, offset, bytes, &fault));
    state_file_close(&file);
    be_traced();
    CHECK(state_aliases_read(state, offset, true, &record, &fault) == STATE_FOUND);
}

/* ---- Tracing */

static int held[HELD_MOST];
static size_t held_count;

static bool is_in_state_directory(pid_t child, int number)
{
    char link[64], path[SUPPORT_PATH_SIZE];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)child, number);
    ssize_t length = readlink(link, path, sizeof path - 1);
    size_t directory = strlen(state_directory);
    return length > (ssize_t)directory && memcmp(path, state_directory, directory) == 0 && path[directory] == '/';
}

static void take_files(pid_t child, int process)
{
    for (int number = 0; number < NUMBERS && held_count < HELD_MOST; number++) {
        if (!is_in_state_directory(child, number))
            continue;
        int fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
        if (fd >= 0)
            held[held_count++] = fd;
    }
}

static bool is_locked(const char *name)
{
    int fd = open(state_path(name), O_RDWR | O_CLOEXEC);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd < 0)
        return false;
    assert_int_equal(fcntl(fd, F_OFD_GETLK, &lock), 0);
    close(fd);
    return lock.l_type != F_UNLCK;
}

static void run_traced(void (*body)(void))
{
    int status;
    bool was_locked = false;
    pid_t child = support_start(body);
    int process = (int)syscall(SYS_pidfd_open, child, 0);
    held_count = 0;
    if (process < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        skip(); /* no tracing here */
    }
    while (WIFSTOPPED(status)) {
        take_files(child, process);
        was_locked |= is_locked("aliases") || is_locked("names");
        ptrace(PTRACE_SYSCALL, child, NULL, NULL);
        if (waitpid(child, &status, 0) != child)
            break;
    }
    close(process);
    bool stays = is_locked("aliases") || is_locked("names");
    for (size_t i = 0; i < held_count; i++)
        close(held[i]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(held_count > 0 && was_locked);
    assert_false(stays);
}

static void test_lock_stayed_with_a_childs_file(void **state)
{
    (void)state;
    if (getenv("SANITIZERS") != NULL && getenv("SANITIZERS")[0] != '\0')
        skip(); /* they don't like to be traced */
    void (*const bodies[])(void) = {give_an_alias, forget_an_alias, store_a_list, see_a_peer_again};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        run_traced(bodies[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lock_stayed_with_a_childs_file, support_set_up, support_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
