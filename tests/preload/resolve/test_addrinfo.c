/* getaddrinfo() asked for AF_INET, and getnameinfo() of aliases. */
#include "../support.h"

#define MOST 16

struct node {
    struct in_addr address;
    int port, type, protocol;
};

struct answer {
    int error;
    size_t count;
    struct node nodes[MOST];
    char canonical[NI_MAXHOST];
};

/* Asks, checks what holds of every answer, and frees the list. */
static void ask(struct answer *answer, const char *node, const char *service, const struct addrinfo *hints)
{
    struct addrinfo *list = NULL;
    memset(answer, 0, sizeof *answer);
    answer->error = getaddrinfo(node, service, hints, &list);
    if (answer->error != 0)
        return;
    assert_non_null(list);
    snprintf(answer->canonical, sizeof answer->canonical, "%s", list->ai_canonname != NULL ? list->ai_canonname : "");
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        struct sockaddr_in address;
        assert_int_equal(info->ai_family, AF_INET);
        assert_int_equal(info->ai_flags, hints->ai_flags);
        assert_int_equal(info->ai_addrlen, sizeof address);
        memcpy(&address, info->ai_addr, sizeof address);
        assert_int_equal(address.sin_family, AF_INET);
        for (size_t i = 0; i < sizeof address.sin_zero; i++)
            assert_int_equal(address.sin_zero[i], 0);
        assert_true(info == list || info->ai_canonname == NULL);
        assert_true(answer->count < MOST);
        answer->nodes[answer->count++] =
            (struct node){address.sin_addr, ntohs(address.sin_port), info->ai_socktype, info->ai_protocol};
    }
    freeaddrinfo(list);
}

static struct addrinfo hints_of(int flags, int type)
{
    return (struct addrinfo){.ai_family = AF_INET, .ai_flags = flags, .ai_socktype = type};
}

static void test_nodes_told_other_flags(void **state)
{
    (void)state;
    static const int flags[] = {0, AI_ADDRCONFIG, AI_V4MAPPED | AI_ALL, AI_CANONNAME, AI_PASSIVE};
    static const char *const names[] = {"one6.example", "both.example", "one4.example", "2001:db8::1", "192.0.2.1"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            struct answer answer;
            struct addrinfo hints = hints_of(flags[i], SOCK_STREAM);
            ask(&answer, names[j], "9", &hints);
            assert_int_equal(answer.error, 0);
            assert_string_equal(answer.canonical, (flags[i] & AI_CANONNAME) != 0 ? names[j] : "");
        }
}

static void test_name_with_ipv6_only_was_not_found(void **state)
{
    (void)state;
    struct answer answer;
    struct addrinfo hints = hints_of(0, SOCK_STREAM);
    errno = NO_ERROR;
    ask(&answer, "one6.example", "discard", &hints);
    assert_int_equal(errno, NO_ERROR);
    assert_int_equal(answer.error, 0);
    assert_int_equal(answer.count, 1);
    assert_true(is_alias(answer.nodes[0].address));
    assert_int_equal(answer.nodes[0].address.s_addr, alias_of("2001:db8::1").s_addr);
    assert_int_equal(answer.nodes[0].port, 9);
    assert_int_equal(answer.nodes[0].type, SOCK_STREAM);
    assert_int_equal(answer.nodes[0].protocol, IPPROTO_TCP);
}

static void test_socket_types_of_an_address_were_lost(void **state)
{
    (void)state;
    struct answer answer;
    struct addrinfo hints = hints_of(0, 0);
    ask(&answer, "both.example", "9", &hints);
    assert_int_equal(answer.error, 0);
    assert_int_equal(answer.count, 6);
    for (size_t i = 0; i < 6; i++) {
        static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW};
        assert_int_equal(answer.nodes[i].type, types[i % 3]);
        assert_int_equal(answer.nodes[i].port, 9);
        assert_int_equal(is_alias(answer.nodes[i].address), i >= 3);
    }
    assert_string_equal(text_of(answer.nodes[0].address), "192.0.2.1");
}

