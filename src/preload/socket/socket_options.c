/* Records socket options and sets them on another socket; called by setsockopt()'s hook and, through sockets.c, by
   upgrades and races. */
#include "preload/socket/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "preload/socket/memberships.h"
#include "preload/system/real.h"

#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

#define OPTIONS_MAX  256 /* more than any program sets, since the kernel has limits for groups (20) */
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

/* Values that hold a pointer into the program's memory or a descriptor: they can't be kept. */
static bool is_reference(int level, int name)
{
    return level == SOL_SOCKET && (name == SO_ATTACH_REUSEPORT_CBPF || name == SO_ATTACH_REUSEPORT_EBPF);
}

/* Filters of several groups: which of them replaces which is not looked at. */
static bool accumulates(int level, int name)
{
    return level == IPPROTO_IP && (name == IP_MSFILTER || name == MCAST_MSFILTER);
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

/* One that is void, or a new one: of no order yet. */
static struct option *add_option(struct socket_record *record)
{
    uint32_t count = 0;
    for (uint32_t item = atomic_load(&record->options); item != 0; count++) {
        struct option *option = pool_at(&options, item);
        if (atomic_load(&option->order) == 0)
            return option;
        item = atomic_load(&option->older);
    }
    uint32_t item = count < OPTIONS_MAX ? pool_take(&options) : 0;
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

static void fill(struct socket_record *record, struct option *option, int level, int name, const void *value,
                 socklen_t length)
{
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

static void read_value(const struct option *option, uint64_t words[OPTION_WORDS])
{
    for (size_t word = 0; word < OPTION_WORDS; word++)
        words[word] = atomic_load(&option->value[word]);
}

static bool read_membership(const struct option *option, struct membership *membership)
{
    uint64_t words[OPTION_WORDS];
    if (atomic_load(&option->level) != IPPROTO_IP || !memberships_is(atomic_load(&option->name)))
        return false;
    read_value(option, words);
    memcpy(membership, words, sizeof *membership);
    return true;
}

/* Makes void what the option `name` ends. Whether there was anything. */
static bool end_memberships(struct socket_record *record, int name, const struct membership *end)
{
    bool ended = false;
    for (uint32_t item = atomic_load(&record->options); item != 0;) {
        struct option *option = pool_at(&options, item);
        struct membership begun;
        if (atomic_load(&option->order) != 0 && read_membership(option, &begun) &&
            memberships_ends(name, end, atomic_load(&option->name), &begun)) {
            atomic_store(&option->order, 0);
            ended = true;
        }
        item = atomic_load(&option->older);
    }
    return ended;
}

/* A group that was left needs no record: a program may come and go for ever. */
static void record_membership(struct socket_record *record, int name, const struct membership *membership)
{
    if (!memberships_is_end(name) || !end_memberships(record, name, membership))
        fill(record, add_option(record), IPPROTO_IP, name, membership, sizeof *membership);
}

void sockets_record_option(int fd, int level, int name, const void *value, socklen_t length)
{
    struct membership membership;
    struct option *option = NULL;
    struct socket_record *record = sockets_find(fd);
    if (record == NULL)
        return;
    if (level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_BPF)) {
        sockets_set(record, SOCKET_FILTERED);
    } else if (level == SOL_SOCKET && name == SO_DETACH_FILTER) {
        sockets_clear(record, SOCKET_FILTERED);
    } else if (level == IPPROTO_IP && memberships_read(name, value, length, &membership)) {
        record_membership(record, name, &membership);
    } else {
        if (length <= SOCKET_OPTION_SIZE && !is_reference(level, name)) {
            option = accumulates(level, name) ? NULL : find_option(record, level, name);
            if (option == NULL)
                option = add_option(record);
        }
        fill(record, option, level, name, value, length);
    }
}

/* --- options of IPv4 on an AF_INET6 socket --- */

static const struct {
    int ip, ipv6;
} twins[] = {
    {IP_TOS, IPV6_TCLASS},
    {IP_TTL, IPV6_UNICAST_HOPS},
    {IP_RECVTOS, IPV6_RECVTCLASS},
    {IP_RECVTTL, IPV6_RECVHOPLIMIT},
    {IP_PKTINFO, IPV6_RECVPKTINFO},
    {IP_RECVERR, IPV6_RECVERR},
    {IP_MTU_DISCOVER, IPV6_MTU_DISCOVER},
    {IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS},
    {IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP},
};

/* Linux takes these IPv4 options as an int or as a single byte; their twins take an int only. */
static bool read_integer(const void *value, socklen_t length, int *number)
{
    if (value == NULL || length == 0)
        return false;
    if (length >= sizeof *number)
        memcpy(number, value, sizeof *number);
    else
        *number = *(const unsigned char *)value;
    return true;
}

/* The interface of IP_MULTICAST_IF as an index, where the program gave one; an address names IPv4 only. */
static bool read_interface(const void *value, socklen_t length, int *number)
{
    struct ip_mreqn request;
    if (value == NULL || length < sizeof request)
        return false;
    memcpy(&request, value, sizeof request);
    *number = request.imr_ifindex;
    return *number != 0;
}

static void set_twin(int fd, int name, const void *value, socklen_t length)
{
    int number;
    if (name == IP_MULTICAST_IF && read_interface(value, length, &number))
        REAL(setsockopt)(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &number, sizeof number);
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++)
        if (twins[i].ip == name && read_integer(value, length, &number))
            REAL(setsockopt)(fd, IPPROTO_IPV6, twins[i].ipv6, &number, sizeof number);
}

int socket_options_set(int fd, int level, int name, const void *value, socklen_t length)
{
    if (REAL(setsockopt)(fd, level, name, value, length) != 0)
        return -errno;
    if (level == IPPROTO_IP)
        set_twin(fd, name, value, length);
    return 0;
}

/* --- on another socket --- */

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

/* With it connect() says that it has succeeded before a packet is sent, where a cookie of the host is known. Which of
   several addresses answers would not be known then. */
static bool is_of_the_connection(int level, int name)
{
    return level == IPPROTO_TCP && name == TCP_FASTOPEN_CONNECT;
}

bool sockets_defer_connect(const struct socket_record *record)
{
    for (uint32_t item = record != NULL ? atomic_load(&record->options) : 0; item != 0;) {
        const struct option *option = pool_at(&options, item);
        if (atomic_load(&option->order) != 0 &&
            is_of_the_connection(atomic_load(&option->level), atomic_load(&option->name)))
            return true;
        item = atomic_load(&option->older);
    }
    return false;
}

static int set_again(const struct option *option, int fd)
{
    int level = atomic_load(&option->level), name = atomic_load(&option->name);
    uint64_t words[OPTION_WORDS];
    struct membership membership;
    char value[MEMBERSHIP_VALUE_SIZE] __attribute__((aligned(8)));
    if (is_of_the_connection(level, name))
        return 0;
    if (read_membership(option, &membership))
        return socket_options_set(fd, level, name, value, memberships_write(name, &membership, value));
    read_value(option, words);
    return socket_options_set(fd, level, name, words, (socklen_t)atomic_load(&option->length));
}

int sockets_replay(const struct socket_record *record, int fd)
{
    int saved = errno;
    const struct option *option = NULL;
    uint32_t order = 0;
    int result = 0;
    while (result == 0 && (option = option_after(record, order)) != NULL) {
        order = atomic_load(&option->order);
        result = set_again(option, fd);
    }
    errno = saved;
    return result;
}

bool socket_options_recall(int fd, int level, int name, void *value, socklen_t *length)
{
    const struct socket_record *record = sockets_find(fd);
    const struct option *option = record != NULL ? find_option(record, level, name) : NULL;
    uint64_t words[OPTION_WORDS];
    if (option == NULL || atomic_load(&option->order) == 0 || (level == IPPROTO_IP && memberships_is(name)))
        return false;
    read_value(option, words);
    socklen_t kept = (socklen_t)atomic_load(&option->length);
    if (*length > kept)
        *length = kept;
    memcpy(value, words, *length);
    return true;
}

void socket_options_free(struct socket_record *record)
{
    uint32_t item = atomic_load_explicit(&record->options, memory_order_relaxed);
    if (item != 0)
        item = atomic_exchange(&record->options, 0);
    while (item != 0) {
        const struct option *option = pool_at(&options, item);
        uint32_t older = atomic_load(&option->older);
        pool_give(&options, item);
        item = older;
    }
}
