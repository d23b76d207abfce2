/* Keeps what is believed of each descriptor; called by every hook that gets one. */
#include "preload/socket/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>

#include "core/address/transport.h"
#include "preload/base/ready.h"
#include "preload/socket/socket_options.h"
#include "preload/system/kernel.h"

#define WATCH_NONE    0
#define WATCH_SEVERAL UINT32_MAX

#define HINT_BITS 12
/* By a hash of what the program keeps with an event: the number (+ 1) that was registered with it last. */
static _Atomic int hints[1u << HINT_BITS];

struct descriptor sockets_first_page[SOCKETS_PAGE];
void *_Atomic sockets_pages[SOCKETS_PAGES];
static _Atomic uint32_t sockets_made;
static _Atomic int highest; /* the highest number with a record */

static struct socket_record first_records[POOL_CHUNK_ITEMS];
_Atomic uint32_t sockets_children, sockets_forks;

static void *_Atomic record_chunks[POOL_CHUNKS];
struct pool sockets_records = {
    .item_size = sizeof(struct socket_record), .first = first_records, .chunks = record_chunks};

static struct descriptor *descriptor_if_known(int fd)
{
    return (struct descriptor *)(uintptr_t)sockets_descriptor(fd);
}

static struct descriptor *descriptor_make(int fd)
{
    if ((unsigned)fd >= SOCKETS_PAGES * SOCKETS_PAGE)
        return NULL;
    unsigned number = (unsigned)fd / SOCKETS_PAGE;
    struct descriptor *page =
        pool_chunk(&sockets_pages[number], number == 0 ? sockets_first_page : NULL, SOCKETS_PAGE * sizeof *page);
    return page != NULL ? &page[(unsigned)fd % SOCKETS_PAGE] : NULL;
}

_Atomic unsigned sockets_screened;

void sockets_note_screened(struct socket_record *record, bool screened)
{
    if (record == NULL)
        return;
    uint32_t before = screened ? atomic_fetch_or(&record->flags, SOCKET_SCREENED)
                               : atomic_fetch_and(&record->flags, ~(uint32_t)SOCKET_SCREENED);
    bool was_screened = (before & SOCKET_SCREENED) != 0;
    if (screened && !was_screened)
        atomic_fetch_add(&sockets_screened, 1);
    else if (!screened && was_screened)
        atomic_fetch_sub(&sockets_screened, 1);
}

static void release(uint32_t item)
{
    if (!sockets_item_is_record(item))
        return;
    struct socket_record *record = pool_at(&sockets_records, item);
    if (atomic_fetch_sub(&record->numbers, 1) == 1) {
        sockets_note_screened(record, false);
        socket_options_free(record);
        pool_give(&sockets_records, item);
    }
}

/* Puts a record (whose count already includes this number) under a number. */
static void place(int fd, uint32_t item)
{
    struct descriptor *descriptor = item != 0 ? descriptor_make(fd) : descriptor_if_known(fd);
    if (descriptor == NULL) {
        release(item);
        return;
    }
    release(atomic_exchange(&descriptor->record, item));
    atomic_store_explicit(&descriptor->watch_epoll, WATCH_NONE, memory_order_relaxed);
    atomic_store_explicit(&descriptor->doubted, 0, memory_order_relaxed);
    int top = atomic_load(&highest);
    while (sockets_item_is_record(item) && fd > top && !atomic_compare_exchange_weak(&highest, &top, fd))
        continue;
}

#define BEGIN(field, value) atomic_store_explicit(&record->field, value, memory_order_relaxed)

/* Nobody sees it before it is put under a number, which orders what is stored here. */
static void begin_record(struct socket_record *record, int kind, int transport)
{
    BEGIN(numbers, 1);
    BEGIN(flags, kind == SOCK_STREAM ? SOCKET_STREAM : SOCKET_FRESH);
    BEGIN(protocol, transport);
    BEGIN(options, 0);
    BEGIN(option_count, 0);
    BEGIN(serial, atomic_fetch_add_explicit(&sockets_made, 1, memory_order_relaxed) + 1);
    BEGIN(children, atomic_load_explicit(&sockets_children, memory_order_relaxed));
    BEGIN(held_until_ms, 0);
    BEGIN(kept, 0);
    BEGIN(closed, false);
}

void sockets_add_ipv4(int fd, int type, int protocol)
{
    int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    int transport = transport_of(kind, protocol);
    uint32_t item = transport != 0 ? pool_take(&sockets_records) : 0;
    if (item != 0)
        begin_record(pool_at(&sockets_records, item), kind, transport);
    place(fd, transport != 0 ? item : SOCKETS_OTHER);
}

void sockets_add_native(int fd)
{
    place(fd, SOCKETS_NATIVE);
}

void sockets_add_other(int fd)
{
    place(fd, SOCKETS_OTHER);
}

void sockets_add_inherited(int fd, bool asks)
{
    place(fd, asks ? SOCKETS_ASKING : SOCKETS_INHERITED);
}

void sockets_copy_kind(int listener, int fd)
{
    place(fd, sockets_is_native(listener) ? SOCKETS_NATIVE : SOCKETS_OTHER);
}

void sockets_add_upgraded(int fd)
{
    sockets_add_ipv4(fd, SOCK_STREAM, IPPROTO_TCP);
    sockets_set(sockets_find(fd), SOCKET_UPGRADED);
}

void sockets_forget(int fd)
{
    place(fd, 0);
}

void sockets_copy(int from, int to)
{
    if (from == to)
        return;
    struct descriptor *source = descriptor_if_known(from);
    uint32_t item = source != NULL ? atomic_load(&source->record) : 0;
    if (sockets_item_is_record(item))
        atomic_fetch_add(&((struct socket_record *)pool_at(&sockets_records, item))->numbers, 1);
    place(to, item);
}

