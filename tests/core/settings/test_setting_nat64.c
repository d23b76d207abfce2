/* core/settings/setting: values of policy, nat64 and redirect, with the place of what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "setting_fault.h"

struct fields {
    struct choice_or_file policy;
    struct nat64_setting nat64;
    struct redirects redirects;
};

static const struct setting policy = {.keyword = "policy",
                                      .constraint = "system|rfc6724",
                                      .kind = SETTING_CHOICE_OR_FILE,
                                      .offset = offsetof(struct fields, policy),
                                      .size = sizeof(struct choice_or_file)};
static const struct setting nat64 = {.keyword = "nat64",
                                     .constraint = "auto|off|PREFIX...",
                                     .kind = SETTING_NAT64,
                                     .offset = offsetof(struct fields, nat64),
                                     .size = sizeof(struct nat64_setting)};
static const struct setting redirects = {.keyword = "redirect",
                                         .constraint = "IPv4=NAME|IPv6",
                                         .kind = SETTING_REDIRECTS,
                                         .offset = offsetof(struct fields, redirects),
                                         .size = sizeof(struct redirects)};

static void test_policy(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "systemic",   "file",     "file ",  "file PATH",
                                      "file gai", "rfc6724 /x", "files /x", "FILE /x"};
    struct fields fields;
    setting_clear(&policy, &fields);
    assert_int_equal(fields.policy.choice, 0);
    assert_string_equal(fields.policy.path, "");
    assert_int_equal(fault_of(&policy, "file   /etc/my gai.conf", &fields), GOOD);
    assert_string_equal(fields.policy.path, "/etc/my gai.conf");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(fault_of(&policy, bad[i], &fields), 0);
    assert_string_equal(fields.policy.path, "/etc/my gai.conf");
    assert_int_equal(fault_of(&policy, "/etc/other gai.conf", &fields), GOOD);
    assert_string_equal(fields.policy.path, "/etc/other gai.conf");
    assert_int_equal(fault_of(&policy, "rfc6724", &fields), GOOD);
    assert_int_equal(fields.policy.choice, 1);
    assert_string_equal(fields.policy.path, "");
}

static void test_longest_path(void **state)
{
    (void)state;
    struct fields fields;
    char value[5 + sizeof fields.policy.path + 1];
    memset(value, 'x', sizeof value);
    memcpy(value, "file /", 6);
    value[5 + sizeof fields.policy.path] = '\0';
    assert_int_equal(fault_of(&policy, value, &fields), 0);
    value[5 + sizeof fields.policy.path - 1] = '\0';
    assert_int_equal(fault_of(&policy, value, &fields), GOOD);
    assert_int_equal(strlen(fields.policy.path), sizeof fields.policy.path - 1);
}

static void test_nat64(void **state)
{
    (void)state;
    struct fields fields;
    setting_clear(&nat64, &fields);
    assert_int_equal(fields.nat64.mode, NAT64_AUTO);
    assert_int_equal(fault_of(&nat64, "off", &fields), GOOD);
    assert_int_equal(fields.nat64.mode, NAT64_OFF);
    assert_int_equal(fault_of(&nat64, "64:ff9b::/96", &fields), GOOD);
    assert_int_equal(fields.nat64.mode, NAT64_GIVEN);
    assert_int_equal(fields.nat64.count, 1);
    assert_int_equal(fields.nat64.prefixes[0].length, 96);
    assert_int_equal(fault_of(&nat64, "2001:db8:64::/48 , 2001:db8:1:2::/64  64:ff9b::/96", &fields), GOOD);
    assert_int_equal(fields.nat64.count, 3);
    assert_int_equal(fields.nat64.prefixes[1].length, 64);
    assert_int_equal(fault_of(&nat64, "auto", &fields), GOOD);
    assert_int_equal(fields.nat64.count, 0);
}

static void test_nat64_faults(void **state)
{
    (void)state;
    struct fields fields;
    setting_clear(&nat64, &fields);
    assert_int_equal(fault_of(&nat64, "", &fields), 0);
    assert_int_equal(fault_of(&nat64, "yes", &fields), 0);
    assert_int_equal(fault_of(&nat64, "64:ff9b::/97", &fields), 0);
    assert_int_equal(fault_of(&nat64, "10.0.0.0/32", &fields), 0);
    assert_int_equal(fault_of(&nat64, "fe80::/64", &fields), 0);
    assert_int_equal(fault_of(&nat64, "64:ff9b::/96,", &fields), 13);
    assert_int_equal(fault_of(&nat64, "64:ff9b::/96 auto", &fields), 13);
    assert_int_equal(fault_of(&nat64, "64:ff9b::/96, 2001:db8::/33", &fields), 14);
    const char *nine = "2001:db8:1::/48 2001:db8:2::/48 2001:db8:3::/48 2001:db8:4::/48 2001:db8:5::/48 "
                       "2001:db8:6::/48 2001:db8:7::/48 2001:db8:8::/48 2001:db8:9::/48";
    assert_int_equal(fault_of(&nat64, nine, &fields), strlen(nine) - strlen("2001:db8:9::/48"));
    assert_int_equal(fields.nat64.mode, NAT64_AUTO);
}

/* A name that fills its place has no room for its end. */
static void test_longest_redirect(void **state)
{
    (void)state;
    struct fields fields;
    char value[400];
    const size_t room = sizeof fields.redirects.entries[0].name, before = strlen("192.0.2.7=");
    setting_clear(&redirects, &fields);
    strcpy(value, "192.0.2.7=");
    memset(value + before, 'a', room);
    value[before + room - 1] = '\0';
    assert_int_equal(fault_of(&redirects, value, &fields), GOOD);
    assert_int_equal(strlen(fields.redirects.entries[0].name), room - 1);
    value[before + room - 1] = 'a';
    value[before + room] = '\0';
    assert_int_not_equal(fault_of(&redirects, value, &fields), GOOD);
    assert_int_equal(fields.redirects.count, 1);
}

