#include "runtime/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "runtime/option_twins.h"

#define OPTION_WORDS (SOCKET_OPTION_SIZE / sizeof(uint64_t))

/* Words are atomic so that a reader beside a writer (two threads on one socket) reads rubbish at worst, not trouble.
 */
struct option {
    _Atomic uint32_t older; /* the next older one; the pool's while free */
    _Atomic uint32_t order; /* when it was set last; 0 is void */
    _Atomic int level, name;
    _Atomic uint32_t length;
    _Atomic uint64_t value[OPTION_WORDS];
};

static struct option first_options[POOL_CHUNK_ITEMS];
static void *_Atomic option_chunks[POOL_CHUNKS];
static struct pool options = {.item_size = sizeof(struct option), .first = first_options, .chunks = option_chunks};

/* Options that add to what was there instead of replacing it: each call is kept. */
static bool accumulates(int level, int name)
{
    if (level != IPPROTO_IP)
        return level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_BPF);
    switch (name) {
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
    case IP_ADD_SOURCE_MEMBERSHIP:
    case IP_DROP_SOURCE_MEMBERSHIP:
    case IP_BLOCK_SOURCE:
    case IP_UNBLOCK_SOURCE:
    case MCAST_JOIN_GROUP:
    case MCAST_LEAVE_GROUP:
        return true;
    default:
        return false;
    }
}

/* Values that hold a pointer into the program's memory or a descriptor: they can't be kept. */
static bool is_reference(int level, int name)
{
    return level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_BPF ||
                                   name == SO_ATTACH_REUSEPORT_CBPF || name == SO_ATTACH_REUSEPORT_EBPF);
}

static struct option *find_option(const struct socket_record *record, int level, int name)
{
    for (uint32_t item = atomic_load(&record->options); item != 0;) {
        struct option *option = pool_at(&options, item);
        if (atomic_load(&option->level) == level && atomic_load(&option->name) == name)
            return option;
        item = atomic_load(&option->older);
    }
    return NULL;
}

static struct option *add_option(struct socket_record *record)
{
    uint32_t item = pool_take(&options);
    if (item == 0)
        return NULL;
    struct option *option = pool_at(&options, item);
    atomic_store(&option->order, 0);
    uint32_t newest = atomic_load(&record->options);
    do
        atomic_store(&option->older, newest);
    while (!atomic_compare_exchange_weak(&record->options, &newest, item));
    return option;
}

void sockets_record_option(int fd, int level, int name, const void *value, socklen_t length)
{
    struct socket_record *record = sockets_find(fd);
    if (record == NULL)
        return;
    struct option *option = NULL;
    if (length <= SOCKET_OPTION_SIZE && !is_reference(level, name)) {
        option = accumulates(level, name) ? NULL : find_option(record, level, name);
        if (option == NULL)
            option = add_option(record);
    }
    if (option == NULL) {
        sockets_set(record, SOCKET_UNREPLAYABLE);
        return;
    }
    uint64_t words[OPTION_WORDS] = {0};
    if (length > 0)
        memcpy(words, value, length);
    atomic_store(&option->level, level);
    atomic_store(&option->name, name);
    atomic_store(&option->length, length);
    for (size_t word = 0; word < OPTION_WORDS; word++)
        atomic_store(&option->value[word], words[word]);
    atomic_store(&option->order, atomic_fetch_add(&record->option_count, 1) + 1);
}

/* The option that was set first after `order`, or NULL. */
static const struct option *option_after(const struct socket_record *record, uint32_t order)
{
    const struct option *next = NULL;
    for (uint32_t item = atomic_load(&record->options); item != 0;) {
        const struct option *option = pool_at(&options, item);
        uint32_t its = atomic_load(&option->order);
        if (its > order && (next == NULL || its < atomic_load(&next->order)))
            next = option;
        item = atomic_load(&option->older);
    }
    return next;
}

int sockets_replay(const struct socket_record *record, int fd)
{
    int saved = errno;
    const struct option *option = NULL;
    uint32_t order = 0;
    int result = 0;
    while (result == 0 && (option = option_after(record, order)) != NULL) {
        uint64_t words[OPTION_WORDS];
        for (size_t word = 0; word < OPTION_WORDS; word++)
            words[word] = atomic_load(&option->value[word]);
        order = atomic_load(&option->order);
        result = option_twins_set(fd, atomic_load(&option->level), atomic_load(&option->name), words,
                                  (socklen_t)atomic_load(&option->length));
    }
    errno = saved;
    return result;
}

void socket_options_free(struct socket_record *record)
{
    uint32_t item = atomic_exchange(&record->options, 0);
    while (item != 0) {
        const struct option *option = pool_at(&options, item);
        uint32_t older = atomic_load(&option->older);
        pool_give(&options, item);
        item = older;
    }
}