/* What libc says of a name with IPv4 addresses only is said of one with IPv6 addresses, for every kind of question.
 */
static void test_some_hints_gave_another_answer_than_for_ipv4(void **state)
{
    (void)state;
    static const int flags[] = {0,
                                AI_PASSIVE,
                                AI_CANONNAME,
                                AI_NUMERICHOST,
                                AI_NUMERICSERV,
                                AI_ADDRCONFIG,
                                AI_V4MAPPED,
                                AI_CANONNAME | AI_PASSIVE | AI_ADDRCONFIG,
                                0x40000000};
    static const int types[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, 99};
    const char *const services[] = {NULL, "discard", "only-tcp", "9", "no-such-service", "70000", ""};
    for (size_t flag = 0; flag < sizeof flags / sizeof flags[0]; flag++)
        for (size_t type = 0; type < sizeof types / sizeof types[0]; type++)
            for (size_t service = 0; service < sizeof services / sizeof services[0]; service++) {
                struct addrinfo hints = hints_of(flags[flag], types[type]);
                struct answer ipv4, ipv6;
                ask(&ipv4, "one4.example", services[service], &hints);
                ask(&ipv6, "one6.example", services[service], &hints);
                if (ipv4.error != ipv6.error || ipv4.count != ipv6.count)
                    fail_msg("flags %#x, type %d, service %s: errors %d %d, counts %zu %zu", (unsigned)flags[flag],
                             types[type], services[service] != NULL ? services[service] : "NULL", ipv4.error,
                             ipv6.error, ipv4.count, ipv6.count);
                for (size_t i = 0; i < ipv4.count; i++) {
                    assert_int_equal(ipv4.nodes[i].port, ipv6.nodes[i].port);
                    assert_int_equal(ipv4.nodes[i].type, ipv6.nodes[i].type);
                    assert_int_equal(ipv4.nodes[i].protocol, ipv6.nodes[i].protocol);
                    assert_true(is_alias(ipv6.nodes[i].address));
                }
                assert_int_equal(ipv4.canonical[0] == '\0', ipv6.canonical[0] == '\0');
            }
}

static void test_canonical_name_was_lost(void **state)
{
    (void)state;
    struct answer answer;
    struct addrinfo hints = hints_of(AI_CANONNAME, SOCK_STREAM);
    const char *const names[][2] = {{"uno6", "one6.example"}, {"beide", "both.example"}, {"uno4", "one4.example"}};
    for (size_t i = 0; i < 3; i++) {
        struct answer without;
        ask(&answer, names[i][0], NULL, &hints);
        assert_int_equal(answer.error, 0);
        assert_string_equal(answer.canonical, names[i][1]);
        struct addrinfo plain = hints_of(0, SOCK_STREAM);
        ask(&without, names[i][0], NULL, &plain);
        assert_string_equal(without.canonical, "");
    }
}

static void test_ipv6_text_was_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"2001:db8::1", "[2001:db8::1]", "2001-db8--1.ipv6-literal.net",
                                        "2001:0DB8:0:0:0:0:0:1"};
    static const int flags[] = {0, AI_NUMERICHOST, AI_PASSIVE};
    struct answer answer;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t flag = 0; flag < sizeof flags / sizeof flags[0]; flag++) {
            struct addrinfo hints = hints_of(flags[flag], SOCK_STREAM);
            ask(&answer, texts[i], "9", &hints);
            assert_int_equal(answer.error, 0);
            assert_int_equal(answer.count, 1);
            assert_int_equal(answer.nodes[0].address.s_addr, alias_of("2001:db8::1").s_addr);
            assert_int_equal(answer.nodes[0].port, 9);
        }
}

static void test_mapped_text_became_an_alias(void **state)
{
    (void)state;
    struct answer answer;
    struct addrinfo hints = hints_of(0, SOCK_STREAM);
    ask(&answer, "::ffff:192.0.2.7", NULL, &hints);
    assert_int_equal(answer.error, 0);
    assert_string_equal(text_of(answer.nodes[0].address), "192.0.2.7");
    ask(&answer, "::", NULL, &hints);
    assert_int_equal(answer.error, 0);
    assert_string_equal(text_of(answer.nodes[0].address), "0.0.0.0");
    ask(&answer, "::1", NULL, &hints);
    assert_int_equal(answer.error, 0);
    assert_string_equal(text_of(answer.nodes[0].address), "127.0.0.1");
}

