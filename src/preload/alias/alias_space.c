/* Finds or makes an alias in one pool: from memory, from the shared table, or a transient one; called by
   preload/alias/aliases.c. */
#include "preload/alias/alias_space.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "core/linker/start.h"
#include "preload/alias/aliases.h"
#include "preload/base/critical_section.h"
#include "preload/base/hook.h"
#include "preload/log/log.h"
#include "preload/state/host.h"
#include "preload/state/state_aliases.h"
#include "preload/system/secret.h"

/* The table may say what this process knows better (the file was removed and made anew). */
#define ALLOT_TRIES 8

#define ALLOWED_PART     4u
#define MINUTES_PER_HOUR 60u

/* A name without a place in the table looks so far for a free one in the transient range. */
#define NAME_TRIES 1024u

/*
 * A datagram's peer is usually the one before: what was found out about it is kept, for each thread. A signal handler
 * that comes while it is being replaced leaves it alone; one that replaces it while it is being read is noticed by
 * the count of changes. (The hash is the same for all spaces.)
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

static uint64_t hash_of(const struct ip_address *address)
{
    struct latest known;
    if (read_latest(address, &known))
        return known.hash;
    uint64_t hash = alias_hash(secret_of_process(), address);
    keep_latest(address, hash, (struct in_addr){0});
    return hash;
}

START_CODE void alias_space_start(void)
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
    struct state_format format = state_format_for(space->state, STATE_ALIASES, STATE_CREATE);
    struct state_fault fault;
    struct state_file file;
    struct critical_section section;
    critical_section_enter(&section);
    int saved = errno;
    bool opened = state_file_open(&file, &space->state->place, &format, STATE_CREATE, &fault);
    if (opened)
        state_file_close(&file);
    errno = saved;
    critical_section_leave(&section);
    secret_of_process(); /* before the workers of a server are forked, so that they have the same one */
    if (!opened)
        state_tell(space->state, STATE_ALIASES, &fault);
}

static void keep_peer_for_good(void *context, const struct ip_address *address, uint32_t offset)
{
    struct alias_space *space = context;
    book_add(&space->book, alias_hash(secret_of_process(), address), address, &offset);
}

void alias_space_keep_peers(struct alias_space *space)
{
    peer_each(&space->peers, secret_of_process(), keep_peer_for_good, space);
}

static struct in_addr alias_at(const struct alias_space *space, uint32_t offset)
{
    return alias_pool_address(&space->state->pool, offset);
}

struct in_addr alias_space_nobody(const struct alias_space *space)
{
    return alias_at(space, ALIAS_NOBODY);
}

static bool is_taken(void *context, uint32_t offset, const struct ip_address *address)
{
    struct alias_space *space = context;
    const struct book_entry *entry = book_find_alias(&space->book, offset);
    return entry != NULL && !address_equal(&entry->address, address);
}

/* Once at a level that is seen. */
static NOINLINE void tell_no_room(const struct ip_address *name)
{
    static atomic_bool told;
    enum log_level level = atomic_exchange(&told, true) ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
    if (!log_wants(level))
        return;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "the table of aliases has no room for ");
    text_add_address(&line, name);
    text_add(&line,
             ": its alias is good in this process only (v6shim alias --forget makes room, a larger alias-pool has "
             "more)");
    log_line(level, &line);
}

/* No table says it afterwards: for those who want to know. */
static NOINLINE void tell_peer(const struct ip_address *peer, struct in_addr alias, bool by_time)
{
    if (!log_wants(LOG_LEVEL_INFO))
        return;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    struct ip_address shown = address_ipv4(alias);
    text_add(&line, "peer ");
    text_add_address(&line, peer);
    text_add(&line, " is not stored: shown as ");
    text_add_address(&line, &shown);
    text_add(&line, by_time ? " in this process only, until it is unseen for a day"
                            : " in this process only, and for a while: there are many new peers");
    log_line(LOG_LEVEL_INFO, &line);
}

