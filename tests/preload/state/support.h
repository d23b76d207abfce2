/*
 * For the tests of the shared state: each test runs in child processes, since a process remembers its aliases, and
 * each in a directory of its own.
 */
#ifndef V6SHIM_TESTS_STATE_SUPPORT_H
#define V6SHIM_TESTS_STATE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/alias/alias.h"

#define SUPPORT_PATH_SIZE 512
#define SUPPORT_LOG_SIZE  8192

/* The thread sanitizer makes system calls and takes memory of its own accord. */
#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZED true
#endif
#endif
#ifndef THREAD_SANITIZED
#define THREAD_SANITIZED false
#endif

/* The test's directory, and the state directory in it (which is not made). */
extern char test_directory[SUPPORT_PATH_SIZE];
extern char state_directory[SUPPORT_PATH_SIZE];

/* Where root runs the test: an empty /var/lib of this process's own, since what this machine keeps there would be
   found. To be called before any thread is there. */
void support_hide_var_lib(void);

/* cmocka: makes a new test directory, removes it with all that is in it. */
int support_set_up(void **state);
int support_tear_down(void **state);

/* Ends a child process with a message where `condition` is false. */
#define CHECK(condition) support_check((condition), #condition, __FILE__, __LINE__)
void support_check(bool condition, const char *text, const char *file, int line);

/* Runs `body` in a child process; true if it ended well. A child that takes longer than ten minutes is killed. */
bool support_child(void (*body)(void));
pid_t support_start(void (*body)(void));
bool support_wait(pid_t child);

/* aliases_start() with the test's state directory and a fixed key, and a pool of 2^(32 - length) aliases. */
void start_aliases(unsigned pool_length);

/* The place in the pool of an alias of it. */
uint32_t offset_of_alias(const struct alias_pool *pool, struct in_addr alias);

/* 2001:db8::number; fe80::1%scope. */
struct ip_address numbered(uint32_t number);
struct ip_address link_local(uint32_t scope);

/* Path of a file in the state directory, or in the test's: each valid until the next call. */
const char *state_path(const char *name);
const char *test_path(const char *name);

void write_whole(const char *path, const void *bytes, size_t size);
size_t read_whole(const char *path, void *bytes, size_t size);

/* What has been logged in this process, and how often a part occurs in it. */
extern char logged[SUPPORT_LOG_SIZE];
size_t logged_count(const char *part);
extern _Atomic size_t logged_warnings; /* lines, also of errors */

/* Open descriptors of this process. */
size_t open_descriptors(void);

/* Whether the first addresses have aliases that lead back to them and differ from each other. */
void check_aliases(uint32_t count, enum alias_kind kind);

#endif