static void test_redirects(void **state)
{
    (void)state;
    struct fields fields;
    char text[INET_ADDRSTRLEN];
    setting_clear(&redirects, &fields);
    assert_int_equal(fault_of(&redirects, "192.0.2.7 = 2001:db8::7", &fields), GOOD);
    assert_int_equal(fault_of(&redirects, "192.0.2.8=new.example., 192.0.2.9 = host_1", &fields), GOOD);
    assert_int_equal(fields.redirects.count, 3);
    assert_string_equal(inet_ntop(AF_INET, &fields.redirects.entries[1].from, text, sizeof text), "192.0.2.8");
    assert_int_equal(fields.redirects.entries[0].to.family, AF_INET6);
    assert_string_equal(fields.redirects.entries[0].name, "");
    assert_int_equal(fields.redirects.entries[1].to.family, AF_UNSPEC);
    assert_string_equal(fields.redirects.entries[1].name, "new.example.");
    assert_string_equal(fields.redirects.entries[2].name, "host_1");
}

static void test_redirect_faults(void **state)
{
    (void)state;
    struct fields fields;
    setting_clear(&redirects, &fields);
    static const char *const no_hosts[] = {"192.0.2.7=::", "192.0.2.7=ff02::1", "192.0.2.7=::ffff:192.0.2.8",
                                           "192.0.2.7=fe80::1"};
    for (size_t i = 0; i < sizeof no_hosts / sizeof no_hosts[0]; i++)
        assert_int_equal(fault_of(&redirects, no_hosts[i], &fields), strlen("192.0.2.7="));
    assert_int_equal(fault_of(&redirects, "192.0.2.7", &fields), 0);
    assert_int_equal(fault_of(&redirects, "192.0.2.0/24 = 2001:db8::7", &fields), 0);
    assert_int_equal(fault_of(&redirects, "2001:db8::7 = 2001:db8::7", &fields), 0);
    assert_int_equal(fault_of(&redirects, "192.0.2.7 = ", &fields), 12);
    assert_int_equal(fault_of(&redirects, "192.0.2.7 = 192.0.2.8", &fields), 12);
    assert_int_equal(fault_of(&redirects, "192.0.2.7 = 2001:db8::/64", &fields), 12);
    assert_int_equal(fault_of(&redirects, "192.0.2.7 = two words", &fields), 12);
    assert_int_equal(fault_of(&redirects, "192.0.2.7 = 4711", &fields), 12);
    assert_int_equal(fields.redirects.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy),          cmocka_unit_test(test_longest_path),
        cmocka_unit_test(test_nat64),           cmocka_unit_test(test_nat64_faults),
        cmocka_unit_test(test_redirects),       cmocka_unit_test(test_longest_redirect),
        cmocka_unit_test(test_redirect_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
