/* command/doctor/relayed_rows: which lines of /proc/net/unix are ends of a relay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "command/doctor/relayed_rows.h"

#define OWN                                                                           \
    "0000000085a33a03: 00000003 00000000 00000000 0001 03 4933911 @v6shim-relay own " \
    "20010db8000000000000000000000001 00000000 d1ec 007c62b874139f72\n"
#define PEER                                                                           \
    "0000000045db7af0: 00000003 00000000 00000000 0001 03 4933912 @v6shim-relay peer " \
    "20010db8000000000000000000000007 00000000 0015 007c62b874139f72\n"

static void reads_both_ends(void **state)
{
    (void)state;
    struct relayed_end end;
    char text[INET6_ADDRSTRLEN];
    assert_true(relayed_end_parse(OWN, &end));
    assert_false(end.is_peer);
    assert_int_equal(end.inode, 4933911);
    assert_int_equal(end.unique, UINT64_C(0x007c62b874139f72));
    assert_int_equal(end.port, 0xd1ec);
    assert_string_equal(inet_ntop(AF_INET6, &end.address.ipv6, text, sizeof text), "2001:db8::1");
    assert_true(relayed_end_parse(PEER, &end));
    assert_true(end.is_peer);
    assert_int_equal(end.inode, 4933912);
    assert_int_equal(end.port, 21);
}

static void takes_no_other_line(void **state)
{
    (void)state;
    static const char *const others[] = {
        "Num       RefCount Protocol Flags    Type St Inode Path\n",
        "0000000085a33a03: 00000003 00000000 00000000 0001 03 4933911\n",
        "0000000085a33a03: 00000003 00000000 00000000 0001 03 4933911 /run/v6shim-relay own\n",
        "0000000085a33a03: 00000003 00000000 00000000 0001 03 4933911 @v6shim-relay own 2001\n",
        "0000000085a33a03: 00000003 00000000 00000000 0001 03 4933911 @\n",
        "",
        "\n",
    };
    struct relayed_end end;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(relayed_end_parse(others[i], &end));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_both_ends), cmocka_unit_test(takes_no_other_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
