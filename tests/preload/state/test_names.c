/* The candidates of names and the marks, shared by processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../core/random.h"
#include "core/base/bytes.h"
#include "preload/alias/aliases.h"
#include "support.h"

#define POOL_LENGTH 16
#define NAMES       200u
#define FILE_SIZE   (4096 + 512 * 65536)
#define BOOT_PLACE  8 /* in the payload of a name */

static struct in_addr alias_of(uint32_t number)
{
    struct ip_address address = numbered(number);
    return aliases_of(&address, ALIAS_NAME);
}

/* 2 to 16 addresses, a different list for each number; the second is an IPv4 address. */
static size_t make_list(uint32_t number, struct ip_address list[CANDIDATES_PER_LIST])
{
    size_t count = 2 + number % (CANDIDATES_PER_LIST - 1);
    for (size_t i = 0; i < count; i++)
        list[i] = i == 1 ? address_ipv4((struct in_addr){number}) : numbered(number + (uint32_t)i * 1000);
    return count;
}

static bool is_list(const struct ip_address *list, size_t count, uint32_t number)
{
    struct ip_address expected[CANDIDATES_PER_LIST];
    if (count != make_list(number, expected))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!address_equal(&list[i], &expected[i]))
            return false;
    return true;
}

static void store(void)
{
    start_aliases(POOL_LENGTH);
    size_t before = open_descriptors();
    for (uint32_t number = 0; number < NAMES; number++) {
        struct ip_address list[CANDIDATES_PER_LIST];
        size_t count = make_list(number, list);
        errno = E2BIG;
        CHECK(state_store_candidates(alias_of(number), list, count));
        CHECK(errno == E2BIG);
    }
    CHECK(open_descriptors() == before);
    CHECK(logged[0] == '\0');
}

/* A table with holes: a later name may have displaced an earlier one; but of 200 in 65,536 slots hardly any. */
static void load(void)
{
    start_aliases(POOL_LENGTH);
    uint32_t found = 0;
    for (uint32_t number = 0; number < NAMES; number++) {
        struct ip_address list[CANDIDATES_PER_LIST];
        size_t count = state_load_candidates(alias_of(number), list, CANDIDATES_PER_LIST);
        CHECK(count == 0 || is_list(list, count, number));
        found += count != 0;
        CHECK(count == 0 || state_load_candidates(alias_of(number), list, 1) == 1);
    }
    CHECK(found >= NAMES - 2);
    struct ip_address list[1];
    CHECK(state_load_candidates(alias_of(NAMES), list, 1) == 0);
}

static void test_other_process_finds_them(void **state)
{
    (void)state;
    assert_true(support_child(store));
    assert_true(support_child(load));
}

/* Of the addresses of the pool several share the slot of each list. They are somebody else's alias, or nobody's. */
static void shared_slots(void)
{
    start_aliases(POOL_LENGTH);
    struct in_addr aliases[8];
    struct ip_address list[CANDIDATES_PER_LIST];
    for (uint32_t number = 0; number < 8; number++) {
        aliases[number] = alias_of(number);
        size_t count = make_list(number, list);
        CHECK(state_store_candidates(aliases[number], list, count));
    }
    uint32_t first = ntohl(aliases[0].s_addr) >> (32 - POOL_LENGTH) << (32 - POOL_LENGTH), known = 0;
    for (uint32_t i = 0; i < UINT32_C(1) << (32 - POOL_LENGTH); i++) {
        struct in_addr other = {.s_addr = htonl(first + i)};
        bool is_known = false;
        for (uint32_t number = 0; number < 8; number++)
            is_known |= aliases[number].s_addr == other.s_addr;
        CHECK(state_load_candidates(other, list, 1) == 0 || is_known);
        CHECK(is_known || state_forget_candidates(other));
        known += is_known;
    }
    CHECK(known == 8);
    /* What was forgotten were not the lists of those. */
    for (uint32_t number = 0; number < 8; number++) {
        size_t count = state_load_candidates(aliases[number], list, CANDIDATES_PER_LIST);
        CHECK(is_list(list, count, number));
    }
}

static void test_alias_was_led_to_another_ones_addresses(void **state)
{
    (void)state;
    assert_true(support_child(shared_slots));
}

