#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../parsed.h"

#include <arpa/inet.h>

#include "core/address/reach.h"

struct expected {
    enum reach reach;
    const char *address;
};

static void each_reaches(const struct expected *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ip_address address = parsed(table[i].address);
        if (reach_of(&address) != table[i].reach)
            fail_msg("%s: %d", table[i].address, reach_of(&address));
    }
}

/* The first and the last address of each block, and their neighbours. */
static void test_ipv4(void **state)
{
    (void)state;
    static const struct expected table[] = {
        {REACH_HOST, "0.0.0.0"},         {REACH_HOST, "0.255.255.255"},     {REACH_GLOBAL, "1.0.0.0"},
        {REACH_GLOBAL, "126.255.255.1"}, {REACH_HOST, "127.0.0.0"},         {REACH_HOST, "127.255.255.255"},
        {REACH_GLOBAL, "128.0.0.0"},     {REACH_GLOBAL, "169.253.255.255"}, {REACH_LINK, "169.254.0.0"},
        {REACH_LINK, "169.254.169.254"}, {REACH_LINK, "169.254.255.255"},   {REACH_GLOBAL, "169.255.0.0"},
        {REACH_GLOBAL, "9.255.255.255"}, {REACH_SITE, "10.0.0.0"},          {REACH_SITE, "10.255.255.255"},
        {REACH_GLOBAL, "11.0.0.0"},      {REACH_GLOBAL, "172.15.255.255"},  {REACH_SITE, "172.16.0.0"},
        {REACH_SITE, "172.31.255.255"},  {REACH_GLOBAL, "172.32.0.0"},      {REACH_GLOBAL, "192.167.255.255"},
        {REACH_SITE, "192.168.0.0"},     {REACH_SITE, "192.168.255.255"},   {REACH_GLOBAL, "192.169.0.0"},
        {REACH_GLOBAL, "100.63.255.1"},  {REACH_SITE, "100.64.0.0"},        {REACH_SITE, "100.127.255.255"},
        {REACH_GLOBAL, "100.128.0.0"},   {REACH_SITE, "192.0.0.170"},       {REACH_GLOBAL, "192.0.1.0"},
        {REACH_GLOBAL, "192.0.2.1"},     {REACH_GLOBAL, "198.17.255.255"},  {REACH_SITE, "198.18.0.0"},
        {REACH_SITE, "198.19.255.255"},  {REACH_GLOBAL, "198.20.0.0"},      {REACH_GLOBAL, "223.255.255.255"},
        {REACH_LINK, "224.0.0.1"},       {REACH_LINK, "239.255.255.255"},   {REACH_SITE, "240.0.0.1"},
        {REACH_SITE, "255.255.255.254"}, {REACH_LINK, "255.255.255.255"},   {REACH_GLOBAL, "203.0.113.7"},
    };
    each_reaches(table, sizeof table / sizeof table[0]);
}

static void test_ipv6(void **state)
{
    (void)state;
    static const struct expected table[] = {
        {REACH_HOST, "::"},
        {REACH_HOST, "::1"},
        {REACH_HOST, "::192.0.2.1"},
        {REACH_LINK, "fe80::1"},
        {REACH_LINK, "febf:ffff::1"},
        {REACH_SITE, "fec0::1"},
        {REACH_SITE, "feff::1"},
        {REACH_GLOBAL, "fe7f::1"},
        {REACH_LINK, "ff02::1"},
        {REACH_LINK, "ff0e::1"},
        {REACH_SITE, "fc00::1"},
        {REACH_SITE, "fdff:ffff::1"},
        {REACH_GLOBAL, "fbff::1"},
        {REACH_GLOBAL, "fe00::1"},
        {REACH_SITE, "100::1"},
        {REACH_GLOBAL, "100:0:0:1::1"},
        {REACH_SITE, "5f00::1"},
        {REACH_GLOBAL, "2001:db8::1"},
        {REACH_GLOBAL, "2000::1"},
        {REACH_GLOBAL, "3fff:ffff::1"},
        {REACH_SITE, "fd00:ec2::254"},
    };
    each_reaches(table, sizeof table / sizeof table[0]);
}

