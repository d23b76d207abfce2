/* The aliases of the transient range: a process's own, for addresses that can't be stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/aliases.h"
#include "preload/alias/transient.h"
#include "preload/base/allowance.h"
#include "preload/state/state_aliases.h"
#include "support.h"

#define MANY  2000u
#define FLOOD 300000u

/* Results of child processes for each other. */
static struct in_addr *shared;

/* No directory to be had. */
static void start_without_table(void)
{
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, 10, "a key for tests", "/proc/no/such/place"));
}

static bool leads_back(const struct ip_address *address, struct in_addr alias)
{
    struct ip_address back;
    return aliases_find_address(alias, &back) && address_equal(&back, address);
}

static bool is_of_peers(struct in_addr alias)
{
    const struct alias_pool *pool = &state_current()->pool;
    struct alias_part peers = alias_pool_peers(pool);
    return alias_part_contains(&peers, offset_of_alias(pool, alias));
}

static void write_down(void)
{
    start_without_table();
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number);
        shared[number] = aliases_of(&address, number % 2 == 0 ? ALIAS_NAME : ALIAS_PEER);
        CHECK(leads_back(&address, shared[number]));
        CHECK(aliases_contains(shared[number]) && !aliases_is_shared(shared[number]));
        CHECK(is_of_peers(shared[number]) == (number % 2 != 0));
    }
    CHECK(logged_count("/proc/no/such/place: ") == 1);
}

/* With the same key, and nothing in common with what the other process gave. */
static void find_others(void)
{
    uint32_t same = 0;
    start_without_table();
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number);
        same += aliases_of(&address, number % 2 == 0 ? ALIAS_NAME : ALIAS_PEER).s_addr == shared[number].s_addr;
    }
    CHECK(same < 20);
}

/* None of them is an alias that a table gives to anybody, whatever the key. */
static void find_stored(void)
{
    start_aliases(10);
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number), back;
        CHECK(aliases_is_shared(aliases_of(&address, ALIAS_NAME)));
        CHECK(!aliases_find_address(shared[number], &back));
    }
}

static void test_nobody_can_choose(void **state)
{
    (void)state;
    assert_true(support_child(write_down));
    assert_true(support_child(find_others));
    assert_true(support_child(find_stored));
}

/* Every peer of the latest 32,768 has its alias; names, and whoever came before the flood, keep theirs. */
static void flood(void)
{
    static struct in_addr aliases[FLOOD];
    start_without_table();
    struct ip_address regular = numbered(UINT32_MAX), both = numbered(UINT32_MAX - 1);
    struct in_addr alias = aliases_of(&regular, ALIAS_PEER), of_both = aliases_of(&both, ALIAS_PEER);
    CHECK(aliases_of(&both, ALIAS_NAME).s_addr == of_both.s_addr); /* a peer that is looked up keeps its alias */
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address name = numbered((1u << 30) + number);
        shared[number] = aliases_of(&name, ALIAS_NAME);
    }
    for (uint32_t number = 0; number < FLOOD; number++) {
        struct ip_address address = numbered(number);
        aliases[number] = aliases_of(&address, ALIAS_PEER);
        CHECK(is_of_peers(aliases[number]) && leads_back(&address, aliases[number]));
        if (number % (TRANSIENT_PEERS / 2) == 0)
            CHECK(aliases_of(&regular, ALIAS_PEER).s_addr == alias.s_addr && leads_back(&regular, alias));
    }
    for (uint32_t number = FLOOD - TRANSIENT_PEERS; number < FLOOD; number++) {
        struct ip_address address = numbered(number);
        CHECK(leads_back(&address, aliases[number]));
        CHECK(aliases_of(&address, ALIAS_PEER).s_addr == aliases[number].s_addr);
    }
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address name = numbered((1u << 30) + number);
        CHECK(leads_back(&name, shared[number]) && aliases_of(&name, ALIAS_PEER).s_addr == shared[number].s_addr);
    }
    CHECK(leads_back(&both, of_both) && aliases_of(&both, ALIAS_PEER).s_addr == of_both.s_addr);
    /* The first of the flood itself are there, too, though nobody has asked for them since; those who came when half
       of the places were taken are forgotten: their alias means somebody else, or nobody. */
    for (uint32_t number = 0; number < TRANSIENT_PEERS / 2; number++) {
        struct ip_address early = numbered(number);
        CHECK(leads_back(&early, aliases[number]));
    }
    struct ip_address amid = numbered(FLOOD / 2);
    CHECK(!leads_back(&amid, aliases[FLOOD / 2]));
}

