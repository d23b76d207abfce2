/*
 * What the program believes about its descriptors: which numbers are sockets that it made as AF_INET, what options it
 * set on them, which of them stand on an AF_INET6 socket now, and in which epoll set they are.
 *
 * A cache without any system call, that the kernel corrects: descriptors are closed behind our back, so whatever
 * destroys something (a dup3 over a number) asks the kernel first, with socket_is(). No function here waits or takes
 * a lock; all are async-signal-safe and keep errno.
 */
#ifndef V6SHIM_RUNTIME_SOCKETS_H
#define V6SHIM_RUNTIME_SOCKETS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "runtime/pool.h"

/* Facts about a socket that all its numbers share. */
enum socket_flag {
    SOCKET_STREAM = 1 << 0,         /* TCP; otherwise UDP */
    SOCKET_UPGRADED = 1 << 1,       /* an AF_INET6 socket stands under the numbers that the program made as AF_INET */
    SOCKET_CONNECTED = 1 << 2,      /* a TCP connect() was accepted by the kernel: options need no record any more */
    SOCKET_UNREPLAYABLE = 1 << 3,   /* an option was set that cannot be set on another socket: no upgrade */
    SOCKET_FAMILY_FIXED = 1 << 4,   /* the program bound it to one address: never changed behind its back */
    SOCKET_USED = 1 << 5,           /* UDP: a datagram was sent to a plain IPv4 address */
    SOCKET_WILDCARD = 1 << 6,       /* bound to the wildcard of both families in the place of 0.0.0.0 */
    SOCKET_LISTENING = 1 << 7,      /* with the backlog of the record */
    SOCKET_OWN_FILTER = 1 << 10,    /* UDP: the program set a filter in the place of ours, see proof.h */
    SOCKET_WANTS_PKTINFO = 1 << 11, /* with it: the program wants to see IP_PKTINFO */
    SOCKET_TRANSLATED = 1 << 9, /* connected where the peer may stand for an IPv4 address, see runtime/outbound.h */
    SOCKET_RACING = 1 << 8,     /* a placeholder stands under the number, see runtime/background.h */
};

struct socket_record {
    _Atomic uint32_t next_free; /* the pool's */
    _Atomic uint32_t numbers;   /* how many descriptors refer to it; may count some that are closed */
    _Atomic uint32_t flags;     /* of enum socket_flag */
    _Atomic uint32_t options;   /* newest recorded option, an item of a pool */
    _Atomic uint32_t option_count;
    _Atomic int backlog;
    _Atomic uint32_t race; /* with SOCKET_RACING: which */
};

/* The registration of one number in an epoll set, as the program asked for it. */
struct socket_watch {
    int epoll; /* -1: none */
    bool several;
    struct epoll_event event;
};

/* A new AF_INET socket of the program's under `fd`. Anything but TCP and UDP is not tracked. */
void sockets_add_ipv4(int fd, int type, int protocol);
/* The program made an AF_INET6 socket itself. */
void sockets_add_native(int fd);
/* A descriptor on which there is nothing to translate, whatever the program does. */
void sockets_add_other(int fd);
/* An AF_INET6 TCP connection that the program takes for AF_INET: it came from a socket like that. */
void sockets_add_upgraded(int fd);
/* An AF_INET6 datagram socket that the program was given, takes for AF_INET, and whose datagrams need proof
   (proof.h); `asks`: the program wants to see IP_PKTINFO. */
void sockets_add_inherited(int fd, bool asks);
/* `fd` was accepted from a listener that needs no translation: nor does the connection. */
void sockets_copy_kind(int listener, int fd);
/* `fd` is something else now, or nothing. */
void sockets_forget(int fd);
/* `to` is a duplicate of `from`. */
void sockets_copy(int from, int to);

/* The record of a number that the program made as AF_INET, else NULL. */
struct socket_record *sockets_find(int fd);
bool sockets_is_native(int fd);
bool sockets_is_other(int fd);
bool sockets_is_inherited(int fd);
bool sockets_inherited_asks(int fd);
/* Whether it has any of these flags. */
bool sockets_has(int fd, uint32_t flags);
void sockets_set(struct socket_record *record, uint32_t flags);
void sockets_clear(struct socket_record *record, uint32_t flags);

/* Calls `act` for every number whose record has all these flags. */
void sockets_each_with(uint32_t flags, void (*act)(int number, void *context), void *context);

/* Calls `act` for each number that may be a duplicate with this record, `fd` among them. */
void sockets_each_number(const struct socket_record *record, int fd, void (*act)(int number, void *context),
                         void *context);

/* Remembers a setsockopt() that succeeded, for sockets_replay(). */
void sockets_record_option(int fd, int level, int name, const void *value, socklen_t length);
/* Sets the recorded options on another socket, in the order in which they were set. 0, or the first failure. */
int sockets_replay(const struct socket_record *record, int fd);

/* Remembers, changes or (event NULL) forgets that `fd` is in an epoll set. */
void sockets_watch(int fd, int epoll, const struct epoll_event *event);
/* The registration of a number, if any. */
bool sockets_watched(int fd, struct socket_watch *watch);

#endif
