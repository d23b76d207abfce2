#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "core/alias/alias.h"

#define SEAL   UINT64_C(0x5ea1)
#define HOUR   60u
#define DAY    (24 * HOUR)
#define MINUTE 29000000u /* some day in 2025 */

static const struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static struct alias_pool pool;
static uint8_t page_bytes[ALIAS_PAGE_SIZE];
static struct alias_page page;
static struct alias_moment now;

static struct ip_address numbered(uint32_t number)
{
    struct in6_addr ipv6;
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::", &ipv6), 1);
    number = htonl(number);
    memcpy(&ipv6.s6_addr[12], &number, sizeof number);
    return address_ipv6(&ipv6, 0);
}

static struct ip_address link_local(uint32_t scope)
{
    struct in6_addr ipv6;
    assert_int_equal(inet_pton(AF_INET6, "fe80::1", &ipv6), 1);
    return address_ipv6(&ipv6, scope);
}

/* A pool of one page, empty, at the tenth hour of boot 5. */
static int set_up(void **state)
{
    (void)state;
    assert_true(alias_pool_set(&pool, (struct in_addr){htonl(0xf0400000)}, 26));
    memset(page_bytes, 0, sizeof page_bytes);
    page = alias_page_of(&pool, 0);
    now = (struct alias_moment){.minute = MINUTE, .uptime_hour = 10, .boot = 5};
    return 0;
}

static void pass_hours(uint32_t hours)
{
    now.minute += hours * HOUR;
    now.uptime_hour += hours;
}

static enum alias_found search_with(const struct ip_address *address, enum alias_kind kind, alias_taken *taken,
                                    uint32_t *offset, struct alias_record *record)
{
    struct alias_search search = {.address = *address, .kind = kind, .now = now, .seal = SEAL, .taken = taken};
    return alias_page_search(&pool, &page, page_bytes, &search, offset, record);
}

static enum alias_found search(const struct ip_address *address, enum alias_kind kind, uint32_t *offset)
{
    struct alias_record record;
    return search_with(address, kind, NULL, offset, &record);
}

static void put(uint32_t offset, const struct ip_address *address, enum alias_kind kind)
{
    struct alias_record record = {.address = *address, .kind = kind, .seen = now};
    alias_record_encode(&record, SEAL, offset, page_bytes + (offset - page.first) * ALIAS_RECORD_SIZE);
}

/* Gives the address an alias where the search wants it; 0 where it finds no room. */
static uint32_t add(const struct ip_address *address, enum alias_kind kind)
{
    uint32_t offset;
    if (search(address, kind, &offset) == ALIAS_NO_PLACE)
        return 0;
    put(offset, address, kind);
    return offset;
}

static void test_pool(void **state)
{
    (void)state;
    struct alias_pool wide;
    struct in_addr first = {htonl(0xf0400000)};
    assert_true(alias_pool_set(&wide, first, 10));
    assert_int_equal(wide.count, 1u << 22);
    assert_true(alias_pool_contains(&wide, first));
    assert_true(alias_pool_contains(&wide, (struct in_addr){htonl(0xf07fffff)}));
    assert_false(alias_pool_contains(&wide, (struct in_addr){htonl(0xf0800000)}));
    assert_false(alias_pool_contains(&wide, (struct in_addr){htonl(0xf03fffff)}));
    uint32_t offset;
    assert_true(alias_pool_find(&wide, alias_pool_address(&wide, 12345), &offset));
    assert_int_equal(offset, 12345);
    assert_true(alias_pool_find(&wide, alias_pool_address(&wide, wide.count - 1), &offset));
    assert_int_equal(offset, wide.count - 1);
    assert_false(alias_pool_find(&wide, alias_pool_address(&wide, wide.count), &offset));
    assert_false(alias_pool_find(&wide, alias_pool_address(&wide, UINT32_MAX), &offset));
}

