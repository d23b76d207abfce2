#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../parsed.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/names/candidates.h"

#define THREAD       7u
#define OTHER_THREAD 8u

static struct candidates table;
static const struct siphash_key key = {1, 2};

static int fresh_table(void **state)
{
    (void)state;
    memset(&table, 0, sizeof table);
    return 0;
}

static void record_face(const char *name, unsigned thread, int64_t now_ms, const char *first, const char *second,
                        size_t face)
{
    struct ip_address addresses[2] = {parsed(first)};
    if (second != NULL)
        addresses[1] = parsed(second);
    candidates_record(&table, thread, now_ms,
                      &(struct candidate_answer){name != NULL ? candidates_name_hash(key, name) : 0,
                                                 second != NULL ? 2 : 1, addresses, face});
}

static void record(const char *name, unsigned thread, int64_t now_ms, const char *first, const char *second)
{
    record_face(name, thread, now_ms, first, second, CANDIDATES_NO_FACE);
}

/* The name has shown the IPv4 address, and has this IPv6 one. */
static void show(const char *name, const char *ipv4, const char *ipv6)
{
    struct ip_address other = ipv6 != NULL ? parsed(ipv6) : (struct ip_address){0};
    faces_show(&table.faces, parsed(ipv4).ipv4, candidates_name_hash(key, name),
               candidates_others_hash(key, &other, ipv6 != NULL));
}

static bool find(const char *address, unsigned thread, int64_t now_ms, struct candidate_list *list)
{
    struct ip_address wanted = parsed(address);
    return candidates_find(&table, &wanted, thread, now_ms, list);
}

static void test_names_are_compared_as_dns_does(void **state)
{
    (void)state;
    assert_true(candidates_name_hash(key, "Host.Example") == candidates_name_hash(key, "host.example."));
    assert_true(candidates_name_hash(key, "host.example") != candidates_name_hash(key, "host.examples"));
    assert_true(candidates_name_hash(key, "") != 0);
    assert_true(candidates_name_hash((struct siphash_key){1, 3}, "a") != candidates_name_hash(key, "a"));
    /* Longer than a block, equal up to its end, and just as long. */
    char block[65], one[66], two[66];
    memset(block, 'a', 64);
    block[64] = '\0';
    strcat(strcpy(one, block), "b");
    strcat(strcpy(two, block), "c");
    assert_true(candidates_name_hash(key, one) != candidates_name_hash(key, two));
    assert_true(candidates_name_hash(key, one) != candidates_name_hash(key, block));
    strcat(strcpy(two, block), ".");
    assert_true(candidates_name_hash(key, two) == candidates_name_hash(key, block));
}

static void test_a_set_of_ipv6_addresses_has_no_order(void **state)
{
    (void)state;
    struct ip_address some[3] = {parsed("2001:db8::1"), parsed("192.0.2.1"), parsed("2001:db8::2")};
    struct ip_address same[2] = {some[2], some[0]};
    assert_true(candidates_others_hash(key, some, 3) == candidates_others_hash(key, same, 2));
    assert_true(candidates_others_hash(key, some, 3) != candidates_others_hash(key, some, 1));
    assert_int_equal(candidates_others_hash(key, some + 1, 1), FACES_NO_OTHERS);
}

static void test_whoever_leads_has_the_others(void **state)
{
    (void)state;
    struct candidate_list list;
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 1, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.leader, 1);
    assert_int_equal(list.addresses[0].family, AF_INET6);
    assert_false(find("192.0.2.2", THREAD, 1, &list));
}

static void test_the_address_shown_first_is_known(void **state)
{
    (void)state;
    struct candidate_list list;
    record_face("dual", THREAD, 0, "2001:db8::1", "192.0.2.1", 1);
    assert_true(find("2001:db8::1", THREAD, 1, &list));
    assert_int_equal(list.face, 1);
    assert_int_equal(list.leader, 0);
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1"); /* now in another order */
    assert_true(find("192.0.2.1", THREAD, 1, &list));
    assert_int_equal(list.face, CANDIDATES_NO_FACE);
}

