/* command/doctor/firewall*: rules as nft and iptables-save print them, and what is found of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/doctor/firewall.h"

#define TEXT_SIZE 8192

static const char in_remedy[] =
    "write the rules for IPv6, too (table inet, ip6tables), or set listen inet for servers";

/* What is found, a line each. */
static const char *found_in(struct firewall *firewall)
{
    static const char signs[] = {'+', '.', '!'};
    static char text[TEXT_SIZE];
    struct findings findings = {0};
    size_t length = 0;
    firewall_judge_rules(&findings, firewall);
    text[0] = '\0';
    for (size_t index = 0; index < findings.count; index++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%c %s\n",
                                   signs[findings.list[index].severity], findings.list[index].text);
    findings_free(&findings);
    firewall_free(firewall);
    return text;
}

/* --- nft --- */

#define CHAIN(family, name, hook, policy)                                                                       \
    "{\"chain\": {\"family\": \"" family "\", \"table\": \"t\", \"name\": \"" name "\", \"type\": \"filter\", " \
    "\"hook\": \"" hook "\", \"prio\": 0, \"policy\": \"" policy "\"}}"
#define PLAIN(family, name) "{\"chain\": {\"family\": \"" family "\", \"table\": \"t\", \"name\": \"" name "\"}}"
#define RULE(family, chain, statements)                                                                              \
    "{\"rule\": {\"family\": \"" family "\", \"table\": \"t\", \"chain\": \"" chain "\", \"expr\": [" statements "]" \
    "}"                                                                                                              \
    "}"
#define MATCH(relation, left, right) \
    "{\"match\": {\"op\": \"" relation "\", \"left\": {" left "}, \"right\": " right "}}"
#define PORT(protocol, right) \
    MATCH("==", "\"payload\": {\"protocol\": \"" protocol "\", \"field\": \"dport\"}", right)
#define HOST(family, field, right) \
    MATCH("==", "\"payload\": {\"protocol\": \"" family "\", \"field\": \"" field "\"}", right)
#define STATE(right) MATCH("in", "\"ct\": {\"key\": \"state\"}", right)
#define DROP         "{\"drop\": null}"
#define ACCEPT       "{\"accept\": null}"
#define JUMP(target) "{\"jump\": {\"target\": \"" target "\"}}"

static const char *of_nft(const char *list)
{
    char text[TEXT_SIZE];
    struct firewall firewall = {0};
    snprintf(text, sizeof text, "{\"nftables\": [{\"metainfo\": {\"version\": \"1.0.6\"}}%s%s]}",
             list[0] != '\0' ? ", " : "", list);
    if (!firewall_read_nft(&firewall, text))
        fail_msg("not read: %s", text);
    return found_in(&firewall);
}

#define CLOSED \
    "! the firewall lets in over IPv4 what its rules name alone, and over IPv6 whatever they don't forbid\n"
#define OPEN(port) "! the firewall filters " port " over IPv4, and leaves it open over IPv6\n"
#define NOTHING    "+ no rule of the firewall is known to be for IPv4 alone\n"
#define V4         CHAIN("ip", "input", "input", "accept")
#define V6         CHAIN("ip6", "input", "input", "accept")
#define INET       CHAIN("inet", "input", "input", "accept")
#define WEB        RULE("ip", "input", PORT("tcp", "80") ", " DROP)