/* Which part of pools of all sizes is whose: nobody's address, the table, names and peers of the transient range. */
static void test_parts(void **state)
{
    (void)state;
    for (unsigned length = ALIAS_POOL_LENGTH_MIN; length <= ALIAS_POOL_LENGTH_MAX; length++) {
        struct alias_pool tried;
        assert_true(alias_pool_set(&tried, (struct in_addr){htonl(0xf0000000)}, length));
        struct alias_part names = alias_pool_names(&tried), peers = alias_pool_peers(&tried);
        assert_int_equal(names.count, peers.count);
        assert_int_equal(names.first + names.count, peers.first);
        assert_int_equal(peers.first + peers.count, tried.count);
        assert_int_equal(names.count + peers.count, tried.count < 1u << 20 ? tried.count / 4 : 1u << 18);
        assert_int_equal(peers.count & (peers.count - 1), 0);
        assert_false(alias_pool_is_stored(&tried, ALIAS_NOBODY));
        assert_true(alias_pool_is_stored(&tried, 1));
        assert_true(alias_pool_is_stored(&tried, names.first - 1));
        assert_false(alias_pool_is_stored(&tried, names.first));
        assert_false(alias_pool_is_stored(&tried, tried.count - 1));
        assert_true(alias_part_contains(&names, names.first) && alias_part_contains(&peers, peers.first));
        assert_false(alias_part_contains(&names, names.first - 1) || alias_part_contains(&names, peers.first));
        assert_false(alias_part_contains(&peers, peers.first - 1) || alias_part_contains(&peers, tried.count));
    }
    struct alias_pool usual;
    assert_true(alias_pool_set(&usual, (struct in_addr){htonl(0xf0400000)}, 10));
    assert_int_equal(ntohl(alias_pool_address(&usual, alias_pool_names(&usual).first).s_addr), 0xf07c0000);
}

static void test_pools_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t prefix;
        unsigned length;
        bool good;
    } cases[] = {
        {0xf0000000, 8, true},   {0xf0000000, 7, false},  {0xf0000000, 28, true},  {0xf0000000, 29, false},
        {0xf0400001, 10, false}, {0xf0200000, 10, false}, {0x00000000, 8, false},  {0x7f000000, 8, false},
        {0x7f100000, 16, false}, {0xe0000000, 8, false},  {0xef000000, 24, false}, {0xff000000, 8, false},
        {0xfffffff0, 28, false}, {0x0a000000, 8, true},   {0xc6120000, 15, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct alias_pool tried = {.first = 1, .count = 2};
        assert_int_equal(alias_pool_set(&tried, (struct in_addr){htonl(cases[i].prefix)}, cases[i].length),
                         cases[i].good);
        assert_int_equal(tried.count, cases[i].good ? 1u << (32 - cases[i].length) : 2);
    }
}