/* The transient range is full too, or there is no memory. */
static uint32_t nobody(const struct ip_address *address, enum alias_kind kind)
{
    static atomic_bool told[ALIAS_PEER + 1];
    if (!atomic_exchange(&told[kind], true)) {
        char data[LOG_LINE_SIZE];
        struct text line = text_on(data, sizeof data);
        text_add(&line, "no alias is left for ");
        text_add_address(&line, address);
        text_add(&line,
                 kind == ALIAS_NAME ? ": names go without it" : ": it is shown as an address that means nobody");
        log_line(LOG_LEVEL_WARNING, &line);
    }
    return ALIAS_NOBODY;
}

/* A peer that is looked up as a name keeps the alias that it is shown by, for good: a server that asks for a peer's
   name, and for that name's addresses, must see one address. */
static bool keep_peer(struct alias_space *space, const struct ip_address *address, uint64_t hash, uint32_t *offset)
{
    struct alias_part peers = alias_pool_peers(&space->state->pool);
    struct transient_question question = {address, hash, peers.count, host_uptime_minutes()};
    if (!transient_pin(&space->transient, &question, offset))
        return false;
    *offset += peers.first;
    return book_add(&space->book, hash, address, offset) == BOOK_KNOWN;
}

/* An address of the transient range, for as long as this process lives. */
static uint32_t give_name(struct alias_space *space, const struct ip_address *address, uint64_t hash)
{
    struct alias_part names = alias_pool_names(&space->state->pool);
    for (uint32_t step = 0; step < names.count && step < NAME_TRIES; step++) {
        uint32_t offset = names.first + (((uint32_t)hash + step) & (names.count - 1));
        enum book_answer answer = book_add(&space->book, hash, address, &offset);
        if (answer == BOOK_KNOWN)
            return offset;
        if (answer == BOOK_FULL)
            break;
    }
    return nobody(address, ALIAS_NAME);
}

static uint32_t give_peer(struct alias_space *space, const struct ip_address *address, uint64_t hash)
{
    struct alias_part peers = alias_pool_peers(&space->state->pool);
    struct transient_question question = {address, hash, peers.count, host_uptime_minutes()};
    uint32_t place;
    if (!transient_give(&space->transient, &question, &place))
        return nobody(address, ALIAS_PEER);
    tell_peer(address, alias_at(space, peers.first + place), transient_is_by_time(place, peers.count));
    return peers.first + place;
}

static bool find_peer(struct alias_space *space, const struct ip_address *address, uint64_t hash, uint32_t *offset)
{
    struct alias_part peers = alias_pool_peers(&space->state->pool);
    struct transient_question question = {address, hash, peers.count, host_uptime_minutes()};
    uint32_t place;
    if (!transient_find(&space->transient, &question, &place))
        return false;
    *offset = peers.first + place;
    return true;
}

/*
 * How many peers a process adds to the table: at once a quarter of the places that peers have there, and as many
 * again in the time after which they may be reused. So a flood of sources leaves half of the places, and strangers
 * are stored again as soon as it is over. Small pools have no places to spare for such a rule.
 */
static struct allowance peers_allowed(const struct alias_space *space)
{
    uint32_t places = alias_pool_names(&space->state->pool).first / ALIAS_PEER_PART;
    uint32_t per_minute = places / ALLOWED_PART / (ALIAS_REUSE_HOURS * MINUTES_PER_HOUR);
    return (struct allowance){.most = per_minute > 0 ? places / ALLOWED_PART : 0, .per_minute = per_minute};
}

