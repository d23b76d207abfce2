/* What the two ends of a connection say and hear, in tests of relays. */
#ifndef V6SHIM_TESTS_CONVERSATION_H
#define V6SHIM_TESTS_CONVERSATION_H

#include <poll.h>

#include "../support.h"

#define IN_TIME_MS 60000

static inline void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Reads as many bytes as the text has. */
static inline void hear(int fd, const char *expected)
{
    char text[1024] = "";
    size_t size = strlen(expected), got = 0;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    while (got < size && poll(&polled, 1, IN_TIME_MS) == 1) {
        ssize_t piece = read(fd, text + got, size - got);
        assert_true(piece > 0);
        got += (size_t)piece;
    }
    assert_string_equal(text, expected);
}

static inline void hear_end(int fd)
{
    char byte;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, IN_TIME_MS), 1);
    assert_int_equal(read(fd, &byte, 1), 0);
}

#endif
