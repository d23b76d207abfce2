/*
 * What the program believes about its descriptors: which numbers are sockets that it made as AF_INET, what options it
 * set on them, which of them stand on an AF_INET6 socket now, and in which epoll set they are.
 *
 * A cache without any system call, that the kernel corrects: descriptors are closed behind our back, so whatever
 * destroys something (a dup3 over a number) asks the kernel first (kernel.h). No function here waits or takes
 * a lock; all are async-signal-safe and keep errno.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_SOCKETS_H
#define V6SHIM_PRELOAD_SOCKET_SOCKETS_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "preload/base/hook.h"
#include "preload/base/pool.h"

/* Facts about a socket that all its numbers share. */
enum socket_flag {
    SOCKET_STREAM = 1 << 0,   /* TCP; otherwise UDP */
    SOCKET_UPGRADED = 1 << 1, /* an AF_INET6 socket stands under the numbers that the program made as AF_INET */
    SOCKET_BOUND = 1 << 2,    /* the program called bind(): without, a port is the kernel's choice of a connect() */
    SOCKET_UNREPLAYABLE = 1 << 3, /* an option was set that cannot be set on another socket: no upgrade */
    SOCKET_FAMILY_FIXED = 1 << 4, /* the program bound it to one address: never changed behind its back */
    SOCKET_USED = 1 << 5,         /* UDP: a datagram was sent to a plain IPv4 address */
    SOCKET_WILDCARD = 1 << 6,     /* bound to the wildcard of both families in the place of 0.0.0.0 */
    SOCKET_LISTENING = 1 << 7,    /* with the backlog of the record */
    SOCKET_RACING = 1 << 8,       /* a placeholder stands under the number, see preload/connect/background.h */
    SOCKET_TRANSLATED =
        1 << 9, /* connected where the peer may stand for an IPv4 address, see preload/peers/outbound.h */
    SOCKET_PROVEN = 1 << 10,        /* UDP: IP_PKTINFO was asked for, as proof of IPv4 (spoof_check.h) */
    SOCKET_WANTS_PKTINFO = 1 << 11, /* with it: the program wants to see IP_PKTINFO */
    SOCKET_FILTERED = 1 << 12,      /* the program attached a filter, and it is still there */
    SOCKET_FAILED = 1 << 13,    /* a race has failed with `failure`, which the socket under the number can't say */
    SOCKET_TRIED = 1 << 14,     /* TCP: the program has called connect() before, and may be owed the error of that */
    SOCKET_FRESH = 1 << 15,     /* UDP: the program has not waited for a datagram yet */
    SOCKET_PORT_KEPT = 1 << 16, /* a bind() has named its port: UDP keeps it when the peer is left */
    SOCKET_SCREENED = 1 << 17,  /* UDP: a filter of ours keeps forged datagrams out, see preload/upgrade/forgery.h */
    SOCKET_SENT = 1 << 18,      /* to another process, see holders.h */
    SOCKET_FOREIGN = 1 << 19,   /* we have not seen it being made */
    SOCKET_RELAYED = 1 << 20,   /* one end of a local pair stands under the number, see preload/relay/relay.h */
    SOCKET_RELAYS = 1 << 21,    /* listens on a port whose connections are to be relayed */
    SOCKET_TO_NAME_SERVER = 1 << 22, /* UDP: connected to port 53 */
    SOCKET_ASKS = 1 << 23,           /* UDP: has asked a name server, see preload/queries/queries.h */
};

struct socket_record {
    _Atomic uint32_t next_free; /* the pool's */
    _Atomic uint32_t numbers;   /* how many descriptors refer to it; may count some that are closed */
    _Atomic uint32_t flags;     /* of enum socket_flag */
    _Atomic uint32_t options;   /* newest recorded option, an item of a pool */
    _Atomic uint32_t option_count;
    _Atomic int protocol; /* of its transport: TCP or UDP, or what is beside them (core/address/transport.h) */
    _Atomic int backlog;
    _Atomic uint32_t serial;       /* which of all sockets of this process it is, from 1 */
    _Atomic uint32_t race;         /* with SOCKET_RACING: which */
    _Atomic int failure;           /* with SOCKET_FAILED: errno */
    _Atomic uint32_t kept;         /* bound to 0.0.0.0, and why to IPv4 alone (preload/upgrade/server_log.h); 0 */
    _Atomic uint32_t children;     /* made by the process up to when the socket was surely in no other one */
    _Atomic int64_t held_until_ms; /* found in another process, and believed to be there until then */
    atomic_bool closed;            /* close() was called with one of its numbers, perhaps by a vfork() child */
};

