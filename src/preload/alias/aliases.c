/* Gives IPv6 addresses their aliases, and finds the address of an alias; called wherever an address is shown or
   reached. */
#include "preload/alias/aliases.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/alias/alias_map.h"
#include "core/linker/start.h"
#include "preload/alias/alias_space.h"
#include "preload/base/critical_section.h"
#include "preload/log/log.h"
#include "preload/state/host.h"
#include "preload/state/state_rooms.h"

/* A range of the setting alias-map in which addresses are allotted. */
struct range {
    struct state state;
    struct alias_space space;
};

struct alias_pool aliases_pool START_DATA;
bool aliases_have_map START_DATA;

/* Not touched at the start: see default_space(). */
static struct alias_space pool_space;

/* Both are set up at start, and never changed after. */
static struct alias_map map;
static struct range *ranges[PREFIX_MAP_SIZE]; /* of each row; NULL: its addresses are copied */

/* The space of the alias pool. It gets its state when it is first asked for, by each who asks the same one. */
static struct alias_space *default_space(void)
{
    if (__atomic_load_n(&pool_space.state, __ATOMIC_RELAXED) == NULL)
        __atomic_store_n(&pool_space.state, state_current(), __ATOMIC_RELAXED);
    return &pool_space;
}

START_CODE bool aliases_start(struct in_addr pool, unsigned pool_length, const char *key_text, const char *state_dir)
{
    struct state *state = state_current();
    alias_space_start();
    state_place_usual(&state->place, state_dir);
    bool set_up = state_set_up(state, pool, pool_length, key_text);
    aliases_pool = state->pool;
    return set_up;
}

static void tell_bad_row(const struct alias_map_row *row, const char *fault)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "alias-map ");
    text_add_address(&line, &row->ipv6);
    text_add(&line, "/");
    text_add_unsigned(&line, row->ipv6_length);
    text_add(&line, " = ");
    text_add_address(&line, &row->ipv4);
    text_add(&line, "/");
    text_add_unsigned(&line, row->ipv4_length);
    text_add(&line, ": ");
    text_add(&line, fault);
    text_add(&line, "; ignored");
    log_line(LOG_LEVEL_ERROR, &line);
}

