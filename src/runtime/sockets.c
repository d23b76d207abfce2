#include "runtime/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>

#include "runtime/socket_options.h"

#define PAGE_DESCRIPTORS 1024
#define PAGES            1024 /* one million descriptors; numbers beyond are not tracked */
#define WATCH_NONE       0
#define WATCH_SEVERAL    UINT32_MAX

/* One descriptor number. */
struct descriptor {
    _Atomic uint32_t record;      /* an item of the pool of records, 0 or NATIVE */
    _Atomic uint32_t watch_epoll; /* epoll descriptor + 1, WATCH_NONE or WATCH_SEVERAL */
    _Atomic uint32_t watch_events;
    _Atomic uint64_t watch_data;
};

/* In the place of a record: */
#define NATIVE    UINT32_MAX       /* the program's own AF_INET6 socket */
#define OTHER     (UINT32_MAX - 1) /* nothing to translate */
#define INHERITED (UINT32_MAX - 2)
#define ASKING    (UINT32_MAX - 3) /* inherited too */

static bool is_record(uint32_t item)
{
    return item != 0 && item < ASKING;
}

static struct descriptor first_page[PAGE_DESCRIPTORS];
static void *_Atomic pages[PAGES] = {first_page};
static _Atomic int highest; /* the highest number with a record */

static struct socket_record first_records[POOL_CHUNK_ITEMS];
static struct pool records = {.item_size = sizeof(struct socket_record), .chunks = {first_records}};

static struct descriptor *descriptor_if_known(int fd)
{
    if (fd < 0 || fd >= PAGES * PAGE_DESCRIPTORS)
        return NULL;
    struct descriptor *page = atomic_load_explicit(&pages[fd / PAGE_DESCRIPTORS], memory_order_acquire);
    return page != NULL ? &page[fd % PAGE_DESCRIPTORS] : NULL;
}

static struct descriptor *descriptor_make(int fd)
{
    if (fd < 0 || fd >= PAGES * PAGE_DESCRIPTORS)
        return NULL;
    struct descriptor *page = pool_chunk(&pages[fd / PAGE_DESCRIPTORS], PAGE_DESCRIPTORS * sizeof *page);
    return page != NULL ? &page[fd % PAGE_DESCRIPTORS] : NULL;
}

static void release(uint32_t item)
{
    if (!is_record(item))
        return;
    struct socket_record *record = pool_at(&records, item);
    if (atomic_fetch_sub(&record->numbers, 1) == 1) {
        socket_options_free(record);
        pool_give(&records, item);
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
    int top = atomic_load(&highest);
    while (is_record(item) && fd > top && !atomic_compare_exchange_weak(&highest, &top, fd))
        continue;
}

void sockets_add_ipv4(int fd, int type, int protocol)
{
    int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    bool stream = kind == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP);
    bool datagram = kind == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP);
    uint32_t item = stream || datagram ? pool_take(&records) : 0;
    if (item != 0) {
        struct socket_record *record = pool_at(&records, item);
        atomic_store(&record->numbers, 1);
        atomic_store(&record->flags, stream ? SOCKET_STREAM : 0);
        atomic_store(&record->options, 0);
        atomic_store(&record->option_count, 0);
    }
    place(fd, item);
}

void sockets_add_native(int fd)
{
    place(fd, NATIVE);
}

void sockets_add_other(int fd)
{
    place(fd, OTHER);
}

void sockets_add_inherited(int fd, bool asks)
{
    place(fd, asks ? ASKING : INHERITED);
}

void sockets_copy_kind(int listener, int fd)
{
    place(fd, sockets_is_native(listener) ? NATIVE : OTHER);
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
    if (is_record(item))
        atomic_fetch_add(&((struct socket_record *)pool_at(&records, item))->numbers, 1);
    place(to, item);
}

struct socket_record *sockets_find(int fd)
{
    const struct descriptor *descriptor = descriptor_if_known(fd);
    uint32_t item = descriptor != NULL ? atomic_load_explicit(&descriptor->record, memory_order_acquire) : 0;
    return is_record(item) ? pool_at(&records, item) : NULL;
}

/* What stands in the place of a record, or a record. */
static uint32_t item_of(int fd)
{
    const struct descriptor *descriptor = descriptor_if_known(fd);
    return descriptor != NULL ? atomic_load_explicit(&descriptor->record, memory_order_acquire) : 0;
}

bool sockets_is_native(int fd)
{
    return item_of(fd) == NATIVE;
}

bool sockets_is_other(int fd)
{
    return item_of(fd) == OTHER;
}

bool sockets_is_inherited(int fd)
{
    uint32_t item = item_of(fd);
    return item == INHERITED || item == ASKING;
}

bool sockets_inherited_asks(int fd)
{
    return item_of(fd) == ASKING;
}

bool sockets_has(int fd, uint32_t flags)
{
    const struct socket_record *record = sockets_find(fd);
    return record != NULL && (atomic_load_explicit(&record->flags, memory_order_relaxed) & flags) != 0;
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

void sockets_each_number(const struct socket_record *record, int fd, void (*act)(int number, void *context),
                         void *context)
{
    act(fd, context);
    if (record == NULL || atomic_load(&record->numbers) < 2)
        return;
    int top = atomic_load(&highest);
    for (int number = 0; number <= top; number++)
        if (number != fd && sockets_find(number) == record)
            act(number, context);
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

void sockets_watch(int fd, int epoll, const struct epoll_event *event)
{
    struct descriptor *descriptor = descriptor_if_known(fd);
    if (descriptor == NULL || !is_record(atomic_load(&descriptor->record)))
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
