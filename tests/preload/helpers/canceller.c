/*
 * Behind the library: cancels the calling thread in the moment before one of the calls that are cancellation points,
 * the one whose turn it is. So each of them that the library makes for itself can be cancelled, one after the other.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* Set by the test in its own thread: how many calls are still let pass, negative for all. */
__thread int canceller_lets;
/* Calls so far, of this thread. */
__thread int canceller_calls;

static void take_turn(void)
{
    canceller_calls++;
    if (canceller_lets >= 0 && canceller_lets-- == 0)
        pthread_cancel(pthread_self());
}

#define POINT(type, name, parameters, arguments)                \
    type name parameters                                        \
    {                                                           \
        static type(*_Atomic real) parameters;                  \
        if (real == NULL)                                       \
            real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
        take_turn();                                            \
        return real arguments;                                  \
    }

POINT(int, close, (int fd), (fd))
POINT(int, connect, (int fd, const struct sockaddr *address, socklen_t length), (fd, address, length))
POINT(int, accept, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length))
POINT(int, poll, (struct pollfd * polled, nfds_t count, int timeout), (polled, count, timeout))
POINT(int, ppoll, (struct pollfd * polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask),
      (polled, count, timeout, mask))
POINT(ssize_t, sendto,
      (int fd, const void *data, size_t size, int flags, const struct sockaddr *address, socklen_t length),
      (fd, data, size, flags, address, length))
POINT(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
POINT(ssize_t, recv, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
POINT(ssize_t, recvfrom, (int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length),
      (fd, data, size, flags, address, length))
POINT(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