static void test_record(void **state)
{
    (void)state;
    uint8_t bytes[ALIAS_RECORD_SIZE];
    struct alias_record read;
    struct alias_record written = {.address = link_local(UINT32_MAX),
                                   .kind = ALIAS_PEER,
                                   .seen = {.minute = (1u << 26) - 1, .uptime_hour = 65535, .boot = (1u << 20) - 1}};
    alias_record_encode(&written, SEAL, 9, bytes);
    assert_true(alias_record_decode(bytes, SEAL, 9, &read));
    assert_true(address_equal(&read.address, &written.address));
    assert_int_equal(read.kind, ALIAS_PEER);
    assert_memory_equal(&read.seen, &written.seen, sizeof read.seen);
    assert_false(alias_record_decode(bytes, SEAL, 10, &read));
    assert_false(alias_record_decode(bytes, SEAL + 1, 9, &read));
    for (unsigned bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(alias_record_decode(bytes, SEAL, 9, &read));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* Times beyond the fields stay at their end instead of starting anew. */
    written.seen.minute = 1u << 26;
    written.seen.uptime_hour = 70000;
    alias_record_encode(&written, SEAL, 9, bytes);
    assert_true(alias_record_decode(bytes, SEAL, 9, &read));
    assert_int_equal(read.seen.minute, (1u << 26) - 1);
    assert_int_equal(read.seen.uptime_hour, 65535);
}

/* What a good checksum does not excuse. */
static void test_record_senseless(void **state)
{
    (void)state;
    uint8_t bytes[ALIAS_RECORD_SIZE];
    struct alias_record read;
    for (int kind = 0; kind < 4; kind++) {
        struct alias_record record = {.address = numbered(1), .kind = (enum alias_kind)kind, .seen = now};
        alias_record_encode(&record, SEAL, 9, bytes);
        assert_int_equal(alias_record_decode(bytes, SEAL, 9, &read), kind == ALIAS_NAME || kind == ALIAS_PEER);
    }
    struct alias_record scoped = {.address = numbered(1), .kind = ALIAS_NAME, .seen = now};
    scoped.address.scope = 3;
    alias_record_encode(&scoped, SEAL, 9, bytes);
    assert_false(alias_record_decode(bytes, SEAL, 9, &read));
}

static void test_hash(void **state)
{
    (void)state;
    struct ip_address first = link_local(1), second = link_local(2), third = numbered(1);
    struct siphash_key other = {key.low, key.high + 1};
    assert_int_equal(alias_hash(key, &first), alias_hash(key, &first));
    assert_int_not_equal(alias_hash(key, &first), alias_hash(key, &second));
    assert_int_not_equal(alias_hash(key, &first), alias_hash(key, &third));
    assert_int_not_equal(alias_hash(key, &first), alias_hash(other, &first));
}

static void test_pages(void **state)
{
    (void)state;
    for (unsigned length = ALIAS_POOL_LENGTH_MIN; length <= ALIAS_POOL_LENGTH_MAX; length++) {
        struct alias_pool tried;
        assert_true(alias_pool_set(&tried, (struct in_addr){htonl(0xf0000000)}, length));
        uint32_t highest = 0, stored = alias_pool_names(&tried).first;
        for (uint32_t number = 0; number < 4096; number++) {
            struct ip_address address = numbered(number);
            struct alias_page at = alias_page_of(&tried, alias_hash(key, &address));
            assert_int_equal(at.count, tried.count < ALIAS_PAGE_RECORDS ? tried.count : ALIAS_PAGE_RECORDS);
            assert_int_equal(at.first % at.count, 0);
            assert_true(at.first + at.count <= tried.count && at.first < stored);
            assert_true(at.start < at.count);
            highest = at.first + at.start > highest ? at.first + at.start : highest;
        }
        assert_true(highest > tried.count / 2); /* the whole pool is used */
    }
    /* What an earlier version, without a transient range, has put into the rest of the pool is found there. */
    struct alias_pool usual;
    assert_true(alias_pool_set(&usual, (struct in_addr){htonl(0xf0400000)}, 10));
    assert_int_equal(alias_page_of(&usual, 0).first, 0);
    assert_int_equal(alias_page_of(&usual, 61439).first, 61439 * ALIAS_PAGE_RECORDS); /* the last one of the table */
    assert_int_equal(alias_page_of(&usual, 61440).first, 0);
}

static void test_collisions_probe(void **state)
{
    (void)state;
    /* All start at the same place: they line up behind it, wrap at the end, and are all found again. From 48 on it is
       the transient range. */
    page.start = 44;
    for (uint32_t number = 0; number < 47; number++) {
        struct ip_address address = numbered(number);
        assert_int_equal(add(&address, ALIAS_NAME), number < 4 ? 44 + number : number - 3); /* 0 is nobody's */
    }
    for (uint32_t number = 0; number < 47; number++) {
        struct ip_address address = numbered(number);
        uint32_t offset;
        assert_int_equal(search(&address, ALIAS_NAME, &offset), ALIAS_PRESENT);
    }
    struct ip_address last = numbered(47);
    uint32_t offset;
    assert_int_equal(search(&last, ALIAS_NAME, &offset), ALIAS_NO_PLACE);
    assert_int_equal(search(&last, ALIAS_PEER, &offset), ALIAS_NO_PLACE);
    pass_hours(100000); /* names are for ever */
    assert_int_equal(search(&last, ALIAS_NAME, &offset), ALIAS_NO_PLACE);
}

static void test_damage(void **state)
{
    (void)state;
    struct ip_address first = numbered(1), second = numbered(2);
    uint32_t given = add(&first, ALIAS_NAME), offset;
    page_bytes[given * ALIAS_RECORD_SIZE + 20] ^= 1;
    /* Neither a match nor free. */
    assert_int_equal(search(&first, ALIAS_NAME, &offset), ALIAS_PLACE);
    assert_int_not_equal(offset, given);
    assert_int_equal(search(&second, ALIAS_NAME, &offset), ALIAS_PLACE);
    assert_int_not_equal(offset, given);
    /* Even a page of nothing else is only full. */
    memset(page_bytes, 0x55, sizeof page_bytes);
    assert_int_equal(search(&first, ALIAS_NAME, &offset), ALIAS_NO_PLACE);
}

static bool taken_first_four(void *context, uint32_t offset, const struct ip_address *address)
{
    (void)context;
    (void)address;
    return offset <= 4;
}

/* What an earlier version has written into the transient range is neither found nor reused. */
static void test_transient_range_is_ignored(void **state)
{
    (void)state;
    struct ip_address address = numbered(1);
    uint32_t offset;
    put(50, &address, ALIAS_NAME);
    page.start = 50;
    assert_int_equal(search(&address, ALIAS_NAME, &offset), ALIAS_PLACE);
    assert_int_equal(offset, 1);
}

static void test_taken(void **state)
{
    (void)state;
    struct ip_address address = numbered(1);
    struct alias_record record;
    uint32_t offset;
    assert_int_equal(search_with(&address, ALIAS_NAME, taken_first_four, &offset, &record), ALIAS_PLACE);
    assert_int_equal(offset, 5);
    /* A record whose alias this process uses for another address does not count. */
    put(2, &address, ALIAS_NAME);
    assert_int_equal(search(&address, ALIAS_NAME, &offset), ALIAS_PRESENT);
    assert_int_equal(search_with(&address, ALIAS_NAME, taken_first_four, &offset, &record), ALIAS_PLACE);
    assert_int_equal(offset, 5);
}

static void test_peers_are_bounded(void **state)
{
    (void)state;
    uint32_t count = 0;
    for (uint32_t number = 0; number < 64; number++) {
        struct ip_address address = numbered(number);
        count += add(&address, ALIAS_PEER) != 0;
    }
    assert_int_equal(count, ALIAS_PAGE_RECORDS / ALIAS_PEER_PART);
    /* Names still have the rest. */
    for (uint32_t number = 64; number < 64 + 47 - count; number++) {
        struct ip_address address = numbered(number);
        assert_int_not_equal(add(&address, ALIAS_NAME), 0);
    }
}

/* Fills the peers' part of the page; the first address is numbered(0). */
static uint32_t fill_with_peers(void)
{
    struct ip_address first = numbered(0);
    uint32_t given = add(&first, ALIAS_PEER);
    now.minute += 1;
    for (uint32_t number = 1; number < 64; number++) {
        struct ip_address address = numbered(number);
        add(&address, ALIAS_PEER);
    }
    return given;
}

static void test_peer_reuse(void **state)
{
    (void)state;
    struct ip_address late = numbered(100);
    uint32_t oldest = fill_with_peers(), offset;
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_NO_PLACE);
    pass_hours(24);
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_NO_PLACE);
    pass_hours(ALIAS_REUSE_HOURS - 24);
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_PLACE);
    assert_int_equal(offset, oldest);
    /* A name would rather have a fresh one. */
    assert_int_equal(search(&late, ALIAS_NAME, &offset), ALIAS_PLACE);
    assert_int_not_equal(offset, oldest);
    /* Who is seen again keeps it. */
    struct ip_address first = numbered(0);
    put(oldest, &first, ALIAS_PEER);
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_PLACE);
    assert_int_not_equal(offset, oldest);
    /* Who becomes a name keeps it for ever. */
    put(oldest, &first, ALIAS_NAME);
    pass_hours(10000);
    for (uint32_t number = 200; number < 300; number++) {
        struct ip_address address = numbered(number);
        assert_int_not_equal(add(&address, ALIAS_PEER), oldest);
    }
    assert_int_equal(search(&first, ALIAS_NAME, &offset), ALIAS_PRESENT);
    assert_int_equal(offset, oldest);
}

