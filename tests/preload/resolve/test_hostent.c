/* gethostbyname() and its relatives: answers that hold IPv6 addresses, as aliases. */
#include "../support.h"

static size_t count_addresses(const struct hostent *host)
{
    size_t count = 0;
    while (host->h_addr_list[count] != NULL)
        count++;
    return count;
}

static struct in_addr address_at(const struct hostent *host, size_t place)
{
    struct in_addr address;
    memcpy(&address, host->h_addr_list[place], sizeof address);
    return address;
}

static void assert_same_alias(const struct hostent *host, size_t place, const char *ipv6)
{
    struct in_addr found = address_at(host, place);
    assert_true(is_alias(found));
    assert_string_equal(text_of(found), text_of(alias_of(ipv6)));
}

/* ---- What is in an answer */

static void test_name_with_ipv6_only_was_not_found(void **state)
{
    (void)state;
    errno = NO_ERROR;
    const struct hostent *host = gethostbyname("one6.example");
    assert_non_null(host);
    assert_int_equal(errno, NO_ERROR);
    assert_string_equal(host->h_name, "one6.example");
    assert_string_equal(host->h_aliases[0], "one6");
    assert_string_equal(host->h_aliases[1], "uno6");
    assert_null(host->h_aliases[2]);
    assert_int_equal(host->h_addrtype, AF_INET);
    assert_int_equal(host->h_length, 4);
    assert_int_equal(count_addresses(host), 1);
    assert_same_alias(host, 0, "2001:db8::1");
}

static void test_further_ipv6_addresses_were_lost(void **state)
{
    (void)state;
    struct in_addr expected[] = {alias_of("2001:db8::1"), alias_of("2001:db8::2"), alias_of("2001:db8::3")};
    const struct hostent *host = gethostbyname("three6.example");
    assert_non_null(host);
    assert_int_equal(count_addresses(host), 3);
    for (size_t i = 0; i < 3; i++) {
        bool found = false;
        for (size_t j = 0; j < 3; j++)
            found |= address_at(host, i).s_addr == expected[j].s_addr;
        assert_true(found);
    }
}

static void test_name_of_both_families_lost_one(void **state)
{
    (void)state;
    struct in_addr alias = alias_of("2001:db8::1");
    const struct hostent *host = gethostbyname("both.example");
    assert_non_null(host);
    assert_int_equal(count_addresses(host), 2);
    assert_string_equal(text_of(address_at(host, 0)), "192.0.2.1");
    assert_int_equal(address_at(host, 1).s_addr, alias.s_addr);
    assert_string_equal(host->h_name, "both.example");
    assert_string_equal(host->h_aliases[0], "both");
}

static void test_unusable_address_came_first(void **state)
{
    (void)state;
    struct in_addr far = alias_of("2001:db8:dead::1");
    const struct hostent *host = gethostbyname("far-and-near.example");
    assert_non_null(host);
    assert_int_equal(count_addresses(host), 2);
    assert_string_equal(text_of(address_at(host, 1)), text_of(far));
}

static void test_loopback_became_an_alias(void **state)
{
    (void)state;
    const struct hostent *host = gethostbyname("loop.example"); /* libc gives 127.0.0.1 twice */
    assert_non_null(host);
    for (size_t i = 0; i < count_addresses(host); i++)
        assert_string_equal(text_of(address_at(host, i)), "127.0.0.1");
    host = gethostbyname("::1");
    assert_non_null(host);
    assert_string_equal(text_of(address_at(host, 0)), "127.0.0.1");
}

static void test_real_address_inside_the_pool_was_shown(void **state)
{
    (void)state;
    h_errno = 0;
    assert_null(gethostbyname("in-the-pool.example"));
    assert_int_equal(h_errno, NO_DATA);
}

static void test_absent_name_told_another_error(void **state)
{
    (void)state;
    h_errno = 0;
    assert_null(gethostbyname("absent.invalid"));
    assert_int_equal(h_errno, HOST_NOT_FOUND);
}

static void test_aliases_changed_between_lookups(void **state)
{
    (void)state;
    struct in_addr first = first_address("one6.example");
    for (int i = 0; i < 100; i++) {
        assert_int_equal(first_address("two6.example").s_addr != 0, 1);
        assert_int_equal(first_address("one6.example").s_addr, first.s_addr);
    }
    assert_int_not_equal(alias_of("2001:db8::2").s_addr, first.s_addr);
}

