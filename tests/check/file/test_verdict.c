/* check/file/check_verdict: which way sets of facts point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/file/verdict.h"

#define BIT(name) FACT_BIT(FACT_##name)

static const struct {
    const char *what;
    facts_t facts;
    enum stance stance;
} cases[] = {
    {"nothing", 0, STANCE_NONE},
    {"an old client", BIT(NAME_OLD) | BIT(SOCKET_INET) | BIT(CONNECT), STANCE_IPV4},
    {"a new client", BIT(NAME_NEW) | BIT(SOCKET_ANY) | BIT(CONNECT), STANCE_DUAL},
    {"a new client that still prints with inet_ntoa", BIT(NAME_NEW) | BIT(SOCKET_ANY) | BIT(CONNECT) | BIT(PRINT_OLD),
     STANCE_DUAL},
    {"getaddrinfo, but only for IPv4", BIT(NAME_INET) | BIT(SOCKET_ANY) | BIT(CONNECT), STANCE_IPV4},
    {"new names, but IPv4 sockets", BIT(NAME_NEW) | BIT(SOCKET_INET) | BIT(CONNECT), STANCE_IPV4},
    {"any family, but old names", BIT(NAME_OLD) | BIT(SOCKET_ANY) | BIT(CONNECT) | BIT(REVERSE_NEW), STANCE_IPV4},
    {"two listeners", BIT(SOCKET_INET) | BIT(SOCKET_INET6) | BIT(BIND) | BIT(LISTEN), STANCE_DUAL},
    {"an old server", BIT(SOCKET_INET) | BIT(BIND) | BIT(LISTEN), STANCE_IPV4},
    {"a local socket only", BIT(SOCKET_LOCAL) | BIT(CONNECT), STANCE_NONE},
    {"an ioctl socket beside a local one", BIT(DATAGRAM_INET) | BIT(SOCKET_LOCAL) | BIT(CONNECT), STANCE_NONE},
    {"an ioctl socket", BIT(DATAGRAM_INET) | BIT(INTERFACE_INET), STANCE_NONE},
    {"old datagrams", BIT(DATAGRAM_INET) | BIT(DATAGRAM), STANCE_IPV4},
    {"an old inetd service", BIT(PEER) | BIT(PRINT_OLD), STANCE_IPV4},
    {"a new inetd service", BIT(PEER) | BIT(REVERSE_NEW), STANCE_DUAL},
    {"old ping", BIT(NAME_NEW) | BIT(RAW_INET) | BIT(DATAGRAM), STANCE_IPV4},
    {"new ping", BIT(NAME_NEW) | BIT(RAW_INET) | BIT(RAW_INET6) | BIT(DATAGRAM), STANCE_DUAL},
    {"rsh", BIT(REMOTE_COMMAND), STANCE_IPV4},
    {"an address calculator", BIT(TEXT_OLD) | BIT(PRINT_OLD), STANCE_NONE},
    {"a sniffer for IPv4", BIT(CAPTURE) | BIT(PRINT_OLD), STANCE_IPV4},
    {"a sniffer for both", BIT(CAPTURE) | BIT(PRESENT_INET) | BIT(PRESENT_INET6), STANCE_DUAL},
};

static void test_facts_point_the_right_way(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++)
        if (stance_of(cases[index].facts) != cases[index].stance)
            fail_msg("%s: stance %d", cases[index].what, stance_of(cases[index].facts));
}

static void test_packets_only(void **state)
{
    (void)state;
    assert_true(facts_are_packets_only(BIT(RAW_INET) | BIT(DATAGRAM)));
    assert_true(facts_are_packets_only(BIT(CAPTURE)));
    assert_false(facts_are_packets_only(BIT(RAW_INET) | BIT(SOCKET_INET) | BIT(CONNECT)));
    assert_false(facts_are_packets_only(BIT(SOCKET_INET) | BIT(CONNECT)));
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++)
        assert_int_equal(verdict_parse(verdict_name((enum verdict)verdict)), verdict);
    assert_int_equal(verdict_parse("maybe"), VERDICT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_point_the_right_way),
        cmocka_unit_test(test_packets_only),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