/* Either clock can be wrong; both must agree that the time is over. */
static void test_reuse_needs_both_clocks(void **state)
{
    (void)state;
    struct ip_address late = numbered(100);
    uint32_t offset;
    fill_with_peers();
    struct alias_moment before = now;
    now.minute += 30 * DAY; /* the calendar was put right */
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_NO_PLACE);
    now = before;
    now.uptime_hour += 1000; /* the calendar was put back */
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_NO_PLACE);
    now.minute -= 5 * DAY;
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_NO_PLACE);
    now = before;
    now.minute += 30 * DAY;
    now.boot = 6; /* another boot, up for only an hour: seen perhaps an hour ago */
    now.uptime_hour = 1;
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_NO_PLACE);
    now.uptime_hour = ALIAS_REUSE_HOURS;
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_PLACE);
    now.boot = 0;
    assert_int_equal(search(&late, ALIAS_PEER, &offset), ALIAS_NO_PLACE);
}

static void test_link_local_ends_with_the_boot(void **state)
{
    (void)state;
    struct ip_address first = link_local(2), second = link_local(3), global = numbered(1);
    struct alias_record record;
    uint32_t offset, given = add(&first, ALIAS_NAME);
    assert_int_equal(search(&first, ALIAS_NAME, &offset), ALIAS_PRESENT);
    assert_int_equal(search(&second, ALIAS_NAME, &offset), ALIAS_PLACE);
    assert_int_not_equal(offset, given);
    now.boot++;
    /* Its own record is where it goes first. */
    assert_int_equal(search(&first, ALIAS_NAME, &offset), ALIAS_PLACE);
    assert_int_equal(offset, given);
    assert_int_equal(search(&second, ALIAS_NAME, &offset), ALIAS_PLACE);
    assert_int_not_equal(offset, given);
    /* In a full page, only a link-local address gets the alias of one. */
    for (uint32_t number = 10; number < 10 + 46; number++) {
        struct ip_address address = numbered(number);
        assert_int_not_equal(add(&address, ALIAS_NAME), 0);
    }
    assert_int_equal(search(&global, ALIAS_NAME, &offset), ALIAS_NO_PLACE);
    assert_int_equal(search_with(&second, ALIAS_NAME, NULL, &offset, &record), ALIAS_PLACE);
    assert_int_equal(offset, given);
}

