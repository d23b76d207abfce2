/* Marks sockets of ours for the programs that get them; called by upgrades and by adoption.c. */
#include "preload/socket/our_mark.h"

#include <errno.h>
#include <string.h>

#include "preload/system/kernel.h"
#include "preload/system/real.h"

#ifndef SO_INCOMING_CPU
#define SO_INCOMING_CPU 49
#endif
#define MARK         (-0x36736869) /* "6shi"; negative, so that a group of SO_REUSEPORT doesn't look at it */
#define NO_PROCESSOR (-1)

void our_mark_put_on(int socket)
{
    if (kernel_socket_integer(socket, SO_INCOMING_CPU) < 0)
        our_mark_put_on_accepted(socket);
}

void our_mark_put_on_accepted(int socket)
{
    int saved = errno, mark = MARK;
    REAL(setsockopt)(socket, SOL_SOCKET, SO_INCOMING_CPU, &mark, sizeof mark);
    errno = saved;
}

void our_mark_hide(void *value, socklen_t length)
{
    int mark = MARK, none = NO_PROCESSOR;
    if (length == sizeof mark && memcmp(value, &mark, sizeof mark) == 0)
        memcpy(value, &none, sizeof none);
}

bool our_mark_is_on(int fd)
{
    return kernel_socket_integer(fd, SO_INCOMING_CPU) == MARK;
}