bool sockets_is_in_doubt(int fd)
{
    uint32_t item = sockets_item(fd);
    return item != 0 && atomic_load_explicit(&sockets_descriptor(fd)->doubted, memory_order_relaxed) == item;
}

/* Doubt is about upgraded sockets only: nothing but such a socket is AF_INET6 under a number that is on record, since
   the program's own ones overwrite the record. Or AF_UNIX, where it is relayed. */
struct socket_record *sockets_find_doubtful(int fd, uint32_t item)
{
    struct descriptor *descriptor = descriptor_if_known(fd);
    int family = kernel_socket_integer(fd, SO_DOMAIN);
    int known = (sockets_item_flags(item) & SOCKET_RELAYED) != 0 ? AF_UNIX : AF_INET6;
    if (family == known) {
        atomic_store_explicit(&descriptor->doubted, 0, memory_order_relaxed);
        return pool_at(&sockets_records, item);
    }
    if (family == -EBADF || !owns_memory())
        return NULL;
    /* Whoever asks may be walking over the numbers of other threads: what one of them puts here meanwhile stays, even
       if it is the same record, used again. That one is in no doubt. */
    uint32_t doubted = item;
    if (atomic_compare_exchange_strong(&descriptor->doubted, &doubted, 0) &&
        atomic_compare_exchange_strong(&descriptor->record, &item, 0))
        release(item);
    return NULL;
}

void sockets_learn(int fd, sa_family_t family)
{
    struct descriptor *descriptor = family != AF_INET6 && sockets_item(fd) == 0 ? descriptor_make(fd) : NULL;
    if (descriptor == NULL || (family == AF_UNSPEC && kernel_socket_integer(fd, SO_DOMAIN) == AF_INET6))
        return;
    /* Another thread may have made a socket under the number meanwhile. */
    uint32_t unknown = 0;
    atomic_compare_exchange_strong(&descriptor->record, &unknown, SOCKETS_OTHER);
}

void sockets_set(struct socket_record *record, uint32_t flags)
{
    if (record != NULL)
        atomic_fetch_or(&record->flags, flags);
}

void sockets_clear(struct socket_record *record, uint32_t flags)
{
    if (record != NULL)
        atomic_fetch_and(&record->flags, ~flags);
}

void sockets_fail(struct socket_record *record, int error)
{
    if (record != NULL)
        atomic_store(&record->failure, error);
    sockets_set(record, SOCKET_FAILED);
}

void sockets_note_family(struct socket_record *record, sa_family_t family)
{
    if (family == AF_INET6)
        sockets_set(record, SOCKET_UPGRADED);
    else
        sockets_clear(record, SOCKET_UPGRADED | SOCKET_WILDCARD);
}

/* Duplicates are mostly made at once, under a number near by: from there outwards, until all are found. */
void sockets_each_number(const struct socket_record *record, int fd, void (*act)(int number, void *context),
                         void *context)
{
    act(fd, context);
    uint32_t others = record != NULL ? atomic_load(&record->numbers) - 1 : 0;
    int top = atomic_load(&highest);
    for (int distance = 1; others > 0 && (distance <= fd || fd + distance <= top); distance++) {
        for (int side = -1; side <= 1; side += 2) {
            int number = fd + side * distance;
            if (number < 0 || number > top || sockets_find(number) != record)
                continue;
            act(number, context);
            others--;
        }
    }
}

void sockets_each_with(uint32_t flags, void (*act)(int number, void *context), void *context)
{
    int top = atomic_load(&highest);
    for (int number = 0; number <= top; number++) {
        const struct socket_record *record = sockets_find(number);
        if (record != NULL && (atomic_load(&record->flags) & flags) == flags)
            act(number, context);
    }
}

static _Atomic int *hint_of(uint64_t data)
{
    return &hints[data * UINT64_C(0x9e3779b97f4a7c15) >> (64 - HINT_BITS)];
}

int sockets_watched_with(uint64_t data)
{
    return atomic_load(hint_of(data)) - 1;
}

void sockets_watch(int fd, int epoll, const struct epoll_event *event)
{
    struct descriptor *descriptor = descriptor_if_known(fd);
    if (descriptor == NULL || !sockets_item_is_record(atomic_load(&descriptor->record)))
        return;
    uint32_t set = (uint32_t)epoll + 1, now = atomic_load(&descriptor->watch_epoll);
    if (event == NULL) {
        if (now == set)
            atomic_store(&descriptor->watch_epoll, WATCH_NONE);
        return;
    }
    if (now != WATCH_NONE && now != set) {
        atomic_store(&descriptor->watch_epoll, WATCH_SEVERAL);
        return;
    }
    atomic_store(&descriptor->watch_events, event->events);
    atomic_store(&descriptor->watch_data, event->data.u64);
    atomic_store(&descriptor->watch_epoll, set);
    if (!sockets_are_flagged(fd, SOCKET_STREAM))
        atomic_store(hint_of(event->data.u64), fd + 1);
}

bool sockets_watched(int fd, struct socket_watch *watch)
{
    struct descriptor *descriptor = descriptor_if_known(fd);
    uint32_t set = descriptor != NULL ? atomic_load(&descriptor->watch_epoll) : WATCH_NONE;
    if (set == WATCH_NONE)
        return false;
    watch->several = set == WATCH_SEVERAL;
    watch->epoll = watch->several ? -1 : (int)set - 1;
    watch->event.events = atomic_load(&descriptor->watch_events);
    watch->event.data.u64 = atomic_load(&descriptor->watch_data);
    return true;
}
