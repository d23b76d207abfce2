/* The aliases that a process has for itself, where it can't have the table, and the book it keeps them in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/alias_book.h"
#include "runtime/aliases.h"
#include "support.h"

#define MANY 5000u

/* Results of child processes for each other. */
static struct in_addr *shared;

/* No directory to be had: everything is private, and bounded. */
static void fill_private_peers(void)
{
    struct in_addr pool = {htonl(0xf0400000)};
    CHECK(aliases_start(pool, 10, "a key for tests", "/proc/no/such/place"));
    uint32_t own = 0, overflowed = 0;
    for (uint32_t number = 0; number < ALIASES_PRIVATE_PEERS + 1000; number++) {
        struct ip_address back, address = numbered(number);
        struct in_addr alias = aliases_of(&address, ALIAS_PEER);
        bool is_own = alias.s_addr != aliases_overflow().s_addr;
        CHECK(aliases_find_address(alias, &back) == is_own && (!is_own || address_equal(&back, &address)));
        own += is_own;
        overflowed += !is_own;
    }
    CHECK(own == ALIASES_PRIVATE_PEERS && overflowed == 1000);
    CHECK(logged_count("/proc/no/such/place: ") == 1);
    struct ip_address name = numbered(1u << 30), back; /* names have room all the same */
    CHECK(aliases_find_address(aliases_of(&name, ALIAS_NAME), &back) && address_equal(&back, &name));
}

static void test_private_peers_are_bounded(void **state)
{
    (void)state;
    assert_true(support_child(fill_private_peers));
}

static void private_first_run(void)
{
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, 10, "a key for tests", "/proc/no/such/place"));
    for (uint32_t number = 0; number < 1000; number++) {
        struct ip_address address = numbered(number);
        shared[number] = aliases_of(&address, ALIAS_NAME);
    }
}

static void shared_run_agrees(void)
{
    start_aliases(10);
    uint32_t same = 0;
    for (uint32_t number = 0; number < 1000; number++) {
        struct ip_address address = numbered(number);
        same += aliases_of(&address, ALIAS_NAME).s_addr == shared[number].s_addr;
    }
    CHECK(same > 990); /* a thousand in four million: all but for a collision or two */
}

static void test_private_agrees_but_for_collisions(void **state)
{
    (void)state;
    assert_true(support_child(private_first_run));
    assert_true(support_child(shared_run_agrees));
}

/* A server's child that has given up its privileges: it can't read its parent's table, and yet it agrees with it. */
static void drop_privileges(void)
{
    start_aliases(10);
    aliases_prepare();
    CHECK(access(state_path("aliases"), F_OK) == 0);
    struct in_addr before[100];
    for (uint32_t number = 0; number < 100; number++) {
        struct ip_address address = numbered(number);
        before[number] = aliases_of(&address, ALIAS_PEER);
    }
    CHECK(setuid(65534) == 0);
    uint32_t same = 0;
    for (uint32_t number = 0; number < 100; number++) {
        struct ip_address address = numbered(number);
        CHECK(aliases_of(&address, ALIAS_PEER).s_addr == before[number].s_addr);
        same += aliases_of(&address, ALIAS_NAME).s_addr == before[number].s_addr; /* not remembered as names */
    }
    CHECK(same >= 99);
    check_aliases(200, ALIAS_PEER);
    CHECK(logged_count("aliases are private to this process: ") == 1);
    CHECK(logged_count("/state: the state directory belongs to another user") == 1);
}

static void test_dropped_privileges(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(test_directory, 0755), 0);
    assert_true(support_child(drop_privileges));
}

/* Two addresses that start at the same place of a pool of one page. */
static void find_collision(struct ip_address *first, struct ip_address *second)
{
    struct state *state = state_current();
    struct alias_page wanted = {0};
    *first = numbered(0);
    wanted = alias_page_of(&state->pool, alias_hash(state_key(state), first));
    for (uint32_t number = 1;; number++) {
        *second = numbered(number);
        if (alias_page_of(&state->pool, alias_hash(state_key(state), second)).start == wanted.start)
            return;
    }
}

/* Steps that two processes take in turn. */
static void wait_for_step(uint32_t step)
{
    while (__atomic_load_n(&shared[1].s_addr, __ATOMIC_ACQUIRE) < step)
        usleep(1000);
}

static void take_step(uint32_t step)
{
    __atomic_store_n(&shared[1].s_addr, step, __ATOMIC_RELEASE);
}

