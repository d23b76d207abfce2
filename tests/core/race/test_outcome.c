#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "core/race/outcome.h"

static struct ip_address ipv6_of(const char *text, uint32_t scope)
{
    struct in6_addr ipv6;
    assert_int_equal(inet_pton(AF_INET6, text, &ipv6), 1);
    return address_ipv6(&ipv6, scope);
}

static struct ip_address ipv4_of(const char *text)
{
    return address_ipv4((struct in_addr){.s_addr = inet_addr(text)});
}

static struct outcome example(void)
{
    struct ip_address source = ipv6_of("2001:db8:1:2:3:4:5:6", 0);
    return (struct outcome){.address = ipv6_of("fe80::1", 3),
                            .network = outcome_network(&source),
                            .winner = ipv4_of("192.0.2.1"),
                            .time_s = UINT64_C(0x123456789a),
                            .lifetime_s = OUTCOME_LIFETIME_S};
}

static void test_networks(void **state)
{
    (void)state;
    struct ip_address source = ipv6_of("2001:db8:1:2:3:4:5:6", 0), network = ipv6_of("2001:db8:1:2::", 0);
    struct ip_address found = outcome_network(&source);
    assert_true(address_equal(&found, &network));
    source = ipv4_of("192.0.2.77");
    network = ipv4_of("192.0.2.0");
    found = outcome_network(&source);
    assert_true(address_equal(&found, &network));
}

static void test_bytes_there_and_back(void **state)
{
    (void)state;
    struct outcome outcome = example(), back;
    uint8_t bytes[OUTCOME_SIZE];
    outcome_encode(&outcome, bytes);
    assert_true(outcome_decode(bytes, &back));
    assert_true(address_equal(&back.address, &outcome.address));
    assert_true(address_equal(&back.network, &outcome.network));
    assert_true(address_equal(&back.winner, &outcome.winner));
    assert_true(back.time_s == outcome.time_s);
    assert_int_equal(back.lifetime_s, OUTCOME_LIFETIME_S);
    outcome.lifetime_s = OUTCOME_SLOW_S;
    outcome_encode(&outcome, bytes);
    assert_true(outcome_decode(bytes, &back));
    assert_int_equal(back.lifetime_s, OUTCOME_SLOW_S);
    memset(bytes + 71, 0, 4); /* the first version has written none */
    assert_true(outcome_decode(bytes, &back));
    assert_int_equal(back.lifetime_s, OUTCOME_LIFETIME_S);
    memset(bytes + 71, 99, 4);
    assert_false(outcome_decode(bytes, &back));
    outcome_encode(&outcome, bytes);
    bytes[8] = 99; /* no family */
    assert_false(outcome_decode(bytes, &back));
}

static void test_counts_for_ten_minutes_on_its_network(void **state)
{
    (void)state;
    struct outcome outcome = example();
    struct ip_address other = ipv6_of("2001:db8:9::", 0), unscoped = ipv6_of("fe80::1", 0);
    uint64_t then_s = outcome.time_s;
    assert_true(outcome_counts(&outcome, &outcome.address, &outcome.network, then_s));
    assert_true(outcome_counts(&outcome, &outcome.address, &outcome.network, then_s + OUTCOME_LIFETIME_S - 1));
    assert_false(outcome_counts(&outcome, &outcome.address, &outcome.network, then_s + OUTCOME_LIFETIME_S));
    assert_false(outcome_counts(&outcome, &outcome.address, &outcome.network, then_s - 1));
    assert_false(outcome_counts(&outcome, &outcome.address, &other, then_s));
    assert_false(outcome_counts(&outcome, &unscoped, &outcome.network, then_s));
}

static void test_counts_for_a_minute_when_slow(void **state)
{
    (void)state;
    struct outcome outcome = example();
    outcome.lifetime_s = OUTCOME_SLOW_S;
    assert_true(outcome_counts(&outcome, &outcome.address, &outcome.network, outcome.time_s + OUTCOME_SLOW_S - 1));
    assert_false(outcome_counts(&outcome, &outcome.address, &outcome.network, outcome.time_s + OUTCOME_SLOW_S));
}

/* The lifetime of a new record of one that was slow, where this one came so many seconds before. */
static uint32_t lifetime_after(const struct outcome *former, uint64_t since_s)
{
    struct outcome outcome = example();
    outcome.lifetime_s = OUTCOME_SLOW_S;
    outcome.time_s += since_s;
    outcome_follow(&outcome, former);
    return outcome.lifetime_s;
}

static void test_loses_again(void **state)
{
    (void)state;
    struct outcome former = example();
    former.lifetime_s = OUTCOME_SLOW_S;
    assert_int_equal(lifetime_after(&former, 0), OUTCOME_SLOW_S); /* two processes in one moment */
    assert_int_equal(lifetime_after(&former, OUTCOME_SLOW_S - 1), OUTCOME_SLOW_S);
    assert_int_equal(lifetime_after(&former, OUTCOME_SLOW_S), 2 * OUTCOME_SLOW_S);
    assert_int_equal(lifetime_after(&former, OUTCOME_SLOW_S + OUTCOME_LIFETIME_S - 1), 2 * OUTCOME_SLOW_S);
    assert_int_equal(lifetime_after(&former, OUTCOME_SLOW_S + OUTCOME_LIFETIME_S), OUTCOME_SLOW_S);
    former.lifetime_s = 8 * OUTCOME_SLOW_S;
    assert_int_equal(lifetime_after(&former, 8 * OUTCOME_SLOW_S), OUTCOME_LIFETIME_S);
    former.lifetime_s = OUTCOME_LIFETIME_S;
    assert_int_equal(lifetime_after(&former, 100), OUTCOME_LIFETIME_S - 100);
    assert_int_equal(lifetime_after(&former, OUTCOME_LIFETIME_S - 1), OUTCOME_SLOW_S);
    former.time_s += 1000; /* the calendar was set back */
    assert_int_equal(lifetime_after(&former, 0), OUTCOME_SLOW_S);
    former = example();
    former.network = ipv6_of("2001:db8:9::", 0);
    assert_int_equal(lifetime_after(&former, 100), OUTCOME_SLOW_S);
    former = example();
    former.address = (struct ip_address){.family = AF_UNSPEC}; /* it has won since */
    assert_int_equal(lifetime_after(&former, 100), OUTCOME_SLOW_S);
}

static void test_slots(void **state)
{
    (void)state;
    struct outcome outcome = example();
    struct ip_address other = ipv6_of("2001:db8:9::", 0);
    uint32_t slot = outcome_slot(&outcome.address, &outcome.network, 4096);
    assert_true(slot < 4096);
    assert_int_equal(slot, outcome_slot(&outcome.address, &outcome.network, 4096));
    assert_int_not_equal(slot, outcome_slot(&outcome.address, &other, 4096));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_bytes_there_and_back),
        cmocka_unit_test(test_counts_for_ten_minutes_on_its_network),
        cmocka_unit_test(test_counts_for_a_minute_when_slow),
        cmocka_unit_test(test_loses_again),
        cmocka_unit_test(test_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