static void test_result_of_the_last_lookup_as_the_next_name(void **state)
{
    (void)state;
    const struct hostent *host = gethostbyname("uno6");
    assert_non_null(host);
    host = gethostbyname(host->h_name);
    assert_non_null(host);
    assert_string_equal(host->h_name, "one6.example");
}

static void test_overlong_name_overran_a_buffer(void **state)
{
    (void)state;
    static char name[70000];
    memset(name, 'a', sizeof name - 1);
    assert_null(gethostbyname(name));
    for (size_t length = 1020; length < 1030; length++) {
        memset(name, 'a', sizeof name - 1);
        name[length] = '\0';
        assert_null(gethostbyname(name));
    }
}

/* ---- The _r family */

#define ROOM 4096

struct bench {
    struct hostent hostent, *found;
    char buffer[ROOM + 64];
    int host_error, error;
};

static void look_up_r(struct bench *bench, const char *name, size_t offset, size_t size)
{
    memset(bench, 0x5a, sizeof *bench);
    errno = NO_ERROR;
    bench->error =
        gethostbyname_r(name, &bench->hostent, bench->buffer + offset, size, &bench->found, &bench->host_error);
}

static void assert_inside(const struct bench *bench, const void *at, size_t length, size_t offset, size_t size)
{
    const char *start = at;
    assert_true(start >= bench->buffer + offset && start + length <= bench->buffer + offset + size);
}

/* Everything that a result points to lies in the caller's buffer. */
static void assert_packed(const struct bench *bench, size_t offset, size_t size)
{
    const struct hostent *host = &bench->hostent;
    assert_ptr_equal(bench->found, host);
    assert_inside(bench, host->h_name, strlen(host->h_name) + 1, offset, size);
    for (char **alias = host->h_aliases; *alias != NULL; alias++)
        assert_inside(bench, *alias, strlen(*alias) + 1, offset, size);
    for (char **address = host->h_addr_list; *address != NULL; address++)
        assert_inside(bench, *address, 4, offset, size);
}

static void assert_rest_untouched(const struct bench *bench, size_t end)
{
    for (size_t i = end; i < sizeof bench->buffer; i++)
        assert_int_equal(bench->buffer[i], 0x5a);
}

static void check_every_size(const char *name, size_t addresses)
{
    struct bench bench;
    for (size_t offset = 0; offset < 9; offset += 3) {
        bool enough = false;
        for (size_t size = 0; size <= 512; size++) {
            look_up_r(&bench, name, offset, size);
            assert_rest_untouched(&bench, offset + size);
            if (bench.error == ERANGE) {
                assert_false(enough); /* what was enough stays enough */
                assert_null(bench.found);
                assert_int_equal(bench.host_error, NETDB_INTERNAL);
                continue;
            }
            enough = true;
            assert_int_equal(bench.error, 0);
            assert_packed(&bench, offset, size);
            assert_int_equal(count_addresses(bench.found), addresses);
            assert_int_equal(errno, NO_ERROR);
        }
        assert_true(enough);
    }
}

static void test_small_buffer_was_overrun(void **state)
{
    (void)state;
    check_every_size("one6.example", 1);
    check_every_size("both.example", 2);
    check_every_size("three6.example", 3);
    check_every_size("2001:db8::1", 1);
}

static void test_two_threads_families_differ(void **state)
{
    (void)state;
    struct bench first, second;
    look_up_r(&first, "both.example", 0, ROOM);
    memset(&second, 0, sizeof second);
    assert_int_equal(gethostbyname2_r("both.example", AF_INET, &second.hostent, second.buffer, ROOM, &second.found,
                                      &second.host_error),
                     0);
    assert_int_equal(count_addresses(first.found), count_addresses(second.found));
    for (size_t i = 0; i < count_addresses(first.found); i++)
        assert_int_equal(address_at(first.found, i).s_addr, address_at(second.found, i).s_addr);
}

/* Of a name without IPv6 addresses, libc's answer stands as it is: doubles, and any number of addresses. */
static void test_ipv4_answer_was_shortened(void **state)
{
    (void)state;
    const struct hostent *host = gethostbyname("doubled.example");
    assert_non_null(host);
    assert_int_equal(count_addresses(host), 2);
    assert_string_equal(host->h_aliases[1], "doubled-b");
    struct bench bench;
    look_up_r(&bench, "crowd4.example", 0, ROOM);
    assert_int_equal(bench.error, 0);
    assert_int_equal(count_addresses(bench.found), 70);
}