/* From the table. False where it can't be stored there. */
static bool allot(struct alias_space *space, const struct ip_address *address, enum alias_kind kind, uint64_t hash,
                  uint32_t *offset)
{
    struct allowance allowed = peers_allowed(space);
    uint32_t minute = host_uptime_minutes();
    for (int tries = 0; tries < ALLOT_TRIES; tries++) {
        struct alias_search search = {.address = *address, .kind = kind, .taken = is_taken, .context = space};
        struct state_fault fault = {0};
        search.only_known = kind == ALIAS_PEER && !allowance_is_left(&allowed, &space->stored, minute);
        enum state_answer answer = state_aliases_allot(space->state, &search, offset, &fault);
        if (answer == STATE_NOTHING) {
            if (kind == ALIAS_NAME)
                tell_no_room(address);
            return false;
        }
        if (answer == STATE_FAILED) {
            state_tell(space->state, STATE_ALIASES, &fault);
            return kind == ALIAS_PEER &&
                   peer_find_address(&space->peers, hash, address, minute, PEER_KEPT_MINUTES, offset);
        }
        if (kind == ALIAS_PEER) {
            if (search.added)
                allowance_take(&allowed, &space->stored, minute);
            peer_keep(&space->peers, hash, address, *offset, minute);
            return true;
        }
        /* Without memory, the file answers for it. */
        if (book_add(&space->book, hash, address, offset) != BOOK_TAKEN)
            return true;
    }
    return false;
}

struct in_addr alias_space_of(struct alias_space *space, const struct ip_address *address, enum alias_kind kind)
{
    uint32_t offset;
    uint64_t hash = hash_of(address);
    const struct book_entry *entry = book_find_address(&space->book, hash, address);
    if (entry != NULL) {
        keep_latest(address, hash, alias_at(space, entry->offset));
        return alias_at(space, entry->offset);
    }
    if (kind == ALIAS_PEER &&
        (peer_find_address(&space->peers, hash, address, host_uptime_minutes(), PEER_FRESH_MINUTES, &offset) ||
         find_peer(space, address, hash, &offset)))
        return alias_at(space, offset);
    if (kind == ALIAS_NAME && keep_peer(space, address, hash, &offset))
        return alias_at(space, offset);
    if (!allot(space, address, kind, hash, &offset))
        offset = kind == ALIAS_NAME ? give_name(space, address, hash) : give_peer(space, address, hash);
    return alias_at(space, offset);
}

bool alias_space_peek(struct alias_space *space, const struct ip_address *address, struct in_addr *alias,
                      struct state_fault *fault)
{
    uint32_t offset;
    uint64_t hash = hash_of(address);
    const struct book_entry *entry = book_find_address(&space->book, hash, address);
    bool known = entry != NULL;
    if (known) {
        offset = entry->offset;
    } else {
        known = peer_find_address(&space->peers, hash, address, host_uptime_minutes(), PEER_FRESH_MINUTES, &offset) ||
                find_peer(space, address, hash, &offset);
    }
    if (!known) {
        struct alias_search search = {.address = *address, .kind = ALIAS_PEER, .taken = is_taken, .context = space};
        known = state_aliases_find(space->state, &search, &offset, fault) == STATE_FOUND;
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
    if (answer == STATE_FAILED) {
        state_tell(space->state, STATE_ALIASES, &fault);
        return peer_find_alias(&space->peers, secret_of_process(), offset, host_uptime_minutes(), PEER_KEPT_MINUTES,
                               address);
    }
    if (answer != STATE_FOUND)
        return false;
    uint64_t hash = hash_of(&record.address);
    if (record.kind == ALIAS_PEER)
        peer_keep(&space->peers, hash, &record.address, offset, host_uptime_minutes());
    else
        book_add(&space->book, hash, &record.address, &offset);
    *address = record.address;
    return true;
}

bool alias_space_find(struct alias_space *space, struct in_addr alias, struct ip_address *address)
{
    const struct alias_pool *pool = &space->state->pool;
    uint32_t offset;
    if (!alias_pool_find(pool, alias, &offset))
        return false;
    const struct book_entry *entry = book_find_alias(&space->book, offset);
    if (entry != NULL) {
        *address = entry->address;
        return true;
    }
    struct alias_part peers = alias_pool_peers(pool);
    if (alias_part_contains(&peers, offset))
        return transient_at(&space->transient, secret_of_process(), offset - peers.first, peers.count,
                            host_uptime_minutes(), address);
    return alias_pool_is_stored(pool, offset) &&
           (peer_find_alias(&space->peers, secret_of_process(), offset, host_uptime_minutes(), PEER_FRESH_MINUTES,
                            address) ||
            find_shared(space, offset, address));
}