static void nft_ports(void **state)
{
    (void)state;
    assert_string_equal(of_nft(""), "+ the firewall has no rules\n");
    assert_string_equal(of_nft(V4 ", " WEB), OPEN("TCP port 80"));
    assert_string_equal(of_nft(V4 ", " WEB ", " WEB), OPEN("TCP port 80"));
    assert_string_equal(of_nft(V4 ", " V6 ", " WEB ", " RULE("ip6", "input", PORT("tcp", "80") ", " DROP)), NOTHING);
    assert_string_equal(of_nft(V4 ", " V6 ", " WEB ", " RULE("ip6", "input", PORT("tcp", "81") ", " DROP)),
                        OPEN("TCP port 80"));
    assert_string_equal(of_nft(V4 ", " V6 ", " WEB ", " RULE("ip6", "input", PORT("udp", "80") ", " DROP)),
                        OPEN("TCP port 80"));
    assert_string_equal(of_nft(V4 ", " V6 ", " WEB ", " RULE("ip6", "input", PORT("tcp", "80") ", " ACCEPT)),
                        OPEN("TCP port 80"));
    assert_string_equal(
        of_nft(V4 ", " V6 ", " WEB ", " RULE("ip6", "input", PORT("th", "{\"range\": [1, 1023]}") ", " DROP)),
        NOTHING);
    assert_string_equal(
        of_nft(V4 ", " RULE("ip", "input", PORT("udp", "{\"set\": [53, {\"range\": [6000, 6010]}]}") ", " DROP)),
        OPEN("UDP port 53") "! the firewall filters UDP ports 6000 to 6010 over IPv4, and leaves them open over "
                            "IPv6\n");
    /* Both families, or one in a table for both. */
    assert_string_equal(of_nft(INET ", " RULE("inet", "input", PORT("tcp", "80") ", " DROP)), NOTHING);
    assert_string_equal(of_nft(INET ", " RULE("inet", "input",
                                              MATCH("==", "\"meta\": {\"key\": \"nfproto\"}",
                                                    "\"ipv4\"") ", " PORT("tcp", "80") ", " DROP)),
                        OPEN("TCP port 80"));
    /* What only comes from some hosts, or belongs to no new connection, is not the port. */
    assert_string_equal(
        of_nft(V4 ", " RULE("ip", "input", HOST("ip", "saddr", "\"192.0.2.1\"") ", " PORT("tcp", "80") ", " DROP)),
        NOTHING);
    assert_string_equal(of_nft(V4 ", " RULE("ip", "input", STATE("\"invalid\"") ", " PORT("tcp", "80") ", " DROP)),
                        NOTHING);
    assert_string_equal(
        of_nft(V4 ", " RULE("ip", "input", STATE("[\"new\", \"invalid\"]") ", " PORT("tcp", "80") ", " DROP)),
        OPEN("TCP port 80"));
    /* Nobody knows what is in there. */
    assert_string_equal(of_nft(V4 ", " RULE("ip", "input", PORT("tcp", "\"@ports\"") ", " DROP)), NOTHING);
    assert_string_equal(of_nft(V4 ", " V6 ", " WEB ", " RULE("ip6", "input", PORT("tcp", "\"@ports\"") ", " DROP)),
                        NOTHING);
    assert_string_equal(of_nft(V4 ", " V6 ", " WEB ", " RULE("ip6", "input", "{\"xt\": null}, " DROP)), NOTHING);
    assert_string_equal(of_nft(V4 ", " V6 ", " WEB ", " RULE("ip6", "input", "{\"vmap\": {}}")), NOTHING);
}

static void nft_closed(void **state)
{
    (void)state;
    const char drop4[] = CHAIN("ip", "input", "input", "drop"), drop6[] = CHAIN("ip6", "input", "input", "drop");
    char both[TEXT_SIZE];
    assert_string_equal(of_nft(drop4), CLOSED);
    snprintf(both, sizeof both, "%s, %s", drop4, drop6);
    assert_string_equal(of_nft(both), "+ the firewall has no rules\n");
    assert_string_equal(
        of_nft(V4 ", " RULE("ip", "input", PORT("tcp", "22") ", " ACCEPT) ", " RULE("ip", "input", DROP)), CLOSED);
    assert_string_equal(of_nft(V4 ", " RULE("ip", "input", ACCEPT) ", " RULE("ip", "input", DROP)), NOTHING);
    assert_string_equal(of_nft(V4 ", " RULE("ip", "input", STATE("\"invalid\"") ", " DROP)), NOTHING);
    snprintf(both, sizeof both, "%s, %s", drop4, V6 ", " RULE("ip6", "input", STATE("\"invalid\"") ", " DROP));
    assert_string_equal(of_nft(both), CLOSED);
    snprintf(both, sizeof both, "%s, %s", drop4,
             V6 ", " RULE("ip6", "input", HOST("ip6", "saddr", "\"2001:db8::1\"") ", " DROP));
    assert_string_equal(of_nft(both), CLOSED);
    snprintf(both, sizeof both, "%s, %s", drop4,
             V6
             ", " RULE("ip6", "input", MATCH("==", "\"meta\": {\"key\": \"l4proto\"}", "\"ipv6-icmp\"") ", " DROP));
    assert_string_equal(of_nft(both), CLOSED);
    /* In a chain that is jumped to, and before the one for input. */
    snprintf(both, sizeof both, "%s, %s", drop4,
             V6 ", " PLAIN("ip6", "rest") ", " RULE("ip6", "input", JUMP("rest")) ", " RULE("ip6", "rest", DROP));
    assert_string_equal(of_nft(both), NOTHING);
    snprintf(both, sizeof both, "%s, %s", drop4, V6 ", " PLAIN("ip6", "rest") ", " RULE("ip6", "rest", DROP));
    assert_string_equal(of_nft(both), CLOSED);
    snprintf(both, sizeof both, "%s, %s", drop4, CHAIN("inet", "early", "prerouting", "drop"));
    assert_string_equal(of_nft(both), "+ the firewall has no rules\n");
    /* Routers, and what is sent. */
    assert_string_equal(of_nft(CHAIN("ip", "forward", "forward", "drop")), "+ the firewall has no rules\n");
    assert_string_equal(
        of_nft(CHAIN("ip", "output", "output", "drop")),
        "! the firewall lets out over IPv4 what its rules name alone, and over IPv6 whatever they don't forbid\n");
}

