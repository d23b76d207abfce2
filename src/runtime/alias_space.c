#include "runtime/alias_space.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "runtime/aliases.h"
#include "runtime/host.h"
#include "runtime/observe.h"
#include "runtime/shelter.h"
#include "runtime/state_aliases.h"

/* Another thread may take the private alias that we are about to take. */
#define ALLOT_TRIES 8

/*
 * A datagram's peer is usually the one before: what was found out about it is kept, for each thread. A signal handler
 * that comes while it is being replaced leaves it alone; one that replaces it while it is being read is noticed by
 * the count of changes. (All spaces share one key, and so their hashes.)
 */
struct latest {
    sig_atomic_t busy, changes;
    struct ip_address address; /* AF_UNSPEC: none */
    uint64_t hash;
    struct in_addr alias; /* if it is for good; else 0.0.0.0 */
};
static __thread struct latest latest __attribute__((tls_model("initial-exec")));

static bool read_latest(const struct ip_address *address, struct latest *copy)
{
    sig_atomic_t changes = latest.changes;
    atomic_signal_fence(memory_order_seq_cst);
    *copy = latest;
    atomic_signal_fence(memory_order_seq_cst);
    return latest.changes == changes && copy->busy == 0 && address_equal(&copy->address, address);
}

static void keep_latest(const struct ip_address *address, uint64_t hash, struct in_addr alias)
{
    if (latest.busy != 0)
        return;
    latest.busy = 1;
    atomic_signal_fence(memory_order_seq_cst);
    latest.address = *address;
    latest.hash = hash;
    latest.alias = alias;
    atomic_signal_fence(memory_order_seq_cst);
    latest.changes = (sig_atomic_t)((unsigned)latest.changes + 1);
    latest.busy = 0;
}

static uint64_t hash_of(const struct alias_space *space, const struct ip_address *address)
{
    struct latest known;
    if (read_latest(address, &known))
        return known.hash;
    uint64_t hash = alias_hash(state_key(space->state), address);
    keep_latest(address, hash, (struct in_addr){0});
    return hash;
}

void alias_space_start(void)
{
    latest.address.family = AF_UNSPEC;
}

bool alias_space_recall(const struct ip_address *address, struct in_addr *alias)
{
    struct latest known;
    if (!read_latest(address, &known) || known.alias.s_addr == 0)
        return false;
    *alias = known.alias;
    return true;
}

void alias_space_prepare(struct alias_space *space)
{
    struct state_format format = state_format(space->state, STATE_ALIASES);
    struct state_fault fault;
    struct state_file file;
    struct shelter shelter;
    shelter_enter(&shelter);
    int saved = errno;
    bool opened = state_file_open(&file, &space->state->place, &format, STATE_CREATE, &fault);
    if (opened)
        state_file_close(&file);
    errno = saved;
    shelter_leave(&shelter);
    if (!opened)
        state_tell(space->state, STATE_ALIASES, &fault);
}

bool alias_space_contains(const struct alias_space *space, struct in_addr address)
{
    return alias_pool_contains(&space->state->pool, address);
}

static struct in_addr alias_at(const struct alias_space *space, uint32_t offset)
{
    return alias_pool_address(&space->state->pool, offset);
}

struct in_addr alias_space_overflow(const struct alias_space *space)
{
    return alias_at(space, alias_pool_overflow(&space->state->pool));
}

static bool is_taken(void *context, uint32_t offset, const struct ip_address *address)
{
    struct alias_space *space = context;
    const struct book_entry *entry = book_find_alias(&space->book, offset);
    return entry != NULL && !address_equal(&entry->address, address);
}

static void tell_overflow(const struct ip_address *address, enum alias_kind kind)
{
    static atomic_bool told;
    enum observe_level level = kind == ALIAS_NAME && !atomic_exchange(&told, true) ? OBSERVE_WARNING : OBSERVE_INFO;
    if (!observe_wants(level))
        return;
    char data[OBSERVE_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "no free alias for ");
    text_add_address(&line, address);
    text_add(&line, kind == ALIAS_NAME ? ": names go without it (a larger alias-pool helps)"
                                       : ": this peer shows as the overflow alias");
    observe_line(level, &line);
}

/* For a while, or all of a scan's addresses would be looked for in the file again and again. */
static uint32_t overflow(struct alias_space *space, const struct ip_address *address, enum alias_kind kind,
                         uint64_t hash)
{
    uint32_t offset = alias_pool_overflow(&space->state->pool);
    tell_overflow(address, kind);
    if (kind == ALIAS_PEER)
        peer_keep(&space->peers, hash, address, offset, host_uptime_minutes(), false);
    return offset;
}