static void test_link_local_text_lost_its_interface(void **state)
{
    (void)state;
    struct answer first, second;
    struct addrinfo hints = hints_of(AI_NUMERICHOST, SOCK_STREAM);
    ask(&first, "fe80::1%lo", NULL, &hints);
    assert_int_equal(first.error, 0);
    ask(&second, "fe80::1%hole", NULL, &hints);
    assert_int_equal(second.error, 0);
    assert_true(is_alias(first.nodes[0].address) && is_alias(second.nodes[0].address));
    assert_int_not_equal(first.nodes[0].address.s_addr, second.nodes[0].address.s_addr);
    ask(&first, "fe80::1%no-such-link", NULL, &hints);
    assert_int_not_equal(first.error, 0);
}

static void test_numeric_only_question_reached_the_resolver(void **state)
{
    (void)state;
    struct answer answer;
    struct addrinfo hints = hints_of(AI_NUMERICHOST, SOCK_STREAM);
    ask(&answer, "one6.example", NULL, &hints);
    assert_int_equal(answer.error, EAI_NONAME);
}

static void test_absent_name_told_another_error(void **state)
{
    (void)state;
    struct answer answer;
    struct addrinfo hints = hints_of(0, SOCK_STREAM);
    ask(&answer, "absent.invalid", NULL, &hints);
    assert_int_equal(answer.error, EAI_NONAME);
    ask(&answer, NULL, NULL, &hints);
    assert_int_equal(answer.error, EAI_NONAME);
}

static void test_no_node_gave_an_alias(void **state)
{
    (void)state;
    struct answer answer;
    struct addrinfo hints = hints_of(AI_PASSIVE, SOCK_STREAM);
    ask(&answer, NULL, "9", &hints);
    assert_int_equal(answer.count, 1);
    assert_string_equal(text_of(answer.nodes[0].address), "0.0.0.0");
    hints.ai_flags = 0;
    ask(&answer, NULL, "9", &hints);
    assert_int_equal(answer.count, 1);
    assert_string_equal(text_of(answer.nodes[0].address), "127.0.0.1");
}

static void test_real_address_inside_the_pool_was_shown(void **state)
{
    (void)state;
    struct answer answer;
    struct addrinfo hints = hints_of(0, SOCK_STREAM);
    ask(&answer, "in-the-pool.example", NULL, &hints);
    assert_int_not_equal(answer.error, 0);
}

static void test_both_kinds_of_lookup_disagreed(void **state)
{
    (void)state;
    const char *const names[] = {"one6.example", "both.example", "two4.example", "twin-a.example", "ula.example"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct answer answer;
        struct addrinfo hints = hints_of(0, SOCK_STREAM);
        ask(&answer, names[i], NULL, &hints);
        const struct hostent *host = gethostbyname(names[i]);
        assert_non_null(host);
        size_t count = 0;
        while (host->h_addr_list[count] != NULL)
            count++;
        assert_int_equal(count, answer.count);
        for (size_t place = 0; place < count; place++)
            assert_memory_equal(host->h_addr_list[place], &answer.nodes[place].address, 4);
    }
}

/* ---- getnameinfo */

static void test_name_of_an_alias_was_not_found(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = alias_of("2001:db8::2")};
    char host[64], service[64];
    errno = NO_ERROR;
    assert_int_equal(
        getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, service, sizeof service, 0), 0);
    assert_string_equal(host, "two6.example");
    assert_string_equal(service, "discard");
    assert_int_equal(getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, service,
                                 sizeof service, NI_NUMERICSERV),
                     0);
    assert_string_equal(service, "9");
}