/* Here nothing but the last of 71 addresses can be reached. */
static void test_many_ipv6_addresses_drove_out_ipv4(void **state)
{
    (void)state;
    const struct hostent *host = gethostbyname("crowd.example");
    assert_non_null(host);
    assert_string_equal(text_of(address_at(host, 0)), "192.0.2.1");
    assert_int_equal(count_addresses(host), 64);
    struct addrinfo *list, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    assert_int_equal(getaddrinfo("crowd.example", NULL, &hints, &list), 0);
    assert_string_equal(text_of(((struct sockaddr_in *)list->ai_addr)->sin_addr), "192.0.2.1");
    freeaddrinfo(list);
}

/* A program that asks for its own address binds it, or tells it to others. */
static void test_own_name_led_with_an_alias(void **state)
{
    (void)state;
    static const char *const names[] = {"this-host", "this-host.example", "THIS-HOST"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct hostent *host = gethostbyname(names[i]);
        assert_non_null(host);
        assert_string_equal(text_of(address_at(host, 0)), "192.0.2.2");
        assert_same_alias(host, 1, "2001:db8::1");
    }
    assert_same_alias(gethostbyname("this-host.elsewhere.example"), 0, "2001:db8::1");
}

static void test_found_name_told_the_error_of_its_ipv4_half(void **state)
{
    (void)state;
    struct bench bench;
    look_up_r(&bench, "one6.example", 0, ROOM);
    assert_non_null(bench.found);
    assert_int_equal(bench.host_error, NETDB_SUCCESS);
    h_errno = HOST_NOT_FOUND;
    assert_non_null(gethostbyname("one6.example"));
    assert_int_equal(h_errno, NETDB_SUCCESS);
}

static void test_absent_name_r(void **state)
{
    (void)state;
    struct bench bench;
    look_up_r(&bench, "absent.invalid", 0, ROOM);
    assert_int_equal(bench.error, 0);
    assert_null(bench.found);
    assert_int_equal(bench.host_error, HOST_NOT_FOUND);
}

/* ---- Back to names */

static void test_reverse_lookup_asked_about_the_alias(void **state)
{
    (void)state;
    struct in_addr alias = alias_of("2001:db8::2");
    errno = NO_ERROR;
    const struct hostent *host = gethostbyaddr(&alias, sizeof alias, AF_INET);
    assert_non_null(host);
    assert_int_equal(errno, NO_ERROR);
    assert_string_equal(host->h_name, "two6.example");
    assert_int_equal(host->h_addrtype, AF_INET);
    assert_int_equal(host->h_length, 4);
    assert_int_equal(count_addresses(host), 1);
    assert_int_equal(address_at(host, 0).s_addr, alias.s_addr);
}

static void test_forward_confirmed_reverse_check_failed(void **state)
{
    (void)state;
    const char *const peers[] = {"2001:db8::1", "2001:db8::2", "fd00:1::1", "2001:db8::12"};
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        struct in_addr peer = alias_of(peers[i]);
        const struct hostent *host = gethostbyaddr(&peer, sizeof peer, AF_INET);
        assert_non_null(host);
        host = gethostbyname(host->h_name);
        assert_non_null(host);
        bool confirmed = false;
        for (size_t j = 0; j < count_addresses(host); j++)
            confirmed |= address_at(host, j).s_addr == peer.s_addr;
        assert_true(confirmed);
    }
}

static void test_reverse_lookup_overran_a_small_buffer(void **state)
{
    (void)state;
    struct in_addr alias = alias_of("2001:db8::1");
    struct bench bench;
    bool enough = false;
    for (size_t size = 0; size <= 400; size++) {
        memset(&bench, 0x5a, sizeof bench);
        bench.error = gethostbyaddr_r(&alias, sizeof alias, AF_INET, &bench.hostent, bench.buffer, size, &bench.found,
                                      &bench.host_error);
        assert_rest_untouched(&bench, size);
        assert_true(bench.error == 0 || bench.error == ERANGE);
        if (bench.error == 0) {
            enough = true;
            assert_packed(&bench, 0, size);
            assert_int_equal(address_at(bench.found, 0).s_addr, alias.s_addr);
        } else {
            assert_false(enough);
            assert_null(bench.found);
        }
    }
    assert_true(enough);
}