static void singles(void)
{
    start_aliases(POOL_LENGTH);
    struct in_addr alias = alias_of(1);
    struct ip_address list[CANDIDATES_PER_LIST];
    size_t count = make_list(1, list);
    /* A lone address needs no list, so no file is made. */
    CHECK(state_store_candidates(alias, list, 1));
    CHECK(access(state_path("names"), F_OK) != 0);
    CHECK(state_store_candidates(alias, list, count));
    CHECK(state_load_candidates(alias, list, CANDIDATES_PER_LIST) == count);
    /* But the name may have lost the others. */
    CHECK(state_store_candidates(alias, list, 1));
    CHECK(state_load_candidates(alias, list, CANDIDATES_PER_LIST) == 1);
}

static void nothing_new(void)
{
    start_aliases(POOL_LENGTH);
    struct ip_address list[CANDIDATES_PER_LIST];
    size_t count = make_list(5, list);
    CHECK(state_store_candidates(alias_of(5), list, count));
    struct timespec past[2] = {{1000, 0}, {1000, 0}};
    struct stat status;
    CHECK(utimensat(0, state_path("names"), past, 0) == 0);
    CHECK(state_store_candidates(alias_of(5), list, count));
    CHECK(stat(state_path("names"), &status) == 0 && status.st_mtime == 1000);
    list[0] = numbered(77);
    CHECK(state_store_candidates(alias_of(5), list, count));
    CHECK(stat(state_path("names"), &status) == 0 && status.st_mtime != 1000);
}

static void too_many(void)
{
    start_aliases(POOL_LENGTH);
    struct ip_address list[CANDIDATES_PER_LIST + 4], back[CANDIDATES_PER_LIST + 4];
    for (uint32_t i = 0; i < CANDIDATES_PER_LIST + 4; i++)
        list[i] = numbered(i);
    CHECK(state_store_candidates(alias_of(0), list, CANDIDATES_PER_LIST + 4));
    CHECK(state_load_candidates(alias_of(0), back, CANDIDATES_PER_LIST + 4) == CANDIDATES_PER_LIST);
    CHECK(address_equal(&back[CANDIDATES_PER_LIST - 1], &list[CANDIDATES_PER_LIST - 1]));
}

static void test_writes(void **state)
{
    (void)state;
    assert_true(support_child(singles));
    assert_true(support_child(nothing_new));
    assert_true(support_child(too_many));
}

/* Link-local addresses of another boot are left out. */
static void other_boot(void)
{
    start_aliases(POOL_LENGTH);
    struct ip_address list[CANDIDATES_PER_LIST] = {numbered(1), link_local(2), numbered(3)};
    struct in_addr alias = alias_of(1);
    CHECK(state_store_candidates(alias, list, 3));
    CHECK(state_load_candidates(alias, list, CANDIDATES_PER_LIST) == 3);
    CHECK(list[1].scope == 2);
    uint8_t payload[508];
    uint32_t number = 0;
    while (number < 65536 && !state_slot_read(state_current(), STATE_NAMES, number, payload))
        number++;
    CHECK(number < 65536);
    bytes_put32(payload + BOOT_PLACE, bytes_get32(payload + BOOT_PLACE) ^ 1);
    CHECK(state_slot_write(state_current(), STATE_NAMES, STATE_WRITE, number, payload));
    struct ip_address expected[2] = {numbered(1), numbered(3)};
    CHECK(state_load_candidates(alias, list, CANDIDATES_PER_LIST) == 2);
    CHECK(address_equal(&list[0], &expected[0]) && address_equal(&list[1], &expected[1]));
}

static void test_other_boot(void **state)
{
    (void)state;
    assert_true(support_child(other_boot));
}

static void damaged_lists(void)
{
    start_aliases(POOL_LENGTH);
    for (uint32_t number = 0; number < NAMES; number++) {
        struct ip_address list[CANDIDATES_PER_LIST];
        size_t count = state_load_candidates(alias_of(number), list, CANDIDATES_PER_LIST);
        CHECK(count == 0 || is_list(list, count, number));
        count = make_list(number, list);
        CHECK(state_store_candidates(alias_of(number), list, count)); /* damaged slots are used again */
        count = state_load_candidates(alias_of(number), list, CANDIDATES_PER_LIST);
        CHECK(is_list(list, count, number));
    }
}

