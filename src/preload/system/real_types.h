/* The headers whose types hooks.def uses, and what they don't declare. */
#ifndef V6SHIM_PRELOAD_SYSTEM_REAL_TYPES_H
#define V6SHIM_PRELOAD_SYSTEM_REAL_TYPES_H

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Arguments that libcs declare otherwise; the kernel takes a number of 32 bits. */
#ifdef __GLIBC__
typedef unsigned long ioctl_request;
typedef int messages_flags;
#else
typedef int ioctl_request;
typedef unsigned messages_flags;
#endif

/* Since glibc 2.34 and 2.35. */
int execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags);
int epoll_pwait2(int epoll, struct epoll_event *events, int size, const struct timespec *timeout,
                 const sigset_t *mask);

/* What a -D_FORTIFY_SOURCE program calls; libc declares it inside its inline functions only. */
ssize_t __recvfrom_chk(int fd, void *restrict data, size_t size, size_t data_size, int flags,
                       struct sockaddr *restrict address, socklen_t *restrict length);
ssize_t __recv_chk(int fd, void *data, size_t size, size_t data_size, int flags);
int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t size);
int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
                size_t size);

#endif