/* A child that was forked while another thread wrote a record has it half written, and goes on with that one. */
static void test_a_record_that_a_fork_left_half_written_is_written_again(void **state)
{
    (void)state;
    struct candidate_list list;
    seqlock_begin_write(&table.records[0].lock);
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 1, &list));
    assert_int_equal(list.count, 2);
}

/* Old programs resolve once. */
static void test_what_was_shown_has_no_age(void **state)
{
    (void)state;
    struct candidate_list list;
    show("dual", "192.0.2.1", "2001:db8::1");
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, INT64_C(1) << 40, &list));
    assert_true(find("2001:db8::1", THREAD, INT64_C(1) << 40, &list));
}

static void test_what_there_was_no_room_for_forgets_after_a_minute(void **state)
{
    (void)state;
    struct candidate_list list;
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, CANDIDATES_UNNOTED_LIFETIME_MS, &list));
    assert_false(find("192.0.2.1", THREAD, CANDIDATES_UNNOTED_LIFETIME_MS + 1, &list));
    assert_true(find("2001:db8::1", THREAD, INT64_C(1) << 40, &list));
}

static void test_a_shared_address_is_alone_for_good(void **state)
{
    (void)state;
    struct candidate_list list;
    show("one", "192.0.2.1", "2001:db8::1");
    record("one", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 1, &list));
    show("two", "192.0.2.1", "2001:db8::2");
    record("two", THREAD, 1, "2001:db8::2", "192.0.2.1");
    struct ip_address shared = parsed("192.0.2.1");
    assert_false(find("192.0.2.1", THREAD, 2, &list));
    assert_false(candidates_know(&table, &shared));
    assert_true(find("2001:db8::1", THREAD, 2, &list)); /* aliases mean one name */
    show("one", "192.0.2.1", "2001:db8::1");
    record("one", THREAD, 3, "2001:db8::1", "192.0.2.1");
    assert_false(find("192.0.2.1", THREAD, 4, &list));
}

static enum face_state face(const char *address)
{
    return faces_state(&table.faces, parsed(address).ipv4);
}

static void test_what_makes_an_address_a_shared_one(void **state)
{
    (void)state;
    assert_int_equal(face("192.0.2.1"), FACE_UNKNOWN);
    show("alone", "192.0.2.1", NULL);
    show("also-alone", "192.0.2.1", NULL);
    assert_int_equal(face("192.0.2.1"), FACE_OWN);
    show("dual", "192.0.2.1", "2001:db8::1"); /* after one without IPv6 */
    assert_int_equal(face("192.0.2.1"), FACE_SHARED);

    show("dual", "192.0.2.2", "2001:db8::1");
    show("www.dual", "192.0.2.2", "2001:db8::1"); /* the same host */
    show("dual", "192.0.2.2", NULL);              /* an answer that was late */
    assert_int_equal(face("192.0.2.2"), FACE_OWN);
    show("dual", "192.0.2.2", "2001:db8::2"); /* renumbered */
    assert_int_equal(face("192.0.2.2"), FACE_OWN);
    show("alone", "192.0.2.2", NULL); /* before one without IPv6 */
    assert_int_equal(face("192.0.2.2"), FACE_SHARED);
    assert_int_equal(face("192.0.2.3"), FACE_UNKNOWN);
}

static void test_a_full_table_of_faces_takes_no_more(void **state)
{
    (void)state;
    struct in_addr address = {0};
    for (uint32_t i = 0; i <= FACES_MAX; i++) {
        address.s_addr = htonl(0x0a000000 + i);
        faces_show(&table.faces, address, 7, FACES_NO_OTHERS);
    }
    assert_int_equal(faces_state(&table.faces, address), FACE_UNKNOWN);
    for (uint32_t i = 0; i < FACES_MAX; i++) {
        address.s_addr = htonl(0x0a000000 + i);
        assert_int_equal(faces_state(&table.faces, address), FACE_OWN);
    }
    faces_show(&table.faces, address, 8, 1);
    assert_int_equal(faces_state(&table.faces, address), FACE_SHARED);
}

