/* core/settings/setting: each kind of value at its edges, with the place of what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "setting_fault.h"

/* A field of each kind, as struct settings would have them. */
struct fields {
    unsigned choice;
    uint32_t milliseconds;
    char text[8];
    char path[16];
    struct ipv4_prefix pool;
    struct prefix_map map;
    struct prefix_map back;
};

static const struct setting choice = {.keyword = "prefer",
                                      .constraint = "policy|ipv6|ipv4",
                                      .kind = SETTING_CHOICE,
                                      .offset = offsetof(struct fields, choice),
                                      .size = sizeof(unsigned)};
static const struct setting milliseconds = {.keyword = "attempt-delay",
                                            .constraint = "100..2000",
                                            .kind = SETTING_MILLISECONDS,
                                            .offset = offsetof(struct fields, milliseconds),
                                            .size = sizeof(uint32_t)};
static const struct setting text = {
    .keyword = "key", .constraint = "7", .kind = SETTING_TEXT, .offset = offsetof(struct fields, text), .size = 8};
static const struct setting path = {
    .keyword = "file", .constraint = "15", .kind = SETTING_PATH, .offset = offsetof(struct fields, path), .size = 16};
static const struct setting pool = {.keyword = "alias-pool",
                                    .constraint = "8..28",
                                    .kind = SETTING_IPV4_POOL,
                                    .offset = offsetof(struct fields, pool),
                                    .size = sizeof(struct ipv4_prefix)};
static const struct setting map = {.keyword = "alias-map",
                                   .constraint = "IPv6=IPv4",
                                   .kind = SETTING_PREFIX_MAP,
                                   .offset = offsetof(struct fields, map),
                                   .size = sizeof(struct prefix_map)};
static const struct setting back = {.keyword = "listen-map",
                                    .constraint = "IPv4=IPv6",
                                    .kind = SETTING_PREFIX_MAP,
                                    .offset = offsetof(struct fields, back),
                                    .size = sizeof(struct prefix_map)};

static void test_choice(void **state)
{
    (void)state;
    struct fields fields = {.choice = 7};
    assert_int_equal(fault_of(&choice, "ipv5", &fields), 0);
    assert_int_equal(fault_of(&choice, "ipv", &fields), 0);
    assert_int_equal(fault_of(&choice, "ipv6|ipv4", &fields), 0);
    assert_int_equal(fault_of(&choice, "IPV6", &fields), 0);
    assert_int_equal(fault_of(&choice, "", &fields), 0);
    assert_int_equal(fields.choice, 7);
    assert_int_equal(fault_of(&choice, "policy", &fields), GOOD);
    assert_int_equal(fields.choice, 0);
    assert_int_equal(fault_of(&choice, "ipv4", &fields), GOOD);
    assert_int_equal(fields.choice, 2);
}

static void test_milliseconds(void **state)
{
    (void)state;
    struct fields fields = {.milliseconds = 7};
    static const char *const bad[] = {"",      "99",    "2001",       "-100", "1e3",
                                      "250ms", "0x100", "4294967546", "250 ", "18446744073709551866"};
    for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++)
        assert_int_equal(fault_of(&milliseconds, bad[index], &fields), 0);
    assert_int_equal(fields.milliseconds, 7);
    assert_int_equal(fault_of(&milliseconds, "100", &fields), GOOD);
    assert_int_equal(fields.milliseconds, 100);
    assert_int_equal(fault_of(&milliseconds, "02000", &fields), GOOD);
    assert_int_equal(fields.milliseconds, 2000);
}

static void test_text_and_path_fill_their_fields_and_no_more(void **state)
{
    (void)state;
    struct fields fields = {.text = "before"};
    assert_int_equal(fault_of(&text, "12345678", &fields), 0);
    assert_int_equal(fault_of(&text, "", &fields), 0);
    assert_string_equal(fields.text, "before");
    assert_int_equal(fault_of(&text, "1234567", &fields), GOOD);
    assert_string_equal(fields.text, "1234567");
    assert_int_equal(fields.path[0], '\0');
    assert_int_equal(fault_of(&path, "log", &fields), 0);
    assert_int_equal(fault_of(&path, "/23456789012345x", &fields), 0);
    assert_int_equal(fault_of(&path, "/23456789012345", &fields), GOOD);
    assert_string_equal(fields.path, "/23456789012345");
    assert_int_equal(fields.pool.length, 0);
}