/* One descriptor number. */
struct descriptor {
    _Atomic uint32_t record;      /* an item of sockets_records, 0 (unknown), or one of the following */
    _Atomic uint32_t watch_epoll; /* epoll descriptor + 1, or as sockets.c says */
    _Atomic uint32_t watch_events;
    _Atomic uint32_t doubted; /* the record with which close() was called on the number, perhaps by a vfork() child in
                                 its own table; 0: none. Not a flag, so that it can't be about the next record. */
    _Atomic uint64_t watch_data;
};
#define SOCKETS_NATIVE    UINT32_MAX       /* the program's own AF_INET6 socket */
#define SOCKETS_OTHER     (UINT32_MAX - 1) /* nothing to translate */
#define SOCKETS_INHERITED (UINT32_MAX - 2)
#define SOCKETS_ASKING    (UINT32_MAX - 3) /* inherited too */

/* One million descriptors; numbers beyond are not tracked. */
#define SOCKETS_PAGE  1024u
#define SOCKETS_PAGES 1024u
extern void *_Atomic sockets_pages[SOCKETS_PAGES] NEARBY;
extern struct descriptor sockets_first_page[SOCKETS_PAGE] NEARBY;
extern struct pool sockets_records NEARBY;

/* Children that this process has made, and its parent before it: they have the sockets of that time too. */
extern _Atomic uint32_t sockets_children;
/* Forks that are under way: a child may be there that is not counted yet. To be read before sockets_children. */
extern _Atomic uint32_t sockets_forks;

/* The registration of one number in an epoll set, as the program asked for it. */
struct socket_watch {
    int epoll; /* -1: none */
    bool several;
    struct epoll_event event;
};

/* A new AF_INET socket of the program's under `fd`. Other transports than core/address/transport.h knows are not
 * tracked. */
void sockets_add_ipv4(int fd, int type, int protocol);
/* The program made an AF_INET6 socket itself. */
void sockets_add_native(int fd);
/* A descriptor on which there is nothing to translate, whatever the program does. */
void sockets_add_other(int fd);
/* An AF_INET6 TCP connection that the program takes for AF_INET: it came from a socket like that. */
void sockets_add_upgraded(int fd);
/* An AF_INET6 datagram socket that the program was given, takes for AF_INET, and whose datagrams need proof
   (spoof_check.h); `asks`: the program wants to see IP_PKTINFO. */
void sockets_add_inherited(int fd, bool asks);
/* `fd` was accepted from a listener that needs no translation: nor does the connection. */
void sockets_copy_kind(int listener, int fd);
/* `fd` is something else now, or nothing. */
void sockets_forget(int fd);
/* `to` is a duplicate of `from`. */
void sockets_copy(int from, int to);

/* Whether that is so of the number. */
bool sockets_is_in_doubt(int fd);
/* close() is about to close the number, in this process or in a vfork() child that shares its memory: of an upgraded
   socket, what is on record is from now on believed only if the kernel says the same. Two stores at most. */
static inline void sockets_note_closed(int fd);
/* Whether this is a TCP socket which a hook has seen being made and nothing has been done to: as far as hooks have
   seen it never had an address, a peer, a filter or a second owner, and its number was not closed. (Options may have
   been set, which are on record.) */
static inline bool sockets_is_untouched(int fd);
/* The same of a record that the caller keeps: what another thread puts under the number meanwhile has another one. */
static inline bool sockets_record_is_untouched(const struct socket_record *record);
/* For sockets_find: the record of a number, which is in doubt, or NULL. Asks the kernel. */
struct socket_record *sockets_find_doubtful(int fd, uint32_t item);

/* Every hook looks a number up, so this is inline: one load for the first of them, else three. The first page is part
   of the library's own data; what was never put into it is zero. */
static inline const struct descriptor *sockets_descriptor(int fd)
{
    if (__builtin_expect((unsigned)fd < SOCKETS_PAGE, 1))
        return &sockets_first_page[(unsigned)fd];
    if ((unsigned)fd >= SOCKETS_PAGES * SOCKETS_PAGE)
        return NULL;
    const struct descriptor *page =
        atomic_load_explicit(&sockets_pages[(unsigned)fd / SOCKETS_PAGE], memory_order_acquire);
    return page != NULL ? &page[(unsigned)fd % SOCKETS_PAGE] : NULL;
}