/* Enters an alias that is for good. False where another address has it: look for another one. */
static bool remember(struct alias_space *space, const struct ip_address *address, enum alias_kind kind, uint64_t hash,
                     bool shared, uint32_t *offset)
{
    bool counted = !shared && kind == ALIAS_PEER;
    if (counted && atomic_fetch_add(&space->private_peers, 1) >= ALIASES_PRIVATE_PEERS) {
        atomic_fetch_sub(&space->private_peers, 1);
        *offset = overflow(space, address, kind, hash);
        return true;
    }
    enum book_answer answer = book_add(&space->book, hash, address, offset);
    if (answer != BOOK_KNOWN && counted)
        atomic_fetch_sub(&space->private_peers, 1);
    /* Without memory, the file can answer for a shared alias, but nothing for a private one. */
    if (answer == BOOK_FULL && !shared)
        *offset = overflow(space, address, kind, hash);
    return answer != BOOK_TAKEN;
}

static uint32_t allot(struct alias_space *space, const struct ip_address *address, enum alias_kind kind,
                      uint64_t hash)
{
    for (int tries = 0; tries < ALLOT_TRIES; tries++) {
        struct alias_search search = {.address = *address, .kind = kind, .taken = is_taken, .context = space};
        struct state_fault fault = {0};
        uint32_t offset;
        enum state_answer answer = state_aliases_allot(space->state, &search, hash, &offset, &fault);
        if (answer == STATE_FAILED)
            state_tell(space->state, STATE_ALIASES, &fault);
        if (answer == STATE_NOTHING || offset == 0)
            break;
        if (answer == STATE_FOUND && kind == ALIAS_PEER) {
            peer_keep(&space->peers, hash, address, offset, host_uptime_minutes(), true);
            return offset;
        }
        if (remember(space, address, kind, hash, answer == STATE_FOUND, &offset))
            return offset;
    }
    return overflow(space, address, kind, hash);
}

struct in_addr alias_space_of(struct alias_space *space, const struct ip_address *address, enum alias_kind kind)
{
    uint32_t offset;
    uint64_t hash = hash_of(space, address);
    const struct book_entry *entry = book_find_address(&space->book, hash, address);
    if (entry != NULL) {
        keep_latest(address, hash, alias_at(space, entry->offset));
        return alias_at(space, entry->offset);
    }
    if (kind == ALIAS_PEER && peer_find_address(&space->peers, hash, address, host_uptime_minutes(), &offset))
        return alias_at(space, offset);
    return alias_at(space, allot(space, address, kind, hash));
}

bool alias_space_peek(struct alias_space *space, const struct ip_address *address, struct in_addr *alias)
{
    uint32_t offset;
    uint64_t hash = hash_of(space, address);
    const struct book_entry *entry = book_find_address(&space->book, hash, address);
    bool known = entry != NULL;
    if (known) {
        offset = entry->offset;
    } else if (peer_find_address(&space->peers, hash, address, host_uptime_minutes(), &offset)) {
        known = offset != alias_pool_overflow(&space->state->pool);
    } else {
        struct alias_search search = {.address = *address, .kind = ALIAS_PEER, .taken = is_taken, .context = space};
        struct state_fault fault;
        known = state_aliases_find(space->state, &search, hash, &offset, &fault) == STATE_FOUND;
    }
    if (known)
        *alias = alias_at(space, offset);
    return known;
}

/* Asks the shared table, and remembers its answer. */
static bool find_shared(struct alias_space *space, uint32_t offset, struct ip_address *address)
{
    struct alias_record record;
    struct state_fault fault = {0};
    enum state_answer answer = state_aliases_read(space->state, offset, true, &record, &fault);
    if (answer == STATE_FAILED)
        state_tell(space->state, STATE_ALIASES, &fault);
    if (answer != STATE_FOUND)
        return false;
    uint64_t hash = alias_hash(state_key(space->state), &record.address);
    if (record.kind == ALIAS_PEER)
        peer_keep(&space->peers, hash, &record.address, offset, host_uptime_minutes(), true);
    else
        book_add(&space->book, hash, &record.address, &offset);
    *address = record.address;
    return true;
}

bool alias_space_find(struct alias_space *space, struct in_addr alias, struct ip_address *address)
{
    const struct alias_pool *pool = &space->state->pool;
    uint32_t offset = alias_pool_offset(pool, alias);
    if (!alias_pool_contains(pool, alias) || !alias_pool_is_usable(pool, offset))
        return false;
    const struct book_entry *entry = book_find_alias(&space->book, offset);
    if (entry != NULL) {
        *address = entry->address;
        return true;
    }
    return peer_find_alias(&space->peers, offset, host_uptime_minutes(), address) ||
           find_shared(space, offset, address);
}