static const char *add_row(const struct alias_map_row *row)
{
    struct range *range = NULL;
    if (!alias_map_is_copied(row)) {
        range = mmap(NULL, sizeof *range, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (range == MAP_FAILED)
            return "no memory";
    }
    const char *fault = alias_map_add(&map, &state_current()->pool, row);
    if (fault != NULL) {
        if (range != NULL)
            munmap(range, sizeof *range);
        return fault;
    }
    if (range != NULL) {
        state_set_up_range(&range->state, state_current(), row->ipv4.ipv4, row->ipv4_length);
        range->space.state = &range->state;
    }
    ranges[map.count - 1] = range;
    return NULL;
}

START_CODE void aliases_start_map(const struct prefix_map *wanted)
{
    int saved = errno;
    if (wanted->count == 0 && !aliases_have_map)
        return;
    map.count = 0;
    for (unsigned index = 0; index < wanted->count; index++) {
        const struct prefix_mapping *entry = &wanted->entries[index];
        struct alias_map_row row = {entry->from, entry->to, entry->from_length, entry->to_length};
        const char *fault = add_row(&row);
        if (fault != NULL)
            tell_bad_row(&row, fault);
    }
    aliases_have_map = map.count > 0;
    errno = saved;
}

#define USERS_KEPT 64 /* of which it is known that they have their rooms */

static atomic_bool prepared START_DATA;

bool aliases_are_prepared(void)
{
    return atomic_load_explicit(&prepared, memory_order_relaxed);
}

void aliases_hand_over(uid_t user)
{
    static _Atomic uid_t latest, with_room[USERS_KEPT]; /* root is nobody that anything is handed to */
    if (user == 0 || geteuid() != 0 || atomic_exchange(&latest, user) == user)
        return;
    int saved = errno;
    struct critical_section section;
    critical_section_enter(&section);
    alias_space_keep_peers(default_space());
    for (unsigned index = 0; index < map.count; index++)
        if (ranges[index] != NULL)
            alias_space_keep_peers(&ranges[index]->space);
    if (atomic_load(&with_room[user % USERS_KEPT]) != user && state_rooms_hand_over(&state_current()->place, user))
        atomic_store(&with_room[user % USERS_KEPT], user);
    critical_section_leave(&section);
    errno = saved;
}

void aliases_handed_over(void)
{
    state_key_forget(&state_current()->key);
    for (unsigned index = 0; index < map.count; index++)
        if (ranges[index] != NULL)
            state_key_forget(&ranges[index]->state.key);
}

void aliases_keep_rooms(void)
{
    int saved = errno;
    struct critical_section section;
    if (geteuid() != 0)
        return;
    critical_section_enter(&section);
    state_rooms_keep(&state_current()->place);
    critical_section_leave(&section);
    errno = saved;
}

void aliases_prepare(void)
{
    atomic_store_explicit(&prepared, true, memory_order_relaxed);
    state_share_told(state_current());
    alias_space_prepare(default_space());
    for (unsigned index = 0; index < map.count; index++)
        if (ranges[index] != NULL)
            alias_space_prepare(&ranges[index]->space);
    host_boot();
}

bool aliases_is_mapped(struct in_addr address)
{
    return alias_map_by_ipv4(&map, address) != NULL;
}

bool aliases_maps(const struct ip_address *address)
{
    return alias_map_by_ipv6(&map, address) != NULL;
}

struct in_addr aliases_nobody(void)
{
    return alias_space_nobody(default_space());
}

static struct range *range_of(const struct alias_map_row *row)
{
    return ranges[row - map.rows];
}

/* NULL where none is allotted: what is copied is the same for all. */
static struct state *table_of(const struct alias_map_row *row)
{
    if (row == NULL)
        return state_current();
    return range_of(row) != NULL ? &range_of(row)->state : NULL;
}

struct state *aliases_table_of(struct in_addr alias)
{
    return table_of(alias_map_by_ipv4(&map, alias));
}

struct state *aliases_table_for(const struct ip_address *address)
{
    return table_of(alias_map_by_ipv6(&map, address));
}

/* The table that an alias belongs to, and its place in the pool of that; NULL where it is no alias of a table. */
static struct state *find_table(struct in_addr alias, uint32_t *offset)
{
    struct state *state = aliases_table_of(alias);
    return state != NULL && alias_pool_find(&state->pool, alias, offset) ? state : NULL;
}

enum state_answer aliases_forget(struct in_addr alias, struct state_fault *fault)
{
    uint32_t offset;
    struct state *state = find_table(alias, &offset);
    if (state == NULL)
        return STATE_NOTHING;
    enum state_answer answer = state_aliases_forget(state, offset, fault);
    if (answer == STATE_FOUND)
        state_forget_candidates(alias);
    return answer;
}

bool aliases_is_shared(struct in_addr alias)
{
    uint32_t offset;
    const struct state *state = aliases_table_of(alias);
    return state == NULL ||
           (alias_pool_find(&state->pool, alias, &offset) && alias_pool_is_stored(&state->pool, offset));
}

bool aliases_is_transient(struct in_addr alias)
{
    uint32_t offset;
    const struct state *state = find_table(alias, &offset);
    return state != NULL && offset >= alias_pool_names(&state->pool).first;
}

/* The address as the table knows it: only link-local ones have a scope. False for what is no IPv6 address. */
static bool take_address(const struct ip_address *given, struct ip_address *address)
{
    if (given->family != AF_INET6)
        return false;
    *address = address_ipv6(&given->ipv6, address_is_link_local(given) ? given->scope : 0);
    return true;
}

struct in_addr aliases_of(const struct ip_address *given, enum alias_kind kind)
{
    struct ip_address address;
    struct in_addr alias;
    if (alias_space_recall(given, &alias))
        return alias;
    if (!take_address(given, &address))
        return aliases_nobody();
    const struct alias_map_row *row = alias_map_by_ipv6(&map, &address);
    if (row == NULL)
        return alias_space_of(default_space(), &address, kind);
    return range_of(row) != NULL ? alias_space_of(&range_of(row)->space, &address, kind)
                                 : alias_map_to_ipv4(row, &address);
}

bool aliases_recall(const struct ip_address *address, struct in_addr *alias)
{
    return alias_space_recall(address, alias);
}

bool aliases_peek(const struct ip_address *given, struct in_addr *alias, struct state_fault *fault)
{
    *fault = (struct state_fault){.reason = STATE_NONE};
    struct ip_address address;
    if (!take_address(given, &address))
        return false;
    const struct alias_map_row *row = alias_map_by_ipv6(&map, &address);
    if (row == NULL)
        return alias_space_peek(default_space(), &address, alias, fault);
    if (range_of(row) != NULL)
        return alias_space_peek(&range_of(row)->space, &address, alias, fault);
    *alias = alias_map_to_ipv4(row, &address);
    return true;
}

bool aliases_find_address(struct in_addr alias, struct ip_address *address)
{
    const struct alias_map_row *row = alias_map_by_ipv4(&map, alias);
    if (row == NULL)
        return alias_space_find(default_space(), alias, address);
    return range_of(row) != NULL ? alias_space_find(&range_of(row)->space, alias, address)
                                 : alias_map_to_ipv6(&map, row, alias, address);
}
