/*
 * What the benchmark programs share: time, medians, and sockets made by direct system calls, which no preloaded
 * library sees. In each program one side of the conversation is measured and the other is played by such sockets in
 * the same thread, so that no scheduler comes into it.
 */
#ifndef V6SHIM_TESTS_BENCH_H
#define V6SHIM_TESTS_BENCH_H

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000.0
#define BACKLOG  4096

static inline void fail(const char *what)
{
    perror(what);
    exit(1);
}

static inline int need(long result, const char *what)
{
    if (result < 0)
        fail(what);
    return (int)result;
}

static inline double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * NS_PER_S + (double)now.tv_nsec;
}

static inline int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which `part` (0 to 1) of them lie; sorts them. */
static inline double quantile(double *values, size_t count, double part)
{
    qsort(values, count, sizeof *values, compare_doubles);
    double place = part * (double)(count - 1);
    size_t below = (size_t)place;
    double next = below + 1 < count ? values[below + 1] : values[below];
    return values[below] + (place - (double)below) * (next - values[below]);
}

/* The partner of the program: direct system calls only. */

static inline int raw_socket(int family, int type)
{
    return need(syscall(SYS_socket, family, type | SOCK_CLOEXEC, 0), "socket");
}

static inline void raw_close(int fd)
{
    syscall(SYS_close, fd);
}

/* A socket for both families on a port that the kernel chooses. A listener's connections end with a reset, so that
   nothing is left in TIME_WAIT. */
static inline int raw_server(int type, in_port_t *port)
{
    int s = raw_socket(AF_INET6, type), off = 0;
    struct linger at_once = {.l_onoff = 1};
    struct sockaddr_in6 local = {.sin6_family = AF_INET6};
    socklen_t length = sizeof local;
    need(syscall(SYS_setsockopt, s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), "IPV6_V6ONLY");
    need(syscall(SYS_setsockopt, s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "SO_LINGER");
    need(syscall(SYS_bind, s, &local, sizeof local), "bind");
    if (type == SOCK_STREAM)
        need(syscall(SYS_listen, s, BACKLOG), "listen");
    need(syscall(SYS_getsockname, s, &local, &length), "getsockname");
    *port = local.sin6_port;
    return s;
}

/* Takes and ends the connections that wait at a listener. */
static inline void raw_drain(int listener, unsigned count)
{
    while (count-- > 0)
        raw_close(need(syscall(SYS_accept4, listener, NULL, NULL, 0), "accept"));
}

static inline unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || end == text || value > UINT32_MAX) {
        fprintf(stderr, "expected a number, found \"%s\"\n", text);
        exit(2);
    }
    return (unsigned)value;
}

/*
 * Where a program connects to. The plain program is the old one, which knows IPv4 and gethostbyname(); built with
 * -DPORTED it is its hand-ported twin.
 */
#ifdef PORTED
typedef struct sockaddr_storage destination;
#else
typedef struct sockaddr_in destination;
#endif

/* Returns the length of the address. */
static inline socklen_t look_up(const char *name, in_port_t port, destination *address)
{
#ifdef PORTED
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM};
    if (getaddrinfo(name, NULL, &hints, &found) != 0) {
        fprintf(stderr, "%s: no such host\n", name);
        exit(1);
    }
    socklen_t length = found->ai_addrlen;
    memcpy(address, found->ai_addr, length);
    freeaddrinfo(found);
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = port;
    else
        ((struct sockaddr_in *)(void *)address)->sin_port = port;
    return length;
#else
    const struct hostent *found = gethostbyname(name);
    if (found == NULL) {
        fprintf(stderr, "%s: no such host\n", name);
        exit(1);
    }
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    memcpy(&address->sin_addr, found->h_addr_list[0], sizeof address->sin_addr);
    return sizeof *address;
#endif
}

static inline int family_of(const destination *address)
{
    return ((const struct sockaddr *)(const void *)address)->sa_family;
}

#endif
