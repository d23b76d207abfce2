/* What a process remembers of the NAT64 prefixes of the networks that it was in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/nat64/kept.h"

#define LIFETIME_S 600
#define ROUNDS     20000

/* Each test in a process of its own, which remembers nothing yet. */
#define CHECK(condition) check((condition), #condition, __LINE__)
static void check(bool condition, const char *text, int line)
{
    if (condition)
        return;
    fprintf(stderr, "line %d: %s is false\n", line, text);
    _exit(1);
}

static void in_child(void (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A network, and a prefix of its own. */
static struct ip_address network_of(unsigned number)
{
    struct in6_addr ipv6 = {{{0x20, 0x01, 0x0d, 0xb8, 0, 1, (uint8_t)(number >> 8), (uint8_t)number}}};
    return address_ipv6(&ipv6, 0);
}

static struct nat64_prefix prefix_of(unsigned number)
{
    struct in6_addr ipv6 = {{{0x20, 0x01, 0x0d, 0xb8, 0, 2, (uint8_t)(number >> 8), (uint8_t)number}}};
    return (struct nat64_prefix){.address = address_ipv6(&ipv6, 0), .length = 96};
}

static struct nat64_discovery_record record_of(unsigned number)
{
    return (struct nat64_discovery_record){.network = network_of(number),
                                           .asked_s = time(NULL) - 1,
                                           .until_s = time(NULL) + LIFETIME_S,
                                           .count = 1,
                                           .prefixes = {prefix_of(number)}};
}

static bool knows(unsigned number)
{
    struct ip_address network = network_of(number);
    struct nat64_discovery_record record;
    struct nat64_prefix prefix = prefix_of(number);
    if (!nat64_discovery_kept(&network, &record))
        return false;
    CHECK(record.count == 1 && nat64_prefix_equal(&record.prefixes[0], &prefix));
    return true;
}

static bool recovers(unsigned number, enum nat64_discovery_whose whose)
{
    struct nat64_prefix prefix = prefix_of(number), found;
    struct ip_address inside = nat64_embed(&prefix, (struct in_addr){.s_addr = htonl(0xcb007101)});
    bool recovered = nat64_discovery_kept_prefix(&inside, whose, &found);
    CHECK(!recovered || nat64_prefix_equal(&found, &prefix));
    return recovered;
}

static void many_networks(void)
{
    for (unsigned number = 0; number < 3 * NAT64_DISCOVERY_NETWORKS; number++) {
        struct nat64_discovery_record record = record_of(number);
        nat64_discovery_keep(&record, number % 2 == 0);
        CHECK(knows(number));
        struct ip_address network = network_of(number);
        CHECK(nat64_discovery_kept_recently(&record) && address_equal(&record.network, &network));
        CHECK(number == 0 || knows(number - 1));
        CHECK(knows(number));
    }
    for (unsigned number = 0; number < 3 * NAT64_DISCOVERY_NETWORKS; number++)
        CHECK(recovers(number, NAT64_DISCOVERY_ANY) == (number >= 2 * NAT64_DISCOVERY_NETWORKS));
}

static void test_further_networks_were_not_remembered(void **state)
{
    (void)state;
    in_child(many_networks);
}

static void moved(void)
{
    struct nat64_discovery_record record = record_of(1);
    nat64_discovery_keep(&record, true);
    CHECK(!recovers(1, NAT64_DISCOVERY_PRESENT)); /* nobody has asked for it yet */
    CHECK(knows(1) && recovers(1, NAT64_DISCOVERY_PRESENT));
    record = record_of(2);
    nat64_discovery_keep(&record, true);
    CHECK(knows(2) && recovers(2, NAT64_DISCOVERY_PRESENT));
    CHECK(!recovers(1, NAT64_DISCOVERY_PRESENT) && recovers(1, NAT64_DISCOVERY_ANY));
    /* To a network without, and back. */
    record = record_of(3);
    record.count = 0;
    nat64_discovery_keep(&record, true);
    CHECK(nat64_discovery_kept(&record.network, &record) && record.count == 0);
    CHECK(!recovers(2, NAT64_DISCOVERY_PRESENT) && !recovers(1, NAT64_DISCOVERY_PRESENT));
    CHECK(knows(1) && recovers(1, NAT64_DISCOVERY_PRESENT));
}

static void test_prefix_outlived_its_network(void **state)
{
    (void)state;
    in_child(moved);
}

static void old_and_new(void)
{
    struct nat64_discovery_record record = record_of(1), other = record_of(1);
    nat64_discovery_keep(&record, true);
    CHECK(knows(1));
    record.until_s = time(NULL) - 1;
    nat64_discovery_keep(&record, true);
    CHECK(!knows(1) && !recovers(1, NAT64_DISCOVERY_PRESENT) && recovers(1, NAT64_DISCOVERY_ANY));
    /* Another prefix of the same network ends the first one. */
    record = record_of(1);
    nat64_discovery_keep(&record, true);
    other.prefixes[0] = prefix_of(7);
    nat64_discovery_keep(&other, true);
    CHECK(nat64_discovery_kept(&other.network, &record) &&
          nat64_prefix_equal(&record.prefixes[0], &other.prefixes[0]));
    CHECK(recovers(7, NAT64_DISCOVERY_PRESENT) && !recovers(1, NAT64_DISCOVERY_PRESENT) &&
          recovers(1, NAT64_DISCOVERY_ANY));
}

static void test_old_record_counted(void **state)
{
    (void)state;
    in_child(old_and_new);
}

/* The calendar was set back, or the record is none of ours. */
static void from_the_future(void)
{
    struct nat64_discovery_record record = record_of(1);
    CHECK(nat64_discovery_counts(&record, &record.network));
    record.asked_s = time(NULL) + LIFETIME_S / 2;
    CHECK(!nat64_discovery_counts(&record, &record.network));
    record = record_of(1);
    record.until_s = time(NULL) + 10 * 86400;
    CHECK(!nat64_discovery_counts(&record, &record.network));
    record = record_of(1);
    struct ip_address other = network_of(2);
    CHECK(!nat64_discovery_counts(&record, &other));
}

static void test_record_from_the_future_counted(void **state)
{
    (void)state;
    in_child(from_the_future);
}

static void *write_for_ever(void *context)
{
    (void)context;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct nat64_discovery_record record = record_of(round % (NAT64_DISCOVERY_NETWORKS + 3));
        nat64_discovery_keep(&record, false);
    }
    return NULL;
}

/* Each record is seen whole, and a child can write where its parent was just writing. */
static void worker_thread_writers(void)
{
    pthread_t threads[2];
    for (unsigned i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, write_for_ever, NULL) == 0);
    for (unsigned round = 0; round < ROUNDS / 10; round++) {
        knows(round % (NAT64_DISCOVERY_NETWORKS + 3));
        recovers(round % (NAT64_DISCOVERY_NETWORKS + 3), NAT64_DISCOVERY_ANY);
        if (round % 100 != 0)
            continue;
        pid_t child = fork();
        if (child == 0) {
            nat64_discovery_kept_after_fork();
            for (unsigned number = 100; number < 100 + NAT64_DISCOVERY_NETWORKS; number++) {
                struct nat64_discovery_record record = record_of(number);
                nat64_discovery_keep(&record, true);
            }
            for (unsigned number = 100; number < 100 + NAT64_DISCOVERY_NETWORKS; number++)
                CHECK(knows(number));
            _exit(0);
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void test_half_a_record_was_read(void **state)
{
    (void)state;
    in_child(worker_thread_writers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_further_networks_were_not_remembered),
        cmocka_unit_test(test_prefix_outlived_its_network),
        cmocka_unit_test(test_old_record_counted),
        cmocka_unit_test(test_record_from_the_future_counted),
        cmocka_unit_test(test_half_a_record_was_read),
    };
    return cmocka_run_group_tests_name("networks", tests, NULL, NULL);
}