#define OUT4        CHAIN("ip", "output", "output", "accept")
#define FORBIDS(to) ". the firewall forbids connections to " to ": they may go to the IPv6 addresses of its host\n"

static void nft_destinations(void **state)
{
    (void)state;
    assert_string_equal(
        of_nft(OUT4 ", " RULE("ip", "output", HOST("ip", "daddr", "\"192.0.2.1\"") ", {\"reject\": null}")),
        FORBIDS("192.0.2.1"));
    assert_string_equal(
        of_nft(OUT4 ", " RULE("ip", "output",
                              HOST("ip", "daddr", "{\"prefix\": {\"addr\": \"192.0.2.0\", \"len\": 24}}") ", " DROP)),
        FORBIDS("192.0.2.0/24"));
    assert_string_equal(of_nft(OUT4 ", " CHAIN("inet", "o", "output", "drop") ", " RULE(
                            "ip", "output", HOST("ip", "daddr", "\"192.0.2.1\"") ", " DROP)),
                        NOTHING);
    char many[TEXT_SIZE] = OUT4;
    for (int i = 1; i < 11; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many),
                 ", " RULE("ip", "output", HOST("ip", "daddr", "\"192.0.2.%d\"") ", " DROP), i);
    assert_non_null(strstr(of_nft(many),
                           "192.0.2.8: they may go to the IPv6 addresses of its host\n. and 2 more destinations\n"));
}

/* What nft doesn't print, or not yet: nothing is found, and nothing is read that isn't there. */
static void nft_strange(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "null", "[]", "{\"nftables\": 7}", "{\"nftables\": {}}", "{"};
    static const char *const lists[] = {
        "7",
        "{\"chain\": 7}",
        "{\"rule\": []}",
        "{\"rule\": {\"expr\": 7}}",
        V4 ", " RULE("ip", "input", "7, [], {\"match\": 7}, " DROP),
        V4 ", " RULE("ip", "input", PORT("tcp", "-1") ", " DROP),
        V4 ", " RULE("ip", "input", PORT("tcp", "65536") ", " DROP),
        V4 ", " RULE("ip", "input", PORT("tcp", "{\"range\": [9]}") ", " DROP),
        V4 ", " RULE("ip", "input", PORT("tcp", "{\"range\": [9, 8]}") ", " DROP),
        V4 ", " RULE("ip", "input", PORT("tcp", "{\"set\": [{\"set\": [{\"set\": []}]}]}") ", " DROP),
        V4 ", " RULE("ip", "input", JUMP("nowhere")),
        PLAIN("ip", "a") ", " RULE("ip", "a", JUMP("a"))};
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        struct firewall firewall = {0};
        assert_false(firewall_read_nft(&firewall, texts[index]));
        firewall_free(&firewall);
    }
    for (size_t index = 0; index < sizeof lists / sizeof lists[0]; index++)
        assert_int_equal(of_nft(lists[index])[0], '+');
}

/* --- iptables-save --- */

static const char *of_tables(const char *ipv4, const char *ipv6)
{
    struct firewall firewall = {0};
    char *first = strdup(ipv4), *second = strdup(ipv6);
    firewall_read_tables(&firewall, first, FIREWALL_IPV4);
    firewall_read_tables(&firewall, second, FIREWALL_IPV6);
    free(first);
    free(second);
    return found_in(&firewall);
}

#define FILTER(policy, rules)                                                                    \
    "# Generated\n*filter\n:INPUT " policy " [0:0]\n:OUTPUT ACCEPT [0:0]\n:rest - [0:0]\n" rules \
    "COMMIT\n# Completed\n"