static void test_flood(void **state)
{
    (void)state;
    assert_true(support_child(flood));
}

/* A table that has no room for peers: the same. */
static void flood_beside_a_table(void)
{
    start_aliases(20);
    uint32_t stored = 0;
    for (uint32_t number = 0; number < 10 * MANY; number++) {
        struct ip_address address = numbered(number);
        struct in_addr alias = aliases_of(&address, ALIAS_PEER);
        CHECK(leads_back(&address, alias));
        stored += aliases_is_shared(alias);
    }
    CHECK(stored <= 4096 / 4 && stored > 0);
    /* One that has no place is looked up: it is shown as before. */
    struct ip_address latest = numbered(10 * MANY - 1);
    struct in_addr shown = aliases_of(&latest, ALIAS_PEER);
    CHECK(!aliases_is_shared(shown) && aliases_of(&latest, ALIAS_NAME).s_addr == shown.s_addr);
    struct ip_address name = numbered(1u << 30);
    CHECK(aliases_is_shared(aliases_of(&name, ALIAS_NAME)));
}

/* In a pool that isn't small, what one process adds is bounded too: half of the peers' places stay for others. */
static void flood_of_a_large_table(void)
{
    start_aliases(16);
    uint32_t places = alias_pool_names(&state_current()->pool).first / ALIAS_PEER_PART, stored = 0;
    for (uint32_t number = 0; number < places; number++) {
        struct ip_address address = numbered(number);
        struct in_addr alias = aliases_of(&address, ALIAS_PEER);
        CHECK(leads_back(&address, alias));
        stored += aliases_is_shared(alias);
    }
    CHECK(stored >= places / 4 && stored <= places / 4 + 5); /* a few in each minute that this took */
    struct ip_address first = numbered(0), name = numbered(1u << 30);
    CHECK(aliases_is_shared(aliases_of(&first, ALIAS_PEER))); /* who has an alias there keeps it */
    CHECK(aliases_is_shared(aliases_of(&name, ALIAS_NAME)));
}

/* Another process, an hour later: strangers are stored. */
static void after_the_flood(void)
{
    start_aliases(16);
    for (uint32_t number = 0; number < 100; number++) {
        struct ip_address address = numbered((1u << 29) + number);
        CHECK(aliases_is_shared(aliases_of(&address, ALIAS_PEER)));
    }
}

static void test_allowance(void **state)
{
    (void)state;
    static const struct allowance allowance = {.most = 10, .per_minute = 2}, none = {0};
    struct allowance_used used = {0};
    for (unsigned i = 0; i < 10; i++) {
        assert_true(allowance_is_left(&allowance, &used, 100));
        allowance_take(&allowance, &used, 100);
    }
    assert_false(allowance_is_left(&allowance, &used, 100));
    assert_false(allowance_is_left(&allowance, &used, 99)); /* a clock that was set back */
    assert_true(allowance_is_left(&none, &used, 100));
    assert_true(allowance_is_left(&allowance, &used, 101));
    allowance_take(&allowance, &used, 101);
    allowance_take(&allowance, &used, 101);
    assert_false(allowance_is_left(&allowance, &used, 101));
    for (unsigned i = 0; i < 10; i++) {
        assert_true(allowance_is_left(&allowance, &used, 1000));
        allowance_take(&allowance, &used, 1000);
    }
    assert_false(allowance_is_left(&allowance, &used, 1000));
    assert_true(support_child(flood_of_a_large_table));
    assert_true(support_child(after_the_flood));
}

static void test_flood_beside_a_table(void **state)
{
    (void)state;
    assert_true(support_child(flood_beside_a_table));
}