static inline uint32_t sockets_item(int fd)
{
    if (__builtin_expect((unsigned)fd < SOCKETS_PAGE, 1))
        return atomic_load_explicit(&sockets_first_page[(unsigned)fd].record, memory_order_acquire);
    const struct descriptor *descriptor = sockets_descriptor(fd);
    return descriptor != NULL ? atomic_load_explicit(&descriptor->record, memory_order_acquire) : 0;
}

static inline bool sockets_item_is_record(uint32_t item)
{
    return item - 1 < SOCKETS_ASKING - 1;
}

/* Unknown, native, or such that nothing is to be translated: in one comparison, since most descriptors are that. */
static inline bool sockets_item_is_plain(uint32_t item)
{
    return item - SOCKETS_OTHER <= SOCKETS_NATIVE - SOCKETS_OTHER + 1;
}

/* The record of a number that the program made as AF_INET, else NULL. */
static inline struct socket_record *sockets_find(int fd)
{
    uint32_t item = sockets_item(fd);
    if (!sockets_item_is_record(item))
        return NULL;
    if (__builtin_expect(atomic_load_explicit(&sockets_descriptor(fd)->doubted, memory_order_relaxed) == item, 0))
        return sockets_find_doubtful(fd, item);
    return (struct socket_record *)pool_at(&sockets_records, item);
}

static inline bool sockets_is_native(int fd)
{
    return sockets_item(fd) == SOCKETS_NATIVE;
}

static inline bool sockets_is_other(int fd)
{
    return sockets_item(fd) == SOCKETS_OTHER;
}

static inline bool sockets_is_inherited(int fd)
{
    uint32_t item = sockets_item(fd);
    return item == SOCKETS_INHERITED || item == SOCKETS_ASKING;
}

static inline bool sockets_inherited_asks(int fd)
{
    return sockets_item(fd) == SOCKETS_ASKING;
}

/* Whether it has any of these flags. */
static inline bool sockets_has(int fd, uint32_t flags)
{
    const struct socket_record *record = sockets_find(fd);
    return record != NULL && (atomic_load_explicit(&record->flags, memory_order_relaxed) & flags) != 0;
}

/* Whether a port (host byte order) that a TCP socket has is the program's own choice. A connect() that failed leaves
   the one that the kernel chose for it. bindresvport() binds within libc, to a reserved port. */
static inline bool sockets_chose_port(const struct socket_record *record, uint16_t port)
{
    return port != 0 && (record == NULL || port < IPPORT_RESERVED ||
                         (atomic_load_explicit(&record->flags, memory_order_relaxed) & SOCKET_BOUND) != 0);
}

/* Whether what comes from it may have to be translated: it was upgraded or inherited, or nothing is known about it.
 */
static inline bool sockets_may_translate(int fd)
{
    uint32_t item = sockets_item(fd);
    return sockets_item_is_record(item) ? sockets_has(fd, SOCKET_UPGRADED)
                                        : item != SOCKETS_NATIVE && item != SOCKETS_OTHER;
}

/*
 * Guesses for hooks that first look whether they have anything to do, without a call; records in doubt count as they
 * stand. The record, or NULL; whether it has any of these flags; whether that, or the number is unknown or inherited.
 */
static inline struct socket_record *sockets_glimpse(int fd)
{
    uint32_t item = sockets_item(fd);
    return sockets_item_is_record(item) ? (struct socket_record *)pool_at(&sockets_records, item) : NULL;
}

/* Of an item that is a record. */
static inline uint32_t sockets_item_flags(uint32_t item)
{
    const struct socket_record *record = (const struct socket_record *)pool_at(&sockets_records, item);
    return atomic_load_explicit(&record->flags, memory_order_relaxed);
}

static inline bool sockets_item_has(uint32_t item, uint32_t flags)
{
    return (sockets_item_flags(item) & flags) != 0;
}

static inline bool sockets_are_flagged(int fd, uint32_t flags)
{
    uint32_t item = sockets_item(fd);
    return !sockets_item_is_plain(item) && sockets_item_is_record(item) && sockets_item_has(item, flags);
}