static void test_due(void **state)
{
    (void)state;
    struct alias_record name = {.address = numbered(1), .kind = ALIAS_NAME, .seen = now};
    struct alias_record peer = {.address = numbered(1), .kind = ALIAS_PEER, .seen = now};
    assert_false(alias_record_is_due(&name, ALIAS_NAME, &now));
    assert_false(alias_record_is_due(&peer, ALIAS_PEER, &now));
    assert_true(alias_record_is_due(&peer, ALIAS_NAME, &now));
    assert_false(alias_record_is_due(&name, ALIAS_PEER, &now));
    pass_hours(1);
    assert_true(alias_record_is_due(&peer, ALIAS_PEER, &now));
    assert_false(alias_record_is_due(&name, ALIAS_NAME, &now));
    pass_hours(23);
    assert_true(alias_record_is_due(&name, ALIAS_PEER, &now));
    now.minute = name.seen.minute - 2 * DAY;
    assert_true(alias_record_is_due(&name, ALIAS_NAME, &now));
    now = peer.seen;
    now.boot++;
    assert_true(alias_record_is_due(&peer, ALIAS_PEER, &now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pool, set_up),
        cmocka_unit_test_setup(test_parts, set_up),
        cmocka_unit_test_setup(test_pools_refused, set_up),
        cmocka_unit_test_setup(test_record, set_up),
        cmocka_unit_test_setup(test_record_senseless, set_up),
        cmocka_unit_test_setup(test_hash, set_up),
        cmocka_unit_test_setup(test_pages, set_up),
        cmocka_unit_test_setup(test_collisions_probe, set_up),
        cmocka_unit_test_setup(test_damage, set_up),
        cmocka_unit_test_setup(test_transient_range_is_ignored, set_up),
        cmocka_unit_test_setup(test_taken, set_up),
        cmocka_unit_test_setup(test_peers_are_bounded, set_up),
        cmocka_unit_test_setup(test_peer_reuse, set_up),
        cmocka_unit_test_setup(test_reuse_needs_both_clocks, set_up),
        cmocka_unit_test_setup(test_link_local_ends_with_the_boot, set_up),
        cmocka_unit_test_setup(test_due, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