static void test_number_of_an_alias_grew_too_long_for_ipv4(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = alias_of("2001:db8::2")};
    char host[INET_ADDRSTRLEN], service[6];
    assert_int_equal(getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, service,
                                 sizeof service, NI_NUMERICHOST | NI_NUMERICSERV),
                     0);
    assert_string_equal(host, text_of(address.sin_addr));
    assert_string_equal(inet_ntoa(address.sin_addr), host);
}

static void test_nameless_alias_told_a_name(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = alias_of("2001:db8::99")};
    char host[64];
    assert_int_equal(getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, NULL, 0, 0), 0);
    assert_string_equal(host, text_of(address.sin_addr));
    assert_int_equal(
        getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, NULL, 0, NI_NAMEREQD),
        EAI_NONAME);
    address.sin_addr = ipv4_at("240.64.1.2", 0).sin_addr;
    assert_int_equal(getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, NULL, 0, 0), 0);
    assert_string_equal(host, "240.64.1.2");
    assert_int_equal(
        getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, NULL, 0, NI_NAMEREQD),
        EAI_NONAME);
}

/* Every small buffer: as libc answers for an IPv4 name of the same length. */
static void test_small_buffer_was_overrun(void **state)
{
    (void)state;
    struct sockaddr_in ipv6 = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = alias_of("2001:db8::1")};
    struct sockaddr_in ipv4 = ipv4_at("192.0.2.1", 9);
    static const int flags[] = {0, NI_NAMEREQD, NI_NUMERICSERV};
    for (size_t flag = 0; flag < sizeof flags / sizeof flags[0]; flag++)
        for (socklen_t room = 0; room < 20; room++) {
            char host[32], service[32], host4[32], service4[32];
            memset(host, 0x5a, sizeof host);
            memset(service, 0x5a, sizeof service);
            int error = getnameinfo((struct sockaddr *)&ipv6, sizeof ipv6, host, room, service, room, flags[flag]);
            int error4 = getnameinfo((struct sockaddr *)&ipv4, sizeof ipv4, host4, room, service4, room, flags[flag]);
            if (error != error4)
                fail_msg("room %u: error %d, of IPv4 %d", (unsigned)room, error, error4);
            for (size_t i = room; i < sizeof host; i++) {
                assert_int_equal(host[i], 0x5a);
                assert_int_equal(service[i], 0x5a);
            }
        }
    char host[32];
    assert_int_equal(getnameinfo((struct sockaddr *)&ipv6, sizeof ipv6 - 1, host, sizeof host, NULL, 0, 0),
                     EAI_FAMILY);
    assert_int_equal(getnameinfo((struct sockaddr *)&ipv6, sizeof ipv6, NULL, 0, NULL, 0, NI_NAMEREQD), EAI_NONAME);
    assert_int_equal(getnameinfo((struct sockaddr *)&ipv6, sizeof ipv6, host, sizeof host, NULL, 0, 0x40000000),
                     EAI_BADFLAGS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_told_other_flags),
        cmocka_unit_test(test_name_with_ipv6_only_was_not_found),
        cmocka_unit_test(test_socket_types_of_an_address_were_lost),
        cmocka_unit_test(test_some_hints_gave_another_answer_than_for_ipv4),
        cmocka_unit_test(test_canonical_name_was_lost),
        cmocka_unit_test(test_ipv6_text_was_refused),
        cmocka_unit_test(test_mapped_text_became_an_alias),
        cmocka_unit_test(test_link_local_text_lost_its_interface),
        cmocka_unit_test(test_numeric_only_question_reached_the_resolver),
        cmocka_unit_test(test_absent_name_told_another_error),
        cmocka_unit_test(test_no_node_gave_an_alias),
        cmocka_unit_test(test_real_address_inside_the_pool_was_shown),
        cmocka_unit_test(test_both_kinds_of_lookup_disagreed),
        cmocka_unit_test(test_name_of_an_alias_was_not_found),
        cmocka_unit_test(test_number_of_an_alias_grew_too_long_for_ipv4),
        cmocka_unit_test(test_nameless_alias_told_a_name),
        cmocka_unit_test(test_small_buffer_was_overrun),
    };
    return SUPPORT_MAIN(NULL, tests);
}