#define NO_RULES FILTER("ACCEPT", "")

static void tables(void **state)
{
    (void)state;
    const char *web = FILTER("ACCEPT", "-A INPUT -p tcp -m tcp --dport 80 -j DROP\n");
    assert_string_equal(of_tables(web, NO_RULES), OPEN("TCP port 80"));
    assert_string_equal(of_tables(web, web), NOTHING);
    assert_string_equal(of_tables(NO_RULES, NO_RULES), "+ the firewall has no rules\n");
    assert_string_equal(of_tables(FILTER("DROP", "-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\n"), NO_RULES), CLOSED);
    assert_string_equal(of_tables(FILTER("DROP", ""), FILTER("DROP", "")), "+ the firewall has no rules\n");
    assert_string_equal(of_tables(web, FILTER("ACCEPT", "-A INPUT -m comment --comment \"all -j ACCEPT\" -j rest\n"
                                                        "-A rest -j REJECT --reject-with icmp6-port-unreachable\n")),
                        NOTHING);
    assert_string_equal(
        of_tables(
            FILTER(
                "ACCEPT",
                "-A INPUT -p udp -m multiport --dports 53,6000:6010 -j REJECT --reject-with icmp-port-unreachable\n"),
            NO_RULES),
        OPEN("UDP port 53") "! the firewall filters UDP ports 6000 to 6010 over IPv4, and leaves them open over "
                            "IPv6\n");
    assert_string_equal(of_tables(FILTER("ACCEPT", "-A INPUT -p tcp -m tcp ! --dport 80 -j DROP\n"), NO_RULES),
                        NOTHING);
    assert_string_equal(
        of_tables(FILTER("ACCEPT", "-A INPUT -s 192.0.2.1/32 -p tcp -m tcp --dport 80 -j DROP\n"), NO_RULES),
        NOTHING);
    assert_string_equal(of_tables(web, FILTER("ACCEPT", "-A INPUT -m conntrack --ctstate INVALID -j DROP\n")),
                        OPEN("TCP port 80"));
    assert_string_equal(of_tables(web, FILTER("ACCEPT", "-A INPUT -m conntrack ! --ctstate ESTABLISHED -j DROP\n")),
                        NOTHING);
    assert_string_equal(of_tables(web, FILTER("ACCEPT", "-A INPUT -p ipv6-icmp -j DROP\n")), OPEN("TCP port 80"));
    assert_string_equal(of_tables(FILTER("ACCEPT", "-A INPUT -p tcp -j LOG --log-prefix \"in: \"\n"), NO_RULES),
                        NOTHING);
    assert_string_equal(of_tables(FILTER("ACCEPT", "-A OUTPUT -d 192.0.2.0/24 -j DROP\n"), NO_RULES),
                        FORBIDS("192.0.2.0/24"));
    assert_string_equal(of_tables("*nat\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 80 -j DROP\nCOMMIT\n", NO_RULES),
                        "+ the firewall has no rules\n");
    static const char *const strange[] = {
        "",
        "*",
        ":",
        "-A ",
        "*filter\n:INPUT\n-A INPUT\n",
        "*filter\n:INPUT ACCEPT\n-A INPUT --dport\n-A INPUT -p\n-A\n-A none -j DROP\n",
        "*filter\n:INPUT ACCEPT\n-A INPUT --comment \"open\n-A INPUT -p tcp --dport 1,, -j DROP\n",
        "*filter\n:INPUT ACCEPT\n-A INPUT -p tcp --dport 70000 -j DROP\n"};
    for (size_t index = 0; index < sizeof strange / sizeof strange[0]; index++)
        assert_int_equal(of_tables(strange[index], NO_RULES)[0], '+');
}

static void remedies(void **state)
{
    (void)state;
    struct firewall firewall = {0};
    struct findings findings = {0};
    char text[] = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n";
    firewall_read_tables(&firewall, text, FIREWALL_IPV4);
    firewall_judge_rules(&findings, &firewall);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].remedy, in_remedy);
    assert_true(findings_have_wrong(&findings));
    findings_free(&findings);
    firewall_free(&firewall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nft_ports),   cmocka_unit_test(nft_closed), cmocka_unit_test(nft_destinations),
        cmocka_unit_test(nft_strange), cmocka_unit_test(tables),     cmocka_unit_test(remedies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
