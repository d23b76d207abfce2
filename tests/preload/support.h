/*
 * Tests with the library under their feet. A test program started by hand or by make check starts itself again in the
 * namespace of in_namespace.sh with the library preloaded, and runs its cmocka tests there.
 *
 * What depends on the history of a process (its first lookup, whether it speaks IPv6) is a part: a function that a
 * fresh process runs, with settings of its own, preloaded or bare. A test looks at what it printed.
 *
 * Sockets that stand for the rest of the world are made by system calls of their own (world_*), so that the library
 * sees nothing of them.
 */
#ifndef V6SHIM_TESTS_SUPPORT_H
#define V6SHIM_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Functions that came with a version of glibc; musl has none of those that are asked about. */
#ifdef __GLIBC__
#define HAS_GLIBC(major, minor) __GLIBC_PREREQ(major, minor)
#else
#define HAS_GLIBC(major, minor) 0
#endif

#define NO_ERROR 4242 /* in errno before a call that may not touch it */

struct part {
    const char *name;
    void (*run)(void);
};

/* To be returned from main. `parts` ends with an empty one; NULL is none. */
int support_run(int argc, char **argv, const struct part *parts, const struct CMUnitTest *tests, size_t count);
#define SUPPORT_MAIN(parts, tests) support_run(argc, argv, parts, tests, sizeof(tests) / sizeof((tests)[0]))

#define PART_OUTPUT_SIZE 65536

struct part_result {
    int status; /* as waitpid() gives it: 0 is success */
    char output[PART_OUTPUT_SIZE];
    char complaints[PART_OUTPUT_SIZE]; /* of standard error */
};

/* Runs a part in a fresh process, with these further variables ("A=b", up to a NULL; or NULL). Of static storage. */
const struct part_result *part_run(const char *name, const char *const variables[]);
/* As part_run, without the library. */
const struct part_result *part_run_bare(const char *name);
/* Runs a part and fails the test where the process failed or complained. Gives its output. */
const char *part_output(const char *name, const char *const variables[]);

/* ---- Addresses */

struct sockaddr_in ipv4_at(const char *address, uint16_t port);
struct sockaddr_in6 ipv6_at(const char *address, uint16_t port);
/* inet_ntop of an IPv4 address, of static storage (four results at a time). */
const char *text_of(struct in_addr address);
bool is_alias(struct in_addr address);
/* The first address of a name, as gethostbyname() gives it; the test fails where there is none. */
struct in_addr first_address(const char *name);
/* The alias of an IPv6 address. */
struct in_addr alias_of(const char *ipv6);

/* ---- The rest of the world */

/* A listening TCP socket on an IPv4 or IPv6 address; port 0 takes a free one. */
int world_listen(const char *address, uint16_t port);
/* A bound UDP socket. */
int world_datagrams(const char *address, uint16_t port);
uint16_t world_port(int fd);
/* The next connection, as "address port". The test fails where none comes within a minute. */
int world_accept(int fd, char *peer, size_t size);
void world_close(int fd);
/* A process that accepts and closes whatever comes, until world_stop() or the end of this one. */
pid_t world_serve(int fd);
void world_stop(pid_t server);
/* Packets that went out to addresses of the alias pool. */
long world_packets_lost(void);

/* Makes the file hold this text and nothing else. The test fails where it can't. */
void write_file(const char *path, const char *text);

/* ---- Looking at this process */

bool under_sanitizer(const char *which); /* "address", "thread" or "", which is any */
bool filters_hang(void);                 /* so leave them alone: tests/filters-hang */
/* Skips the test, and says what is missing, where libc is older than glibc 2.MINOR, or another one. */
void skip_before_glibc(int minor, const char *what);
int socket_family(int fd);    /* SO_DOMAIN as the kernel tells it */
int open_descriptors(void);   /* how many */
int lowest_free_number(void); /* the number that the next descriptor gets */
long milliseconds_now(void);
/*
 * Waits until a thread sleeps in the kernel. `thread` is 0 until it has written its number there (SYS_gettid), which
 * it does just before the call in which it is to sleep. Gives up after a minute: what the test looks at then tells.
 */
void wait_until_asleep(const _Atomic pid_t *thread);

#endif
