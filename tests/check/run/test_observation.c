/* core/events/observation and check/run/run_line: what the observer writes is what the command reads, whatever bytes
 * are in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/run/line.h"

static struct run_line *there_and_back(const struct observation *observation)
{
    char data[OBSERVATION_LINE_SIZE];
    struct text text = text_on(data, sizeof data);
    observation_to_json(observation, &text);
    assert_true(text.length < sizeof data - 1); /* not cut */
    assert_int_equal(data[text.length - 1], '\n');
    assert_ptr_equal(memchr(data, '\n', text.length - 1), NULL);
    json_tokener *tokener = json_tokener_new();
    struct run_line *line = run_line_read(tokener, data, text.length - 1);
    json_tokener_free(tokener);
    assert_non_null(line);
    return line;
}

static void test_nothing(void **state)
{
    (void)state;
    struct observation plain = observation_of("listen");
    struct run_line *line = there_and_back(&plain);
    assert_string_equal(line->observation.call, "listen");
    assert_int_equal(line->observation.fd, OBSERVATION_NONE);
    assert_int_equal(line->observation.family, OBSERVATION_NONE);
    assert_int_equal(line->observation.port, OBSERVATION_NONE);
    assert_int_equal(line->observation.room, OBSERVATION_NONE);
    assert_int_equal(line->observation.address.family, AF_UNSPEC);
    assert_null(line->observation.origin);
    assert_null(line->observation.name);
    assert_null(line->observation.object);
    run_line_free(line);
}

static void test_everything(void **state)
{
    (void)state;
    struct origin origin = {.kind = ORIGIN_RESOLVER,
                            .either_family = true,
                            .literal = true,
                            .index = 3,
                            .count = 7,
                            .call = "getaddrinfo",
                            .name = "www.example.com"};
    struct observation full = {
        .call = "connect",
        .object = "",
        .offset = UINT64_C(0x123456789abc),
        .pid = 4194303,
        .parent = 1,
        .fd = 0,
        .family = AF_INET6,
        .type = SOCK_STREAM,
        .address = address_ipv6(&in6addr_loopback, 0),
        .port = 65535,
        .room = 16,
        .level = 0,
        .option = 0,
        .error = ECONNREFUSED,
        .name = "\"\\\n\t\x01\x7f%s",
        .literal = true,
        .origin = &origin,
        .lost = 12,
    };
    struct run_line *line = there_and_back(&full);
    const struct observation *read = &line->observation;
    assert_string_equal(read->object, "");
    assert_true(read->offset == full.offset && read->pid == full.pid && read->parent == 1);
    assert_true(read->fd == 0 && read->family == AF_INET6 && read->type == SOCK_STREAM && read->port == 65535);
    assert_true(address_equal(&read->address, &full.address));
    assert_true(read->room == 16 && read->level == 0 && read->option == 0 && read->error == ECONNREFUSED);
    assert_string_equal(read->name, full.name);
    assert_true(read->literal && read->lost == 12);
    assert_int_equal(read->origin->kind, ORIGIN_RESOLVER);
    assert_true(read->origin->either_family && read->origin->literal);
    assert_true(read->origin->index == 3 && read->origin->count == 7);
    assert_string_equal(read->origin->call, "getaddrinfo");
    assert_string_equal(read->origin->name, "www.example.com");
    run_line_free(line);
}

static void test_every_origin(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < ORIGIN_KIND_COUNT; kind++) {
        bool by_a_call = kind != ORIGIN_NONE && kind != ORIGIN_UNKNOWN;
        struct origin origin = {.kind = (enum origin_kind)kind, .call = by_a_call ? "accept" : NULL};
        struct observation observation = observation_of("bind");
        observation.origin = &origin;
        struct run_line *line = there_and_back(&observation);
        assert_int_equal(line->origin.kind, kind);
        run_line_free(line);
    }
}

/* The longest of all that may be long, every byte escaped: still one whole line. */
static void test_long(void **state)
{
    (void)state;
    static char name[5000], path[5000];
    memset(name, '\x02', sizeof name - 1);
    memset(path, '"', sizeof path - 1);
    struct origin origin = {.kind = ORIGIN_TEXT, .call = "inet_addr"};
    memset(origin.name, '\\', sizeof origin.name - 1);
    struct observation observation = observation_of("inet_addr");
    observation.name = name;
    observation.object = path;
    observation.origin = &origin;
    struct run_line *line = there_and_back(&observation);
    assert_int_equal(line->observation.name[0], 2);
    assert_string_equal(line->origin.name, origin.name);
    run_line_free(line);
    observation.parent = 1; /* a process: its name is a path */
    run_line_free(there_and_back(&observation));
}

static void test_not_ours(void **state)
{
    (void)state;
    static const char *const lines[] = {"",        "{", "[]", "1", "null", "{}", "{\"call\": 1}", "{\"call\": null}",
                                        "\"call\""};
    json_tokener *tokener = json_tokener_new();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_null(run_line_read(tokener, lines[i], strlen(lines[i])));
    /* Good, but for one field that is not of its type or not in its range. */
    static const char *const fields[] = {
        "\"address\": \"nonsense\"",
        "\"address\": 7",
        "\"fd\": \"3\"",
        "\"fd\": 2147483648",
        "\"fd\": 1.5",
        "\"pid\": 0",
        "\"pid\": -7",
        "\"pid\": 4294967297",
        "\"pid\": 99999999999999999999",
        "\"parent\": -1",
        "\"port\": 65536",
        "\"port\": -2",
        "\"offset\": -1",
        "\"error\": -5",
        "\"lost\": 99999999999",
        "\"literal\": 1",
        "\"name\": [\"a\"]",
        "\"name\": \"a\\u0000b\"",
        "\"object\": {}",
        "\"origin\": {\"kind\": \"?\"}",
        "\"origin\": {\"kind\": \"text\"}",
        "\"origin\": {\"kind\": \"none\", \"count\": 65536}",
        "\"origin\": \"none\"",
        "\"origin\": {}",
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char odd[200];
        snprintf(odd, sizeof odd, "{\"call\": \"x\", \"family\": 2, %s}", fields[i]);
        assert_null(run_line_read(tokener, odd, strlen(odd)));
    }
    json_tokener_free(tokener);
}

static void test_equal(void **state)
{
    (void)state;
    struct observation one = observation_of("inet_addr"), other = one;
    one.name = "192.0.2.1";
    one.pid = 1;
    other.name = "192.0.2.1";
    other.pid = 2; /* another process of the same program */
    struct run_line *first = there_and_back(&one), *second = there_and_back(&other);
    other.name = "192.0.2.2";
    struct run_line *third = there_and_back(&other);
    assert_true(run_line_equal(first, second));
    assert_true(run_line_hash(first) == run_line_hash(second));
    assert_false(run_line_equal(first, third));
    run_line_free(first);
    run_line_free(second);
    run_line_free(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_everything), cmocka_unit_test(test_every_origin),
        cmocka_unit_test(test_long),    cmocka_unit_test(test_not_ours),   cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