static inline void sockets_note_closed(int fd)
{
    uint32_t item = sockets_item(fd);
    if (!sockets_item_is_record(item))
        return;
    struct socket_record *record = (struct socket_record *)pool_at(&sockets_records, item);
    atomic_store_explicit(&record->closed, true, memory_order_relaxed);
    if ((atomic_load_explicit(&record->flags, memory_order_relaxed) & SOCKET_UPGRADED) != 0)
        atomic_store_explicit(&((struct descriptor *)(uintptr_t)sockets_descriptor(fd))->doubted, item,
                              memory_order_relaxed);
}

static inline bool sockets_record_is_untouched(const struct socket_record *record)
{
    return atomic_load_explicit(&record->flags, memory_order_relaxed) == SOCKET_STREAM &&
           !atomic_load_explicit(&record->closed, memory_order_relaxed);
}

static inline bool sockets_is_untouched(int fd)
{
    const struct socket_record *record = sockets_find(fd);
    return record != NULL && sockets_record_is_untouched(record);
}

/* Whether it is surely an upgraded UDP socket of which the rest is as usual. */
static inline bool sockets_is_usual_upgraded(int fd)
{
    const uint32_t looked_at = SOCKET_UPGRADED | SOCKET_STREAM | SOCKET_RACING | SOCKET_TRANSLATED | SOCKET_FRESH;
    const struct descriptor *descriptor = sockets_descriptor(fd);
    uint32_t item = descriptor != NULL ? atomic_load_explicit(&descriptor->record, memory_order_acquire) : 0;
    if (!sockets_item_is_record(item) || atomic_load_explicit(&descriptor->doubted, memory_order_relaxed) == item)
        return false;
    const struct socket_record *record = (const struct socket_record *)pool_at(&sockets_records, item);
    return (atomic_load_explicit(&record->flags, memory_order_relaxed) & looked_at) == SOCKET_UPGRADED;
}

static inline bool sockets_may_concern(int fd, uint32_t flags)
{
    uint32_t item = sockets_item(fd);
    return sockets_item_is_record(item) ? sockets_item_has(item, flags)
                                        : item != SOCKETS_NATIVE && item != SOCKETS_OTHER;
}

/*
 * The kernel has told the family of a socket that nothing was known about (AF_UNSPEC: it has not, and is asked): one
 * of another family than AF_INET6 will never need anything.
 */
void sockets_learn(int fd, sa_family_t family);

void sockets_set(struct socket_record *record, uint32_t flags);
void sockets_clear(struct socket_record *record, uint32_t flags);
/* SOCKET_FAILED with this errno. */
void sockets_fail(struct socket_record *record, int error);
/* A socket of this family has been put under the numbers of the record, which the program takes for AF_INET. */
void sockets_note_family(struct socket_record *record, sa_family_t family);

/* The socket of this record (NULL: of none) has our filter, or has it no longer (SOCKET_SCREENED). How many have it.
 */
void sockets_note_screened(struct socket_record *record, bool screened);
extern _Atomic unsigned sockets_screened;

/* Calls `act` for every number whose record has all these flags. */
void sockets_each_with(uint32_t flags, void (*act)(int number, void *context), void *context);

/* Calls `act` for each number that may be a duplicate with this record, `fd` among them. */
void sockets_each_number(const struct socket_record *record, int fd, void (*act)(int number, void *context),
                         void *context);

/* Remembers a setsockopt() that succeeded, for sockets_replay(). */
void sockets_record_option(int fd, int level, int name, const void *value, socklen_t length);
/* Sets the recorded options on another socket, in the order in which they were set. 0, or the first failure. */
int sockets_replay(const struct socket_record *record, int fd);
/* Whether connect() may say that it has succeeded before the peer has answered (TCP_FASTOPEN_CONNECT was set). */
bool sockets_defer_connect(const struct socket_record *record);

/* Remembers, changes or (event NULL) forgets that `fd` is in an epoll set. */
void sockets_watch(int fd, int epoll, const struct epoll_event *event);
/* The registration of a number, if any. */
bool sockets_watched(int fd, struct socket_watch *watch);
/* A number, of a socket that isn't one of TCP, that may be registered with this data; -1: there is none for sure.
   Where it is not the one, another one may be. */
int sockets_watched_with(uint64_t data);

#endif