static void test_pool(void **state)
{
    (void)state;
    struct fields fields = {.pool = {.length = 77}};
    static const char *const bad[] = {
        "",
        "240.64.0.0",
        "240.64.0.0/7",
        "240.64.0.0/29",
        "240.64.0.1/10",
        "240.0.0.0/33",
        "240.0.0/8",
        "2001:db8::/8",
        "0.0.0.0/8",
        "0.5.0.0/16",
        "127.0.0.0/8",
        "127.77.0.0/16",
        "224.0.0.0/8",
        "239.1.0.0/16",
        "255.0.0.0/8",
        "255.1.0.0/16",
        "240.64.0.0/ 10",
        "240.64.0.0/10x",
    };
    for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++)
        assert_int_equal(fault_of(&pool, bad[index], &fields), 0);
    assert_int_equal(fields.pool.length, 77);
    static const struct {
        const char *value, *address;
        unsigned length;
    } good[] = {{"240.64.0.0/10", "240.64.0.0", 10}, {"198.18.0.0/15", "198.18.0.0", 15},
                {"1.0.0.0/8", "1.0.0.0", 8},         {"126.0.0.0/8", "126.0.0.0", 8},
                {"128.0.0.0/8", "128.0.0.0", 8},     {"223.255.255.240/28", "223.255.255.240", 28},
                {"240.0.0.0/8", "240.0.0.0", 8},     {"254.255.255.240/28", "254.255.255.240", 28}};
    for (size_t index = 0; index < sizeof good / sizeof good[0]; index++) {
        assert_int_equal(fault_of(&pool, good[index].value, &fields), GOOD);
        assert_int_equal(fields.pool.address.s_addr, inet_addr(good[index].address));
        assert_int_equal(fields.pool.length, good[index].length);
    }
}

static void test_map_entries_add_up(void **state)
{
    (void)state;
    struct fields fields = {0};
    assert_int_equal(fault_of(&map, "2001:db8:1::/64 = 10.6.0.0/16", &fields), GOOD);
    assert_int_equal(fault_of(&map, "2001:db8::5=10.0.0.5,\t2001:db8:2::/48 =10.7.0.0/24", &fields), GOOD);
    assert_int_equal(fields.map.count, 3);
    assert_int_equal(fields.map.entries[0].from_length, 64);
    assert_int_equal(fields.map.entries[0].to_length, 16);
    assert_int_equal(fields.map.entries[0].to.ipv4.s_addr, inet_addr("10.6.0.0"));
    assert_int_equal(fields.map.entries[1].from_length, 128);
    assert_int_equal(fields.map.entries[1].to_length, 32);
    assert_int_equal(fields.map.entries[2].from.ipv6.s6_addr[5], 2);
    assert_int_equal(fields.map.entries[2].to_length, 24);
    assert_int_equal(fault_of(&back, "192.0.2.1 = 2001:db8::1", &fields), GOOD);
    assert_int_equal(fields.back.entries[0].from.family, AF_INET);
    assert_int_equal(fields.back.entries[0].to.family, AF_INET6);
}

static void test_map_faults_point_at_the_bad_side(void **state)
{
    (void)state;
    struct fields fields = {0};
    assert_int_equal(fault_of(&map, "", &fields), 0);
    assert_int_equal(fault_of(&map, "2001:db8::/64", &fields), 0);
    assert_int_equal(fault_of(&map, "2001:db8::1/64 = 10.6.0.0/16", &fields), 0);
    assert_int_equal(fault_of(&map, "2001:db8::/64 = 10.6.0.1/16", &fields), 16);
    assert_int_equal(fault_of(&map, "2001:db8::/64 = 2001:db8::/64", &fields), 16);
    assert_int_equal(fault_of(&map, "10.6.0.0/16 = 2001:db8::/64", &fields), 0);
    assert_int_equal(fault_of(&map, "2001:db8::/64 =", &fields), 15);
    assert_int_equal(fault_of(&map, "::1 = 10.0.0.1 = 10.0.0.2", &fields), 6);
    assert_int_equal(fault_of(&map, "::1 = 10.0.0.1,", &fields), 15);
    assert_int_equal(fault_of(&map, "::1 = 10.0.0.1, ::2 = ten", &fields), 22);
    assert_int_equal(fault_of(&back, "10.6.0.0/16 = 10.7.0.0/16", &fields), 14);
    assert_int_equal(fields.map.count, 0);
}