static void give_second(void)
{
    struct ip_address first, second;
    start_aliases(26);
    find_collision(&first, &second);
    wait_for_step(1);
    shared[0] = aliases_of(&second, ALIAS_NAME);
    take_step(2);
}

static void give_first_privately(void)
{
    struct ip_address first, second, back;
    start_aliases(26);
    write_whole(state_directory, "", 0); /* a file is in the way */
    find_collision(&first, &second);
    struct in_addr alias = aliases_of(&first, ALIAS_NAME);
    CHECK(logged_count("private") == 1);
    CHECK(unlink(state_directory) == 0);
    take_step(1);
    wait_for_step(2);
    /* To the others it means the second. This process has given it to the first, and stands by it. */
    CHECK(shared[0].s_addr == alias.s_addr);
    CHECK(aliases_find_address(alias, &back) && address_equal(&back, &first));
    struct in_addr other = aliases_of(&second, ALIAS_NAME);
    CHECK(other.s_addr != alias.s_addr);
    CHECK(aliases_find_address(other, &back) && address_equal(&back, &second));
    CHECK(aliases_of(&first, ALIAS_NAME).s_addr == alias.s_addr);
}

static void test_private_and_shared_do_not_mix(void **state)
{
    (void)state;
    take_step(0);
    pid_t other = support_start(give_second);
    assert_true(support_child(give_first_privately));
    assert_true(support_wait(other));
}

static void without_memory(void)
{
    start_aliases(10);
    check_aliases(10, ALIAS_NAME);
    struct rlimit none = {0, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    /* The table answers for what can't be remembered. */
    for (uint32_t number = 0; number < 500; number++) {
        struct ip_address back, address = numbered(number);
        CHECK(aliases_find_address(aliases_of(&address, ALIAS_NAME), &back) && address_equal(&back, &address));
    }
}

static void without_memory_or_file(void)
{
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, 10, "a key for tests", "/proc/no/such/place"));
    struct rlimit none = {0, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    struct ip_address address = numbered(1);
    CHECK(aliases_of(&address, ALIAS_NAME).s_addr == aliases_overflow().s_addr);
}

static void test_without_memory(void **state)
{
    (void)state;
    if (THREAD_SANITIZED)
        return;
    assert_true(support_child(without_memory));
    assert_true(support_child(without_memory_or_file));
}

static void test_book_chunks(void **state)
{
    (void)state;
    /* The book itself to its end: every entry is found both ways, and the first one too many is refused. */
    static struct alias_book book;
    const uint32_t step = 997;
    for (uint32_t number = 0; number < BOOK_ENTRIES; number++) {
        struct ip_address address = numbered(number);
        uint32_t offset = number + 1;
        uint64_t hash = number % 4096 < 3 ? 0 : number * UINT64_C(0x9e3779b97f4a7c15); /* some hashes alike */
        assert_int_equal(book_add(&book, hash, &address, &offset), BOOK_KNOWN);
        assert_int_equal(offset, number + 1);
    }
    for (uint32_t number = 0; number < BOOK_ENTRIES; number += step) {
        struct ip_address address = numbered(number), other = numbered(number + 1);
        uint32_t offset = number + 1;
        uint64_t hash = number % 4096 < 3 ? 0 : number * UINT64_C(0x9e3779b97f4a7c15);
        const struct book_entry *entry = book_find_address(&book, hash, &address);
        assert_non_null(entry);
        assert_int_equal(entry->offset, offset);
        assert_ptr_equal(book_find_alias(&book, offset), entry);
        assert_int_equal(book_add(&book, hash, &other, &offset), BOOK_TAKEN);
        offset = BOOK_ENTRIES + 1; /* it has an alias already: that one it keeps */
        assert_int_equal(book_add(&book, hash, &address, &offset), BOOK_FULL);
    }
    struct ip_address late = numbered(BOOK_ENTRIES);
    uint32_t offset = BOOK_ENTRIES + 1;
    assert_int_equal(book_add(&book, 1, &late, &offset), BOOK_FULL);
    assert_null(book_find_address(&book, 1, &late));
    assert_null(book_find_alias(&book, offset));
}

int main(void)
{
    shared = mmap(NULL, MANY * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_private_peers_are_bounded),
        TEST(test_private_agrees_but_for_collisions),
        TEST(test_dropped_privileges),
        TEST(test_private_and_shared_do_not_mix),
        TEST(test_without_memory),
        TEST(test_book_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
