/*
 * A connection that is raced is one TCP socket to its program: each part of the tests that use this prints what a
 * program sees of a non-blocking connect(), and has to print the same with the library, where several sockets are
 * behind it, as without, where there is one. (Bare, the names have their IPv4 address alone.) Times are not printed,
 * as they differ.
 */
#ifndef V6SHIM_TESTS_RACE_PARTS_H
#define V6SHIM_TESTS_RACE_PARTS_H

#include "support.h"

#include <poll.h>
#include <sys/epoll.h>

#define HOLE       "hole-both.example" /* nobody ever answers */
#define HALF       "half-hole.example" /* IPv4 does */
#define REFUSING   "both.example"      /* at a port where nobody listens */
#define NOBODY     1                   /* such a port */
#define SHORT_MS   30                  /* in which nothing is to happen */
#define IN_TIME_MS 60000               /* in which something has to happen */

/* Prints what a call gave: its result, or the name of the error. */
void say(const char *what, long result);
#define SAY(call) (errno = 0, say(#call, (long)(call)))

/* A new non-blocking TCP socket; connect() to a name; both, with the result printed. */
int fresh(void);
int go(int fd, const char *name, uint16_t port);
int going(const char *name, uint16_t port);

/* What poll() says of it: the events, 0 after the time, -1 on error. */
int events_of(int fd, short events, int timeout_ms);
/* SO_ERROR, which is taken away by this. */
int error_of(int fd);
/* An option's value, or -1 with errno. */
int option_of(int fd, int level, int name);
int set_option(int fd, int level, int name, int value);

/* Prints the events of an epoll set. */
void show_events(int epoll, int timeout_ms);
/* epoll_ctl() with 5 for the data. */
int control(int epoll, int operation, int fd, uint32_t events);

/* A test of cmocka's, which compares the part that its state points to with and without the library. */
void run_part(void **state);
/* That test, for one part. */
#define PART_TEST(part) ((struct CMUnitTest){(part)->name, run_part, NULL, NULL, (void *)(uintptr_t)(part)})

#endif