static void test_reverse_lookup_of_what_nobody_was_given(void **state)
{
    (void)state;
    struct in_addr nobody = ipv4_at("240.64.1.2", 0).sin_addr, nameless = alias_of("2001:db8::99");
    h_errno = 0;
    assert_null(gethostbyaddr(&nobody, sizeof nobody, AF_INET));
    assert_int_equal(h_errno, HOST_NOT_FOUND);
    h_errno = 0;
    assert_null(gethostbyaddr(&nameless, sizeof nameless, AF_INET));
    assert_int_equal(h_errno, HOST_NOT_FOUND);
}

/* ---- Between processes */

static void print_first_alias(void)
{
    printf("%s", text_of(first_address("ula.example")));
}

static void print_lookup_of_ipv4_name(void)
{
    printf("%s", text_of(first_address("two4.example")));
}

static void print_lookup_of_both_families(void)
{
    printf("%s", text_of(first_address("both.example")));
}

static void test_two_processes_disagreed_on_an_alias(void **state)
{
    (void)state;
    char first[64];
    snprintf(first, sizeof first, "%s", part_output("first alias", NULL));
    assert_string_equal(part_output("first alias", NULL), first);
    assert_string_equal(text_of(first_address("ula.example")), first);
}

/* Without the state file an alias comes from a range of its own, which no file gives out. */
static void test_alias_of_one_process_was_that_of_a_file(void **state)
{
    (void)state;
    const char *const nowhere[] = {"V6SHIM_STATE_DIR=/proc/nowhere", "V6SHIM_LOG=quiet", NULL};
    struct in_addr stored = {.s_addr = inet_addr(part_output("first alias", NULL))};
    struct in_addr transient = {.s_addr = inet_addr(part_output("first alias", nowhere))};
    assert_in_range(ntohl(stored.s_addr), 0xf0400001, 0xf07bffff);    /* 240.64.0.1 to 240.123.255.255 */
    assert_in_range(ntohl(transient.s_addr), 0xf07c0000, 0xf07fffff); /* 240.124.0.0/14 */
}

static void test_state_file_was_made_without_need(void **state)
{
    (void)state;
    const char *const elsewhere[] = {"V6SHIM_STATE_DIR=/run/test/unused", NULL};
    assert_string_equal(part_output("ipv4 name", elsewhere), "192.0.2.1");
    assert_int_not_equal(access("/run/test/unused", F_OK), 0);
    const char *const ipv4_first[] = {"V6SHIM_STATE_DIR=/run/test/unused", "V6SHIM_PREFER=ipv4", NULL};
    assert_string_equal(part_output("name of both families", ipv4_first), "192.0.2.1");
    assert_int_not_equal(access("/run/test/unused", F_OK), 0);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"first alias", print_first_alias},
                                        {"ipv4 name", print_lookup_of_ipv4_name},
                                        {"name of both families", print_lookup_of_both_families},
                                        {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_with_ipv6_only_was_not_found),
        cmocka_unit_test(test_further_ipv6_addresses_were_lost),
        cmocka_unit_test(test_name_of_both_families_lost_one),
        cmocka_unit_test(test_unusable_address_came_first),
        cmocka_unit_test(test_loopback_became_an_alias),
        cmocka_unit_test(test_real_address_inside_the_pool_was_shown),
        cmocka_unit_test(test_absent_name_told_another_error),
        cmocka_unit_test(test_aliases_changed_between_lookups),
        cmocka_unit_test(test_result_of_the_last_lookup_as_the_next_name),
        cmocka_unit_test(test_overlong_name_overran_a_buffer),
        cmocka_unit_test(test_small_buffer_was_overrun),
        cmocka_unit_test(test_two_threads_families_differ),
        cmocka_unit_test(test_ipv4_answer_was_shortened),
        cmocka_unit_test(test_many_ipv6_addresses_drove_out_ipv4),
        cmocka_unit_test(test_own_name_led_with_an_alias),
        cmocka_unit_test(test_found_name_told_the_error_of_its_ipv4_half),
        cmocka_unit_test(test_absent_name_r),
        cmocka_unit_test(test_reverse_lookup_asked_about_the_alias),
        cmocka_unit_test(test_forward_confirmed_reverse_check_failed),
        cmocka_unit_test(test_reverse_lookup_overran_a_small_buffer),
        cmocka_unit_test(test_reverse_lookup_of_what_nobody_was_given),
        cmocka_unit_test(test_two_processes_disagreed_on_an_alias),
        cmocka_unit_test(test_alias_of_one_process_was_that_of_a_file),
        cmocka_unit_test(test_state_file_was_made_without_need),
    };
    return SUPPORT_MAIN(parts, tests);
}