static void test_map_has_an_end(void **state)
{
    (void)state;
    struct fields fields = {0};
    for (unsigned index = 0; index < PREFIX_MAP_SIZE - 1; index++)
        assert_int_equal(fault_of(&map, "::1 = 10.0.0.1", &fields), GOOD);
    struct setting_fault fault;
    const char *two = "::2 = 10.0.0.2, ::3 = 10.0.0.3";
    assert_false(setting_parse(&map, two, strlen(two), &fields, &fault));
    assert_int_equal(fault.offset, 16);
    assert_int_equal(fields.map.count, PREFIX_MAP_SIZE - 1);
    assert_int_equal(fault_of(&map, "::2 = 10.0.0.2", &fields), GOOD);
    assert_int_equal(fields.map.count, PREFIX_MAP_SIZE);
    assert_int_equal(fields.back.count, 0);
}

static void test_clearing_a_field_leaves_the_others(void **state)
{
    (void)state;
    struct fields fields;
    memset(&fields, 0xff, sizeof fields);
    const struct setting *all[] = {&choice, &milliseconds, &text, &path, &pool, &map};
    for (size_t index = 0; index < sizeof all / sizeof all[0]; index++)
        setting_clear(all[index], &fields);
    assert_int_equal(fields.choice, 0);
    assert_int_equal(fields.milliseconds, 0);
    assert_string_equal(fields.text, "");
    assert_string_equal(fields.path, "");
    assert_int_equal(fields.pool.length, 0);
    assert_int_equal(fields.map.count, 0);
    assert_int_equal(fields.back.count, UINT32_MAX);
}

static void check_explained(const struct setting *setting, const char *value, const char *expected)
{
    char line[512];
    struct text message = text_on(line, sizeof line);
    struct setting_fault fault;
    assert_false(setting_parse(setting, value, strlen(value), NULL, &fault));
    setting_explain(setting, value, &fault, &message);
    assert_string_equal(line, expected);
}

static void test_faults_are_explained(void **state)
{
    (void)state;
    check_explained(&choice, "ipv5", "expected policy, ipv6 or ipv4, found \"ipv5\"");
    check_explained(&milliseconds, "5", "expected a whole number of milliseconds from 100 to 2000, found \"5\"");
    check_explained(&text, "", "expected 1 to 7 bytes, found nothing");
    check_explained(&path, "a\nb\"", "expected an absolute path of 1 to 15 bytes, found \"a\\x0ab\\x22\"");
    check_explained(&pool, "127.0.0.0/8",
                    "expected an IPv4 prefix of length 8 to 28, all other bits 0, outside 0.0.0.0/8, 127.0.0.0/8, "
                    "224.0.0.0/4 and 255.0.0.0/8, found \"127.0.0.0/8\"");
    check_explained(&map, "::1 = ten", "expected IPv6-PREFIX = IPv4-PREFIX, at most 32 of them, found \"ten\"");
    check_explained(&path, "0123456789012345678901234567890123456789012345678",
                    "expected an absolute path of 1 to 15 bytes, found "
                    "\"012345678901234567890123456789012345678901234567...\" (49 bytes)");
}

static void test_names_for_people(void **state)
{
    (void)state;
    char name[SETTING_VARIABLE_SIZE];
    setting_variable(&milliseconds, name);
    assert_string_equal(name, "V6SHIM_ATTEMPT_DELAY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_milliseconds),
        cmocka_unit_test(test_text_and_path_fill_their_fields_and_no_more),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_map_entries_add_up),
        cmocka_unit_test(test_map_faults_point_at_the_bad_side),
        cmocka_unit_test(test_map_has_an_end),
        cmocka_unit_test(test_clearing_a_field_leaves_the_others),
        cmocka_unit_test(test_faults_are_explained),
        cmocka_unit_test(test_names_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
