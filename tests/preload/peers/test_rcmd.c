/* The rules of the r-commands, .rhosts and hosts.equiv, about peers that came over IPv6. */
#include "../support.h"

#include <sys/stat.h>

/* What the rules say of this peer: its alias, as ruserok() and iruserok() are asked, or its name. */
struct question {
    const char *rules, *remote_user;
    bool allowed;
};

/* two6.example has 2001:db8::1 and 2001:db8::2. */
static const struct question everywhere[] = {
    {"two6.example alice", "alice", true},  {"two6.example alice", "bob", false},
    {"two4.example alice", "alice", false}, {"2001:db8::1 alice", "alice", true},
    {"2001:db8::11 alice", "alice", false}, {"+ alice", "alice", true},
    {"-two6.example\n+ +", "alice", false}, {"two6.example -alice\n+ +", "alice", false},
    {"-two4.example\n+ +", "alice", true},
};

/* With alias-map 2001:db8::/112 = 10.6.0.0/16. */
static const struct question in_a_range[] = {
    {"10.6.0.1 alice", "alice", true},
    {"10.6.0.1 alice", "bob", false},
    {"10.6.0.3 alice", "alice", false},
    {"-10.6.0.1\n+ +", "alice", false},
};

static void write_rules(const char *path, const char *rules)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", rules);
    fclose(file);
    chmod(path, 0600);
}

/* For a user whose home is ours; the namespace's /etc is a copy. */
static void ask(const char *path, const struct question *questions, size_t count, bool superuser)
{
    struct in_addr peer = first_address("2001:db8::1");
    for (size_t i = 0; i < count; i++) {
        int expected = questions[i].allowed ? 0 : -1;
        const char *remote_user = questions[i].remote_user;
        write_rules(path, questions[i].rules);
        if (iruserok(peer.s_addr, superuser, remote_user, "tester") != expected ||
            ruserok(text_of(peer), superuser, remote_user, "tester") != expected ||
            ruserok("one6.example", superuser, remote_user, "tester") != expected)
            printf("%s by '%s'\n", remote_user, questions[i].rules);
    }
    unlink(path);
}

#define ASK(path, questions, superuser) ask(path, questions, sizeof(questions) / sizeof((questions)[0]), superuser)

static void part_rules(void)
{
    char home[256], line[600], path[300];
    snprintf(home, sizeof home, "%s/home", getenv("TEST_DIR"));
    snprintf(line, sizeof line, "echo 'tester:x:%d:0::%s:/bin/sh' >>/etc/passwd", (int)getuid(), home);
    mkdir(home, 0700);
    assert_int_equal(system(line), 0);
    snprintf(path, sizeof path, "%s/.rhosts", home);
    ASK(path, everywhere, true);
    ASK(path, everywhere, false);
    ASK("/etc/hosts.equiv", everywhere, false);
    if (getenv("V6SHIM_ALIAS_MAP") != NULL) {
        ASK(path, in_a_range, true);
        ASK("/etc/hosts.equiv", in_a_range, false);
    }
}

static void test_rules_did_not_know_ipv6_peers(void **state)
{
    (void)state;
    assert_string_equal(part_output("rules", NULL), "");
}

static void test_rules_of_mapped_networks_lost_names_or_denials(void **state)
{
    (void)state;
    const char *const mapped[] = {"V6SHIM_ALIAS_MAP=2001:db8::/112 = 10.6.0.0/16", NULL};
    assert_string_equal(part_output("rules", mapped), "");
}

static void part_ranges_by_name(void)
{
    char home[256], path[300];
    snprintf(home, sizeof home, "%s/home", getenv("TEST_DIR"));
    snprintf(path, sizeof path, "%s/.rhosts", home);
    write_rules(path, "10.6.0.1 alice");
    printf("%d %d ", ruserok("one6.example", 1, "alice", "tester"), ruserok("ula.example", 1, "alice", "tester"));
    write_rules(path, "-10.6.0.1\n+ +");
    printf("%d %d\n", ruserok("one6.example", 1, "alice", "tester"), ruserok("ula.example", 1, "alice", "tester"));
}

static void test_name_in_a_range_was_not_known(void **state)
{
    (void)state;
    const char *const mapped[] = {"V6SHIM_ALIAS_MAP=2001:db8::/112 = 10.6.0.0/16", NULL};
    assert_string_equal(part_output("ranges_by_name", mapped), "0 -1 -1 0\n");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"rules", part_rules}, {"ranges_by_name", part_ranges_by_name}, {NULL, NULL}};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_did_not_know_ipv6_peers),
        cmocka_unit_test(test_rules_of_mapped_networks_lost_names_or_denials),
        cmocka_unit_test(test_name_in_a_range_was_not_known),
    };
    return SUPPORT_MAIN(parts, tests);
}