/* A child of fork() keeps what its parent has handed out. By their common secret both mostly agree on what is new. */
static void forks(void)
{
    uint32_t same = 0;
    start_without_table();
    for (uint32_t number = 0; number < MANY / 2; number++) {
        struct ip_address address = numbered(number);
        shared[number] = aliases_of(&address, ALIAS_PEER);
    }
    pid_t child = fork();
    for (uint32_t number = 0; number < MANY / 2; number++) {
        struct ip_address address = numbered(number);
        CHECK(leads_back(&address, shared[number]));
    }
    for (uint32_t number = MANY / 2; child == 0 && number < MANY; number++) {
        struct ip_address address = numbered(number);
        shared[number] = aliases_of(&address, ALIAS_PEER);
    }
    if (child == 0)
        _exit(0);
    CHECK(support_wait(child));
    for (uint32_t number = MANY / 2; number < MANY; number++) {
        struct ip_address address = numbered(number);
        same += aliases_of(&address, ALIAS_PEER).s_addr == shared[number].s_addr;
    }
    CHECK(same >= MANY / 2 - 10);
}

static void test_fork(void **state)
{
    (void)state;
    assert_true(support_child(forks));
}

/* An earlier version gave every address of the pool to the table. */
static bool refuse(void *context, uint32_t offset, const struct alias_record *record)
{
    uint32_t *seen = context;
    ++*seen;
    return alias_pool_is_stored(&state_current()->pool, offset) && record->kind == ALIAS_NAME;
}

static void earlier_layout(void)
{
    start_aliases(10);
    struct ip_address address = numbered(1), old = numbered(2), back;
    struct alias_record record = {.address = old, .kind = ALIAS_NAME};
    struct alias_pool pool;
    struct state_fault fault = {0};
    struct state_file file;
    uint32_t seen = 0;
    aliases_of(&address, ALIAS_NAME);
    struct state *state = state_current();
    struct state_format format = state_format(state, STATE_ALIASES);
    CHECK(state_file_open(&file, &state->place, &format, STATE_WRITE, &fault));
    for (uint32_t offset = state->pool.count - 2; offset > alias_pool_names(&state->pool).first; offset /= 2) {
        uint8_t bytes[ALIAS_RECORD_SIZE];
        offset |= alias_pool_names(&state->pool).first;
        alias_record_encode(&record, file.seal, offset, bytes);
        CHECK(state_file_write(&file, offset, bytes, &fault));
        CHECK(!aliases_find_address(alias_pool_address(&state->pool, offset), &back));
        CHECK(state_aliases_read(state, offset, false, &record, &fault) == STATE_NOTHING);
        record.address = old;
    }
    state_file_close(&file);
    CHECK(state_aliases_each(state, &pool, refuse, &seen, &fault) == STATE_FOUND && seen == 1);
    CHECK(aliases_is_shared(aliases_of(&old, ALIAS_NAME)));
}

static void test_earlier_layout(void **state)
{
    (void)state;
    assert_true(support_child(earlier_layout));
}

/* A header that its user wrote, with more records than there are addresses: root lists it and comes to an end. */
static void endless_list(void)
{
    static const uint32_t counts[] = {UINT32_MAX, 1u << 31, 1u << 25, 4097, 0};
    start_aliases(20);
    aliases_prepare();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct state_format format = state_format(state_current(), STATE_ALIASES);
        struct alias_pool pool;
        struct state_fault fault = {0};
        struct state_file file;
        uint32_t seen = 0;
        CHECK(unlink(state_path("aliases")) == 0);
        format.slots = format.pool_count = counts[i];
        CHECK(state_file_open(&file, &state_current()->place, &format, STATE_CREATE, &fault));
        state_file_close(&file);
        CHECK(state_aliases_each(state_current(), &pool, refuse, &seen, &fault) == STATE_FAILED);
        CHECK(fault.reason == STATE_HEADER && seen == 0);
    }
}

static void test_endless_list(void **state)
{
    (void)state;
    assert_true(support_child(endless_list));
}

int main(void)
{
    shared = mmap(NULL, MANY * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_can_choose), TEST(test_flood), TEST(test_flood_beside_a_table),
        TEST(test_allowance),         TEST(test_fork),  TEST(test_earlier_layout),
        TEST(test_endless_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
