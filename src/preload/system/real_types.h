/* The headers whose types hooks.def uses, and what they don't declare. */
#ifndef V6SHIM_PRELOAD_SYSTEM_REAL_TYPES_H
#define V6SHIM_PRELOAD_SYSTEM_REAL_TYPES_H

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
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

/* Which <resolv.h> of glibc before 2.34 has as other names of those with underscores, and declares none of these. */
#undef res_query
#undef res_search
#undef res_querydomain
#undef res_send
#undef res_nquery
#undef res_nsearch
#undef res_nquerydomain
int res_query(const char *name, int class, int type, unsigned char *answer, int size);
int res_search(const char *name, int class, int type, unsigned char *answer, int size);
int res_querydomain(const char *name, const char *domain, int class, int type, unsigned char *answer, int size);
int __res_query(const char *name, int class, int type, unsigned char *answer, int size);
int __res_search(const char *name, int class, int type, unsigned char *answer, int size);
int __res_querydomain(const char *name, const char *domain, int class, int type, unsigned char *answer, int size);
int res_send(const unsigned char *question, int length, unsigned char *answer, int size);
int res_nquery(struct __res_state *state, const char *name, int class, int type, unsigned char *answer, int size);
int res_nsearch(struct __res_state *state, const char *name, int class, int type, unsigned char *answer, int size);
int res_nquerydomain(struct __res_state *state, const char *name, const char *domain, int class, int type,
                     unsigned char *answer, int size);
int __res_send(const unsigned char *question, int length, unsigned char *answer, int size);
int __res_nquery(struct __res_state *state, const char *name, int class, int type, unsigned char *answer, int size);
int __res_nsearch(struct __res_state *state, const char *name, int class, int type, unsigned char *answer, int size);
int __res_nquerydomain(struct __res_state *state, const char *name, const char *domain, int class, int type,
                       unsigned char *answer, int size);

#endif
