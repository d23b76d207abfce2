/* core/relay/relay_name: what is written is read again, and nothing else is taken for such a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/address/literal.h"
#include "core/relay/relay_name.h"

static struct ip_address address(const char *text)
{
    struct ip_address result;
    unsigned length;
    assert_true(literal_parse_prefix(text, &result, &length));
    return result;
}

static void is_read_as_it_was_written(void **state)
{
    (void)state;
    static const char *const texts[] = {"2001:db8::7", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ip_address written = address(texts[i]), read;
        struct sockaddr_un name;
        uint16_t port = 0;
        socklen_t length = relay_name_write(RELAY_PEER, &written, 65535, UINT64_MAX, &name);
        assert_in_range(length, offsetof(struct sockaddr_un, sun_path) + 1, sizeof name);
        assert_int_equal(name.sun_path[0], '\0');
        assert_true(relay_name_read(&name, length, RELAY_PEER, &read, &port));
        assert_true(address_equal(&read, &written));
        assert_int_equal(port, 65535);
        assert_false(relay_name_read(&name, length, RELAY_OWN, &read, &port));
    }
}

static void keeps_the_scope_of_a_link(void **state)
{
    (void)state;
    struct ip_address written = address("fe80::7"), read;
    struct sockaddr_un name;
    uint16_t port;
    written.scope = 0x12345678;
    socklen_t length = relay_name_write(RELAY_OWN, &written, 21, 0, &name);
    assert_true(relay_name_read(&name, length, RELAY_OWN, &read, &port));
    assert_int_equal(read.scope, 0x12345678);
}

static void numbers_make_names_different(void **state)
{
    (void)state;
    struct ip_address peer = address("2001:db8::7");
    struct sockaddr_un one, other;
    socklen_t length = relay_name_write(RELAY_PEER, &peer, 21, 1, &one);
    assert_int_equal(relay_name_write(RELAY_PEER, &peer, 21, 2, &other), length);
    assert_memory_not_equal(&one, &other, length);
}

/* Every byte of a name counts, and its length. */
static void takes_nothing_else(void **state)
{
    (void)state;
    struct ip_address peer = address("2001:db8::7"), read;
    struct sockaddr_un name, other;
    uint16_t port;
    socklen_t length = relay_name_write(RELAY_PEER, &peer, 21, 7, &name);
    for (socklen_t shorter = 0; shorter < length; shorter++)
        assert_false(relay_name_read(&name, shorter, RELAY_PEER, &read, &port));
    assert_false(relay_name_read(&name, length + 1, RELAY_PEER, &read, &port));
    assert_false(relay_name_read(&name, sizeof name + 1, RELAY_PEER, &read, &port));
    for (socklen_t at = 0; at < length; at++) {
        memcpy(&other, &name, sizeof other);
        ((char *)&other)[at] = 'z';
        assert_false(relay_name_read(&other, length, RELAY_PEER, &read, &port));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_as_it_was_written),
        cmocka_unit_test(keeps_the_scope_of_a_link),
        cmocka_unit_test(numbers_make_names_different),
        cmocka_unit_test(takes_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
