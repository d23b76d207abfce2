/* core/events/event: each type as JSON and as a log line, names that would break either, and that any event fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/events/event.h"

static struct ip_address addresses[EVENT_CANDIDATES_MAX + 4];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct in6_addr ipv6 = IN6ADDR_LOOPBACK_INIT;
        memset(&ipv6, 0xfe, sizeof ipv6);
        ipv6.s6_addr[15] = (uint8_t)i;
        addresses[i] = address_ipv6(&ipv6, 0);
    }
    addresses[0] = address_ipv4((struct in_addr){.s_addr = htonl(0xc0000201)});
    return 0;
}

static const char *json_of(const struct event *event)
{
    static char data[EVENT_LINE_SIZE];
    struct text text = text_on(data, sizeof data);
    event_to_json(event, &text);
    return data;
}

static const char *log_of(const struct event *event)
{
    static char data[EVENT_LINE_SIZE];
    struct text text = text_on(data, sizeof data);
    event_to_log(event, &text);
    return data;
}

static void attempts(void **state)
{
    (void)state;
    struct event event = {.type = EVENT_ATTEMPT,
                          .time_us = 1234567,
                          .pid = 42,
                          .fd = 3,
                          .candidates = addresses,
                          .candidate_count = 1,
                          .port = 80};
#define START                                                                                               \
    "{\"time_us\": 1234567, \"pid\": 42, \"event\": \"attempt\", \"fd\": 3, \"candidate\": \"192.0.2.1\", " \
    "\"port\": 80"
    assert_string_equal(json_of(&event), START ", \"result\": \"ok\"}\n");
    assert_string_equal(log_of(&event), "connect to 192.0.2.1 port 80: connected");
    event.result = -EINPROGRESS;
    assert_string_equal(json_of(&event), START ", \"result\": \"started\"}\n");
    assert_string_equal(log_of(&event), "connect to 192.0.2.1 port 80: started");
    event.result = -ECONNREFUSED;
    assert_string_equal(json_of(&event), START ", \"result\": \"failed\", \"error\": \"ECONNREFUSED\"}\n");
    assert_string_equal(log_of(&event), "connect to 192.0.2.1 port 80: Connection refused");
    event.result = -EVENT_UNKNOWN_ERROR;
    event.lost = 7;
    assert_string_equal(json_of(&event), START ", \"result\": \"failed\", \"lost\": 7}\n");
    assert_string_equal(log_of(&event), "connect to 192.0.2.1 port 80: failed");
#undef START
}

static void names(void **state)
{
    (void)state;
    struct event event = {.type = EVENT_ANSWER,
                          .pid = 1,
                          .name = "a\"b\\c\n\x1b[\xc3\xbc",
                          .fd = EVENT_NO_FD,
                          .candidates = addresses,
                          .candidate_count = 1};
    assert_string_equal(json_of(&event), "{\"time_us\": 0, \"pid\": 1, \"event\": \"answer\", \"name\": "
                                         "\"a\\u0022b\\u005cc\\u000a\\u001b[\\u00c3\\u00bc\", "
                                         "\"candidates\": [\"192.0.2.1\"]}\n");
    assert_string_equal(log_of(&event), "a\\x22b\\x5cc\\x0a\\x1b[\\xc3\\xbc has the addresses 192.0.2.1");
    event.type = EVENT_PROCESS;
    event.name = "nc";
    event.candidate_count = 0;
    assert_string_equal(json_of(&event),
                        "{\"time_us\": 0, \"pid\": 1, \"event\": \"process\", \"program\": \"nc\"}\n");
    assert_string_equal(log_of(&event), "");
}

static void servers(void **state)
{
    (void)state;
    struct ip_address any = address_ipv6(&in6addr_any, 0);
    struct event event = {.type = EVENT_LISTENING,
                          .pid = 1,
                          .fd = 3,
                          .candidates = &any,
                          .candidate_count = 1,
                          .port = 80,
                          .datagram = true,
                          .shown = &addresses[0]};
#define START(type) \
    "{\"time_us\": 0, \"pid\": 1, \"event\": \"" type "\", \"fd\": 3, \"candidate\": \"::\", \"port\": 80"
    assert_string_equal(json_of(&event), START("listening") ", \"protocol\": \"udp\", \"seen_as\": \"192.0.2.1\"}\n");
    event.type = EVENT_IPV4_ONLY;
    event.datagram = false;
    event.shown = NULL;
    event.reason = "no \"luck\"";
    assert_string_equal(json_of(&event),
                        START("ipv4-only") ", \"protocol\": \"tcp\", \"reason\": \"no \\u0022luck\\u0022\"}\n");
    event.type = EVENT_ACCEPTED;
    event.reason = NULL;
    event.shown = &addresses[0];
    assert_string_equal(json_of(&event), START("accepted") ", \"seen_as\": \"192.0.2.1\"}\n");
    event.type = EVENT_RECEIVED;
    assert_string_equal(json_of(&event), START("received") ", \"seen_as\": \"192.0.2.1\"}\n");
    assert_string_equal(log_of(&event), ""); /* server_log.c has lines of its own for these */
#undef START
}

static void history(void **state)
{
    (void)state;
    struct ip_address loopback = address_ipv6(&in6addr_loopback, 0);
    struct event event = {.type = EVENT_BEHIND,
                          .pid = 1,
                          .fd = EVENT_NO_FD,
                          .candidates = &loopback,
                          .candidate_count = 1,
                          .winner = &addresses[0],
                          .seconds = 599};
    assert_string_equal(json_of(&event),
                        "{\"time_us\": 0, \"pid\": 1, \"event\": \"behind\", \"candidate\": \"::1\", "
                        "\"winner\": \"192.0.2.1\", \"seconds\": 599}\n");
    assert_string_equal(log_of(&event),
                        "::1 is tried after the others for 599 s yet: it lost to 192.0.2.1 (v6shim history)");
}

/* Longer than any: it must still end as JSON does, in one piece that a pipe takes. */
static void everything_fits(void **state)
{
    (void)state;
    char name[2000];
    memset(name, '\x01', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        struct event event = {.type = (enum event_type)type,
                              .time_us = INT64_MIN,
                              .pid = INT64_MIN,
                              .name = type != EVENT_IPV4_ONLY ? name : NULL,
                              .reason = type == EVENT_IPV4_ONLY ? name : NULL,
                              .shown = &addresses[1],
                              .winner = &addresses[1],
                              .seconds = UINT32_MAX,
                              .fd = INT32_MIN,
                              .candidates = addresses + 1,
                              .candidate_count = EVENT_CANDIDATES_MAX + 3,
                              .port = 65535,
                              .result = -ENOTRECOVERABLE,
                              .lost = UINT32_MAX};
        const char *json = json_of(&event);
        assert_true(strlen(json) < EVENT_LINE_SIZE - 1);
        assert_string_equal(json + strlen(json) - 2, "}\n");
        assert_null(strpbrk(log_of(&event), "\n\x01"));
    }
}

static void types_have_names(void **state)
{
    (void)state;
    for (int type = 0; type < EVENT_TYPE_COUNT; type++)
        for (int other = 0; other < type; other++)
            assert_string_not_equal(event_type_name((enum event_type)type), event_type_name((enum event_type)other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(attempts, set_up),        cmocka_unit_test_setup(names, set_up),
        cmocka_unit_test_setup(servers, set_up),         cmocka_unit_test_setup(history, set_up),
        cmocka_unit_test_setup(everything_fits, set_up), cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