static void test_damage(void **state)
{
    (void)state;
    assert_true(support_child(store));
    uint8_t *image = malloc(FILE_SIZE);
    assert_int_equal(read_whole(state_path("names"), image, FILE_SIZE), FILE_SIZE);
    for (size_t place = 4096; place < FILE_SIZE; place += 1 + random_below(400))
        image[place] ^= (uint8_t)random_below(256);
    write_whole(state_path("names"), image, FILE_SIZE);
    free(image);
    assert_true(support_child(damaged_lists));
}

static void unusable(void)
{
    start_aliases(POOL_LENGTH);
    struct ip_address list[CANDIDATES_PER_LIST];
    for (uint32_t number = 0; number < NAMES; number++) {
        CHECK(!state_store_candidates(alias_of(number), list, make_list(number, list)));
        CHECK(state_load_candidates(alias_of(number), list, CANDIDATES_PER_LIST) == 0);
    }
    CHECK(logged_count("not shared with other processes: ") == 1);
    CHECK(logged_count("/state/names is damaged") == 1);
    CHECK(logged_count("private") == 0); /* the aliases are not concerned */
}

static void test_unusable(void **state)
{
    (void)state;
    assert_true(support_child(store));
    assert_int_equal(truncate(state_path("names"), FILE_SIZE - 1), 0);
    assert_true(support_child(unusable));
}

static void set_marks(void)
{
    uint64_t value;
    start_aliases(POOL_LENGTH);
    CHECK(!state_mark_read(3, &value));
    CHECK(access(state_directory, F_OK) != 0);
    CHECK(state_mark_write(3, 0));
    CHECK(state_mark_write(4, UINT64_MAX - 1));
    CHECK(state_mark_read(3, &value) && value == 0);
    CHECK(!state_mark_read(5, &value));
}

static void read_marks(void)
{
    uint64_t value;
    /* They are about the network, whatever the aliases are made of. */
    CHECK(aliases_start((struct in_addr){htonl(0xf0000000)}, 12, "another key", state_directory));
    CHECK(state_mark_read(3, &value) && value == 0);
    CHECK(state_mark_read(4, &value) && value == UINT64_MAX - 1);
    CHECK(logged[0] == '\0');
}

static void test_marks(void **state)
{
    (void)state;
    assert_true(support_child(set_marks));
    assert_true(support_child(read_marks));
}

/* An alias that was given up and goes to another address takes nothing of the old name with it. */
static void forget(void)
{
    start_aliases(28);
    struct ip_address list[CANDIDATES_PER_LIST], back[CANDIDATES_PER_LIST], next = numbered(100), found;
    struct state_fault fault = {0};
    size_t count = make_list(1, list);
    struct in_addr alias = alias_of(1);
    CHECK(state_store_candidates(alias, list, count));
    CHECK(aliases_forget(alias, &fault) == STATE_FOUND);
    CHECK(state_load_candidates(alias, back, CANDIDATES_PER_LIST) == 0);
    CHECK(aliases_forget(alias, &fault) == STATE_NOTHING);
    CHECK(aliases_find_address(alias, &found) && address_equal(&found, &list[0])); /* this process knew it */
    struct alias_record record;
    CHECK(state_aliases_read(state_current(), offset_of_alias(&aliases_pool, alias), false, &record, &fault) ==
          STATE_NOTHING);
    CHECK(aliases_forget(aliases_nobody(), &fault) == STATE_NOTHING);
    CHECK(aliases_forget((struct in_addr){htonl(0xf040000f)}, &fault) == STATE_NOTHING); /* the transient range */
    CHECK(aliases_of(&next, ALIAS_NAME).s_addr != alias.s_addr); /* nor gives it to another address */
    for (uint32_t number = 200; number < 220; number++)
        CHECK(alias_of(number).s_addr != alias.s_addr);
}

static void test_forget(void **state)
{
    (void)state;
    assert_true(support_child(forget));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_other_process_finds_them),
        TEST(test_alias_was_led_to_another_ones_addresses),
        TEST(test_writes),
        TEST(test_other_boot),
        TEST(test_damage),
        TEST(test_unusable),
        TEST(test_marks),
        TEST(test_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
