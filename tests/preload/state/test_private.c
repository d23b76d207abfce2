/* The aliases that a process has for itself, where it can't have the table, and the book it keeps them in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/alias_book.h"
#include "preload/alias/aliases.h"
#include "support.h"

/* A server's child that has given up its privileges: it can't read its parent's table. */
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
    for (uint32_t number = 0; number < 100; number++) {
        struct ip_address address = numbered(number);
        CHECK(aliases_of(&address, ALIAS_PEER).s_addr == before[number].s_addr);
    }
    check_aliases(200, ALIAS_NAME);
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

/* What was given without a table is still true when there is one, and what the table then says is true too. */
static void table_comes_late(void)
{
    struct ip_address early = numbered(0), late = numbered(1), back;
    start_aliases(26);
    write_whole(state_directory, "", 0); /* a file is in the way */
    struct in_addr own = aliases_of(&early, ALIAS_NAME);
    CHECK(!aliases_is_shared(own) && logged_count("private") == 1);
    CHECK(unlink(state_directory) == 0);
    struct in_addr shared = aliases_of(&late, ALIAS_NAME);
    CHECK(aliases_is_shared(shared));
    CHECK(aliases_find_address(own, &back) && address_equal(&back, &early));
    CHECK(aliases_find_address(shared, &back) && address_equal(&back, &late));
    CHECK(aliases_of(&early, ALIAS_NAME).s_addr == own.s_addr);
}

static void test_private_and_shared_do_not_mix(void **state)
{
    (void)state;
    assert_true(support_child(table_comes_late));
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
    CHECK(aliases_of(&address, ALIAS_NAME).s_addr == aliases_nobody().s_addr);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_dropped_privileges),
        TEST(test_private_and_shared_do_not_mix),
        TEST(test_without_memory),
        TEST(test_book_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
