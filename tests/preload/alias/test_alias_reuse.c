/* An alias that was given up goes to another host; what is stored of its old name must not go with it. */
#include "../support.h"

/* Of 16 aliases, 11 are in the table: the second host gets each of them by and by. */
static const char *const settings[] = {"V6SHIM_ALIAS_POOL=240.0.0.0/28", "V6SHIM_ALIAS_KEY=a key for tests", NULL};

static void part_look_up(void)
{
    const struct hostent *host = gethostbyname("two6.example");
    assert_non_null(host);
    for (char **at = host->h_addr_list; *at != NULL; at++) {
        struct in_addr alias;
        memcpy(&alias, *at, sizeof alias);
        printf("%s\n", text_of(alias));
    }
}

/* The port at which the old host listens, and nobody else. */
static void part_connect(void)
{
    struct sockaddr_in there = ipv4_at("0.0.0.0", (uint16_t)atoi(getenv("TEST_PORT")));
    for (int number = 1; number <= 11; number++) {
        char text[INET6_ADDRSTRLEN];
        snprintf(text, sizeof text, "2001:db8::%x", 0x1100 + number);
        there.sin_addr.s_addr = inet_addr(text);
        assert_int_not_equal(there.sin_addr.s_addr, INADDR_NONE);
    }
    for (int number = 1; number <= 11; number++) {
        there.sin_addr.s_addr = htonl(0xf0000000u + (unsigned)number);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int result = connect(fd, (struct sockaddr *)&there, sizeof there);
        printf("%d", result);
        close(fd);
    }
}

static void test_the_old_names_hosts_were_not_tried(void **state)
{
    (void)state;
    int listener = world_listen("2001:db8::2", 0);
    char port[32], table[128], command[256];
    snprintf(port, sizeof port, "TEST_PORT=%d", world_port(listener));
    snprintf(table, sizeof table, "%s/aliases", getenv("V6SHIM_STATE_DIR"));
    const char *const with_port[] = {settings[0], settings[1], port, NULL};
    assert_string_not_equal(part_output("look_up", settings), "");
    snprintf(command, sizeof command, "test -s %s/names", getenv("V6SHIM_STATE_DIR"));
    assert_int_equal(system(command), 0);
    assert_int_equal(unlink(table), 0);
    assert_string_equal(part_output("connect", with_port), "-1-1-1-1-1-1-1-1-1-1-1");
    world_close(listener);
}

static const struct part parts[] = {{"look_up", part_look_up}, {"connect", part_connect}, {NULL, NULL}};

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_old_names_hosts_were_not_tried)};
    return SUPPORT_MAIN(parts, tests);
}
