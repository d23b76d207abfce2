/* Shows addresses that we reached through NAT64 or a redirection as the program knows them; called by
   getpeername() and receivers. */
#include "preload/peers/outbound.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

#include "preload/base/clock.h"
#include "preload/nat64/discovery.h"
#include "preload/resolve/redirect.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"

#define SENT_SLOTS  1024u
#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15) /* 2^64 by the golden ratio, as Knuth has it */
#define HASH_SHIFT  54                           /* to the highest 10 bits, as many as the slots need */
#define SESSION_MS  (5 * 60 * CLOCK_MS_PER_S)    /* RFC 6146 section 4, UDP_DEFAULT */

/* Where datagrams were sent, newer ones in the place of older ones. */
static struct {
    _Atomic uint64_t key; /* which socket, and where to; 0 is none */
    _Atomic int64_t end_ms;
} sent[SENT_SLOTS];
atomic_bool outbound_any;

/* 0 for a socket that is not on record. */
static uint64_t key_of(int fd, struct in_addr address)
{
    const struct socket_record *record = sockets_find(fd);
    return record != NULL ? (uint64_t)atomic_load(&record->serial) << 32 | address.s_addr : 0;
}

static size_t slot_of(uint64_t key)
{
    return (size_t)((key * HASH_FACTOR) >> HASH_SHIFT);
}

bool outbound_recover(const struct ip_address *address, struct in_addr *shown)
{
    return redirect_recover(address, shown) || nat64_discovery_recover_former(address, shown);
}

void outbound_note(int fd, struct in_addr asked)
{
    uint64_t key = key_of(fd, asked);
    size_t slot = slot_of(key);
    if (key == 0)
        return;
    atomic_store_explicit(&outbound_any, true, memory_order_relaxed);
    atomic_store(&sent[slot].end_ms, 0); /* never the time of one with the key of another */
    atomic_store(&sent[slot].key, key);
    atomic_store(&sent[slot].end_ms, clock_now_ms() + SESSION_MS);
}

static bool was_sent_to(int fd, struct in_addr address)
{
    uint64_t key = key_of(fd, address);
    size_t slot = slot_of(key);
    int64_t end_ms = atomic_load(&sent[slot].end_ms);
    return key != 0 && atomic_load(&sent[slot].key) == key && end_ms > clock_now_ms();
}

/* It was connected to that by us; whether it still is, the kernel knows. */
static bool is_connected_to(int fd, const struct ip_address *address)
{
    struct sockaddr_storage peer;
    struct ip_address native;
    socklen_t length = sizeof peer;
    return sockets_has(fd, SOCKET_TRANSLATED) && REAL(getpeername)(fd, (struct sockaddr *)&peer, &length) == 0 &&
           address_from_sockaddr((const struct sockaddr *)&peer, length, &native, NULL) &&
           address_equal(&native, address);
}

static bool recover(const struct sockaddr_storage *full, struct ip_address *native, struct in_addr *shown,
                    uint16_t *port)
{
    return full->ss_family == AF_INET6 &&
           address_from_sockaddr((const struct sockaddr *)full, sizeof(struct sockaddr_in6), native, port) &&
           outbound_recover(native, shown);
}

static void show(struct sockaddr_storage *full, struct in_addr shown, uint16_t port)
{
    struct ip_address mapped = address_map(shown);
    address_to_sockaddr(&mapped, port, full);
}

void outbound_show_peer(struct sockaddr_storage *full)
{
    struct ip_address native;
    struct in_addr shown;
    uint16_t port;
    if (recover(full, &native, &shown, &port))
        show(full, shown, port);
}

void outbound_show_source(int fd, struct sockaddr_storage *full)
{
    struct ip_address native;
    struct in_addr shown;
    uint16_t port;
    if (!atomic_load_explicit(&outbound_any, memory_order_relaxed) && !sockets_has(fd, SOCKET_TRANSLATED))
        return;
    int saved = errno;
    if (recover(full, &native, &shown, &port) && (was_sent_to(fd, shown) || is_connected_to(fd, &native)))
        show(full, shown, port);
    errno = saved;
}