static void test_ipv4_inside_ipv6(void **state)
{
    (void)state;
    static const struct expected table[] = {
        {REACH_HOST, "::ffff:127.0.0.1"},
        {REACH_GLOBAL, "::ffff:192.0.2.1"},
        {REACH_SITE, "::ffff:0:10.0.0.1"}, /* IPv4-translated */
        {REACH_SITE, "64:ff9b::10.0.0.1"},
        {REACH_LINK, "64:ff9b::169.254.169.254"},
        {REACH_HOST, "64:ff9b::127.0.0.1"},
        {REACH_GLOBAL, "64:ff9b::192.0.2.33"},
        {REACH_SITE, "64:ff9b:1::192.0.2.33"}, /* RFC 8215 */
        {REACH_SITE, "64:ff9b:1:ffff:ffff::1"},
        {REACH_GLOBAL, "64:ff9b:2::1"},
        {REACH_SITE, "2002:a00:1::1"}, /* 6to4 of 10.0.0.1 */
        {REACH_HOST, "2002:7f00:1::1"},
        {REACH_SITE, "2002:c0a8:101::1"},
        {REACH_GLOBAL, "2002:c000:204::1"},
        {REACH_GLOBAL, "2001:0:4136:e378:8000:63bf:3fff:fdd2"}, /* the example of RFC 4380: 192.0.2.45 */
        {REACH_SITE, "2001:0:4136:e378:8000:63bf:f5ff:fffe"},   /* of 10.0.0.1 */
        {REACH_HOST, "2001:0:4136:e378:8000:63bf:80ff:fffe"},   /* of 127.0.0.1 */
        {REACH_SITE, "2001:0:a00:1:8000:63bf:3fff:fdd2"},       /* the server is 10.0.0.1 */
    };
    each_reaches(table, sizeof table / sizeof table[0]);
}

static void test_what_leads_where(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *candidate;
        bool may;
    } table[] = {
        {"192.0.2.1", "2001:db8::1", true},
        {"192.0.2.1", "198.51.100.1", true},
        {"192.0.2.1", "::1", false},
        {"192.0.2.1", "fe80::1", false},
        {"192.0.2.1", "fd00::1", false},
        {"192.0.2.1", "fec0::1", false},
        {"192.0.2.1", "64:ff9b::a00:1", false},
        {"192.0.2.1", "64:ff9b::c000:201", true},
        {"192.0.2.1", "2002:a00:1::1", false},
        {"192.0.2.1", "10.0.0.1", false},
        {"192.0.2.1", "127.0.0.1", false},
        {"10.0.0.1", "fd00::1", true},
        {"10.0.0.1", "2001:db8::1", true},
        {"10.0.0.1", "192.0.2.1", true},
        {"10.0.0.1", "fe80::1", false},
        {"10.0.0.1", "::1", false},
        {"10.0.0.1", "169.254.169.254", false},
        {"169.254.0.1", "fe80::1", true},
        {"169.254.0.1", "2001:db8::1", true},
        {"169.254.0.1", "127.0.0.1", false},
        {"127.0.0.1", "::1", true},
        {"127.0.0.1", "127.0.0.2", true},
        {"127.0.1.1", "2001:db8::1", false},
        {"127.0.0.1", "192.0.2.1", false},
        {"2001:db8::1", "10.0.0.1", false},
        {"2001:db8::1", "192.0.2.1", true},
        {"fd00::1", "10.0.0.1", true},
        {"::1", "127.0.0.1", true},
        {"2001:db8::1", "64:ff9b:1::1:1", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct ip_address asked = parsed(table[i].asked), candidate = parsed(table[i].candidate);
        if (reach_may_lead(&asked, &candidate) != table[i].may)
            fail_msg("%s to %s", table[i].asked, table[i].candidate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_ipv4_inside_ipv6),
        cmocka_unit_test(test_what_leads_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
