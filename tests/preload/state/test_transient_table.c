/* The table of private aliases itself (preload/alias/transient.h): its order, its threads, what is left half-written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>

#include "core/alias/alias.h"
#include "preload/alias/transient.h"
#include "support.h"

#define MANY    2000u
#define THREADS 8u

static const struct siphash_key secret = {3, 5};
static struct transient_table table;
static _Atomic uint32_t places[MANY];

/* Now. One day later an alias that nobody has used since may be another's. */
static uint32_t minute = 10000;
#define DAY_MINUTES (24 * 60)

static struct transient_question ask_for(const struct ip_address *address, uint32_t count)
{
    return (struct transient_question){address, alias_hash(secret, address), count, minute};
}

static bool leads_to(uint32_t place, uint32_t count, const struct ip_address *address)
{
    struct ip_address back;
    return transient_at(&table, secret, place, count, minute, &back) && address_equal(&back, address);
}

/* All threads meet the same new peers: one place for each. */
static void *meet(void *unused)
{
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number);
        struct transient_question question = ask_for(&address, 16384);
        uint32_t place, none = 0;
        CHECK(transient_give(&table, &question, &place));
        CHECK(leads_to(place, 16384, &address));
        if (!atomic_compare_exchange_strong(&places[number], &none, place + 1))
            CHECK(none == place + 1);
    }
    return unused;
}

/* Two pages, and more peers than they hold: what is found is right, however the writers get into each other's way. */
static void *struggle(void *argument)
{
    uint32_t self = (uint32_t)(uintptr_t)argument;
    for (uint32_t round = 0; round < 20000; round++) {
        struct ip_address back, address = numbered((round * 7 + self * 31) % 300);
        struct transient_question question = ask_for(&address, 128);
        uint32_t place;
        question.minute += round; /* some are unseen for long, at the end */
        if (!transient_give(&table, &question, &place) ||
            !transient_at(&table, secret, place, 128, question.minute, &back))
            continue;
        /* Its own, or that of another peer who has taken the place since; never one that was not given any. */
        uint32_t number;
        memcpy(&number, &back.ipv6.s6_addr[12], sizeof number);
        address = numbered(ntohl(number));
        CHECK(ntohl(number) < 300 && address_equal(&back, &address));
    }
    return NULL;
}

static void run(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, body, (void *)i) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void threads_meet(void)
{
    run(meet);
}

static void threads_struggle(void)
{
    run(struggle);
    for (uint32_t place = 0; place < 128; place++) {
        struct ip_address address;
        CHECK(transient_at(&table, secret, place, 128, minute, &address));
    }
}

static void test_threads(void **state)
{
    (void)state;
    assert_true(support_child(threads_meet));
    assert_true(support_child(threads_struggle));
}

static uint32_t give(uint32_t number, uint32_t count)
{
    struct ip_address address = numbered(number);
    struct transient_question question = ask_for(&address, count);
    uint32_t place = UINT32_MAX;
    CHECK(transient_give(&table, &question, &place) && leads_to(place, count, &address));
    return place;
}

/* Proposed or half-written by a thread that is gone: they mean nobody, and are used again in their turn. */
static void left_half_written(void)
{
    struct ip_address back, first = numbered(0);
    struct transient_question question = ask_for(&first, 128);
    uint32_t place = give(0, 128);
    struct transient_entry *entries = atomic_load(&table.entries);
    for (uint32_t number = 0; number < 128; number++) {
        atomic_store(&entries[number].used, 2 * number + 1);
        if (number % 2 == 0)
            atomic_store(&entries[number].check, 0);
        CHECK(!transient_at(&table, secret, number, 128, minute, &back));
    }
    CHECK(!transient_find(&table, &question, &place));
    for (uint32_t number = 0; number < 128; number++)
        place = give(number, 128);
    /* Torn: a word of another address. */
    atomic_fetch_xor(&entries[place].words[3], 1);
    CHECK(!transient_at(&table, secret, place, 128, minute, &back));
}

static void test_half_written(void **state)
{
    (void)state;
    assert_true(support_child(left_half_written));
}

/* Half of the places are given to others by time alone; the two that were seen last of all stay beyond a day. */
static void order_of_time(void)
{
    uint32_t given[64];
    struct ip_address first = numbered(0), second = numbered(1), third = numbered(2);
    for (uint32_t number = 0; number < 64; number++)
        CHECK((given[number] = give(number, 128)) < 64 && transient_is_by_time(given[number], 128));
    minute += DAY_MINUTES;
    for (uint32_t number = 1000; number < 2000; number++) {
        uint32_t place = give(number, 128);
        CHECK(place >= 64 && !transient_is_by_time(place, 128));
    }
    struct transient_question of_first = ask_for(&first, 128);
    uint32_t place;
    CHECK(transient_find(&table, &of_first, &place) && place == given[0]);
    CHECK(leads_to(given[1], 128, &second));
    minute += 3 * 60;
    for (uint32_t number = 2000; number < 2062; number++)
        CHECK(give(number, 128) < 64);
    CHECK(give(2062, 128) >= 64);
    CHECK(leads_to(given[0], 128, &first) && leads_to(given[1], 128, &second));
    CHECK(!leads_to(given[2], 128, &third));
    minute -= DAY_MINUTES; /* a clock that was set back */
    CHECK(give(2063, 128) >= 64);
}

static void test_order_of_time(void **state)
{
    (void)state;
    assert_true(support_child(order_of_time));
}

/* Small ranges: each place is of use. */
static void few_places(void)
{
    for (uint32_t count = 1; count <= 4; count *= 2) {
        atomic_store(&table.entries, NULL);
        uint32_t seen = 0;
        for (uint32_t number = 0; number < count; number++)
            seen |= 1u << give(number, count);
        CHECK(seen == (1u << count) - 1);
        for (uint32_t number = 100; number < 110; number++)
            CHECK(give(number, count) >= count / 2);
    }
}

static void test_few_places(void **state)
{
    (void)state;
    assert_true(support_child(few_places));
}

/* In the other half the one that was used least recently goes; names take no more than a quarter of a page. */
static void order_of_use(void)
{
    uint32_t given[200], place;
    for (uint32_t number = 5000; number < 5064; number++)
        give(number, 128);
    for (uint32_t number = 0; number < 64; number++)
        CHECK((given[number] = give(number, 128)) >= 64);
    struct ip_address first = numbered(0), second = numbered(1);
    struct transient_question of_first = ask_for(&first, 128), of_second = ask_for(&second, 128);
    CHECK(transient_find(&table, &of_first, &place) && place == given[0]);
    CHECK(leads_to(given[1], 128, &second));
    CHECK(give(64, 128) == given[2]);
    CHECK(transient_find(&table, &of_second, &place) && place == given[1]);
    uint32_t pinned = 0;
    for (uint32_t number = 0; number < 64; number++) {
        struct ip_address address = numbered(number);
        struct transient_question question = ask_for(&address, 128);
        pinned += transient_pin(&table, &question, &place);
    }
    CHECK(pinned == 16);
    for (uint32_t number = 1000; number < 2000; number++)
        give(number, 128);
    CHECK(transient_find(&table, &of_first, &place) && place == given[0]);
}

static void test_order_of_use(void **state)
{
    (void)state;
    assert_true(support_child(order_of_use));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_threads),    TEST(test_half_written), TEST(test_order_of_time),
        TEST(test_few_places), TEST(test_order_of_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