static void test_a_typed_address_is_alone(void **state)
{
    (void)state;
    struct candidate_list list;
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    record(NULL, THREAD, 1, "192.0.2.1", NULL);
    assert_false(find("192.0.2.1", THREAD, 2, &list));
    record("dual", THREAD, 3, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 4, &list));
}

static void test_two_names_on_one_address_are_not_mixed_up(void **state)
{
    (void)state;
    struct candidate_list list;
    record("one", THREAD, 0, "2001:db8::1", "192.0.2.1");
    record("two", OTHER_THREAD, 1, "2001:db8::2", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 2, &list)); /* its own lookup */
    assert_int_equal(list.addresses[0].ipv6.s6_addr[15], 1);
    assert_true(find("192.0.2.1", OTHER_THREAD, 2, &list));
    assert_int_equal(list.addresses[0].ipv6.s6_addr[15], 2);
    assert_false(find("192.0.2.1", THREAD + 5, 2, &list)); /* a third thread can't tell */
    assert_true(find("2001:db8::2", THREAD + 5, 2, &list));
}

static void test_another_thread_resolved(void **state)
{
    (void)state;
    struct candidate_list list;
    record("one", THREAD, 0, "2001:db8::1", "192.0.2.1");
    record("one", OTHER_THREAD, 1, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD + 5, 2, &list));
}

static void test_a_failure_is_remembered_until_the_next_lookup(void **state)
{
    (void)state;
    struct candidate_list list;
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("2001:db8::1", THREAD, 1, &list));
    candidates_mark(&table, &list.mark, true);
    assert_true(find("192.0.2.1", THREAD, 2, &list));
    assert_int_equal(list.mark.failed_leader, 1);
    record("dual", THREAD, 3, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 4, &list));
    assert_int_equal(list.mark.failed_leader, 0);
}

/* The oldest make room, and their places in the chains with them. */
static void test_old_lookups_are_replaced(void **state)
{
    (void)state;
    struct candidate_list list;
    char name[16] = "n0000", address[32] = "";
    for (unsigned i = 0; i < 3 * CANDIDATES_LISTS; i++) {
        for (unsigned digit = 0, rest = i; digit < 4; digit++, rest /= 10)
            name[4 - digit] = (char)('0' + rest % 10);
        struct in6_addr ipv6 = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}};
        inet_ntop(AF_INET6, &ipv6, address, sizeof address);
        record(name, THREAD, i, address, "192.0.2.1");
        assert_true(find(address, THREAD, i, &list));
    }
    assert_false(find("2001:db8::5", THREAD, 0, &list));
    assert_true(find("192.0.2.1", THREAD, 3 * CANDIDATES_LISTS, &list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_compared_as_dns_does),
        cmocka_unit_test_setup(test_whoever_leads_has_the_others, fresh_table),
        cmocka_unit_test(test_a_set_of_ipv6_addresses_has_no_order),
        cmocka_unit_test_setup(test_the_address_shown_first_is_known, fresh_table),
        cmocka_unit_test_setup(test_a_record_that_a_fork_left_half_written_is_written_again, fresh_table),
        cmocka_unit_test_setup(test_what_was_shown_has_no_age, fresh_table),
        cmocka_unit_test_setup(test_what_there_was_no_room_for_forgets_after_a_minute, fresh_table),
        cmocka_unit_test_setup(test_a_shared_address_is_alone_for_good, fresh_table),
        cmocka_unit_test_setup(test_what_makes_an_address_a_shared_one, fresh_table),
        cmocka_unit_test_setup(test_a_full_table_of_faces_takes_no_more, fresh_table),
        cmocka_unit_test_setup(test_a_typed_address_is_alone, fresh_table),
        cmocka_unit_test_setup(test_two_names_on_one_address_are_not_mixed_up, fresh_table),
        cmocka_unit_test_setup(test_another_thread_resolved, fresh_table),
        cmocka_unit_test_setup(test_a_failure_is_remembered_until_the_next_lookup, fresh_table),
        cmocka_unit_test_setup(test_old_lookups_are_replaced, fresh_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
