/* Programs that speak IPv6 themselves see no difference; until they do, they are taken for IPv4-only ones. */
#include "../support.h"

#include <sys/wait.h>

static void print_addresses(const struct addrinfo *list)
{
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        char host[64] = "?";
        getnameinfo(info->ai_addr, info->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST);
        printf("%s ", host);
    }
}

static void print_lookup(int family, const char *name)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *list = NULL;
    int error = getaddrinfo(name, NULL, &hints, &list);
    printf("%s: ", name);
    if (error != 0)
        printf("error %d ", error);
    print_addresses(list);
    if (list != NULL)
        freeaddrinfo(list);
}

static void print_hostent(const char *name)
{
    const struct hostent *host = gethostbyname(name);
    printf("%s: ", name);
    for (char **at = host != NULL ? host->h_addr_list : NULL; at != NULL && *at != NULL; at++) {
        struct in_addr address;
        memcpy(&address, *at, sizeof address);
        printf("%s ", is_alias(address) ? "alias" : text_of(address));
    }
}

/* ---- What makes a process aware. Each part then asks for the IPv4 addresses of a name with both. */

static void ask(void)
{
    print_lookup(AF_INET, "both.example");
}

static void with_a_socket(void)
{
    close(socket(AF_INET6, SOCK_DGRAM, 0));
    ask();
}

static void with_a_failed_socket(void)
{
    socket(AF_INET6, 99, 0);
    ask();
}

static void with_any_family(void)
{
    print_lookup(AF_UNSPEC, "both.example");
    ask();
}

static void with_ipv6_lookup(void)
{
    print_lookup(AF_INET6, "both.example");
    ask();
}

static void without_hints(void)
{
    struct addrinfo *list = NULL;
    if (getaddrinfo("one4.example", NULL, NULL, &list) == 0)
        freeaddrinfo(list);
    ask();
}

/* A process that counts as speaking IPv6 is told that IPv6 text is no IPv4 address. */
static void print_text(void)
{
    printf("%s", inet_addr("2001:db8::1") != INADDR_NONE ? "alias" : "no address");
}

/* Text that a program takes for an address, of either family: rsync's server does that with the alias of a peer. */
static void with_text(void)
{
    static const char *const texts[] = {"192.0.2.1", "240.64.1.2", "2001:db8::1", "fe80::1%lo"};
    static const int flags[] = {AI_NUMERICHOST, 0};
    for (size_t i = 0; i < 8; i++) {
        struct addrinfo hints = {.ai_flags = flags[i / 4], .ai_socktype = SOCK_STREAM}, *list = NULL;
        if (getaddrinfo(texts[i % 4], NULL, &hints, &list) == 0)
            freeaddrinfo(list);
    }
    struct addrinfo *list = NULL;
    if (getaddrinfo("192.0.2.1", NULL, NULL, &list) == 0)
        freeaddrinfo(list);
    print_text();
}

static void with_a_passive_lookup(void)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *list = NULL;
    if (getaddrinfo(NULL, "7001", &hints, &list) == 0)
        freeaddrinfo(list);
    print_text();
}

static void with_hostent_of_ipv6(void)
{
    gethostbyname2("both.example", AF_INET6);
    ask();
}

static void in_a_child(void)
{
    close(socket(AF_INET6, SOCK_DGRAM, 0));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        ask();
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void test_aware_program_was_given_aliases(void **state)
{
    (void)state;
    static const char *const both = "2001:db8::1 192.0.2.1 ";
    assert_string_equal(part_output("socket", NULL), "both.example: 192.0.2.1 ");
    assert_string_equal(part_output("failed socket", NULL), "both.example: 192.0.2.1 ");
    assert_string_equal(part_output("no hints", NULL), "both.example: 192.0.2.1 ");
    assert_string_equal(part_output("hostent of IPv6", NULL), "both.example: 192.0.2.1 ");
    assert_string_equal(part_output("child", NULL), "both.example: 192.0.2.1 ");
    assert_string_equal(part_output("IPv6 lookup", NULL), "both.example: 2001:db8::1 both.example: 192.0.2.1 ");
    const char *output = part_output("any family", NULL);
    assert_non_null(strstr(output, both));
    assert_non_null(strstr(output, "both.example: 192.0.2.1 "));
}

static void test_legacy_program_was_taken_for_aware(void **state)
{
    (void)state;
    const char *output = part_output("nothing", NULL);
    struct in_addr alias = alias_of("2001:db8::1");
    char expected[64];
    snprintf(expected, sizeof expected, "both.example: 192.0.2.1 %s ", text_of(alias));
    assert_string_equal(output, expected);
}

static void test_text_made_a_process_aware(void **state)
{
    (void)state;
    assert_string_equal(part_output("numbers", NULL), "alias");
    assert_string_equal(part_output("passive", NULL), "no address");
}

static void test_setting_aware_was_ignored(void **state)
{
    (void)state;
    static const char *const yes[] = {"V6SHIM_AWARE=yes", NULL}, *const no[] = {"V6SHIM_AWARE=no", NULL};
    assert_string_equal(part_output("nothing", yes), "both.example: 192.0.2.1 ");
    assert_non_null(strstr(part_output("socket", no), "192.0.2.1 240."));
}

/* A name without any IPv4 address helps nobody as an error. */
static void aware_and_nothing_else(void)
{
    close(socket(AF_INET6, SOCK_DGRAM, 0));
    print_lookup(AF_INET, "one6.example");
}

static void test_aware_program_got_nothing_where_there_is_an_alias(void **state)
{
    (void)state;
    assert_non_null(strstr(part_output("no IPv4 address", NULL), "one6.example: 240."));
}

static void hostent_in_an_aware_process(void)
{
    close(socket(AF_INET6, SOCK_DGRAM, 0));
    print_hostent("both.example");
    print_hostent("one6.example");
}

static void test_gethostbyname_gave_no_alias_in_an_aware_process(void **state)
{
    (void)state;
    assert_string_equal(part_output("hostent", NULL), "both.example: 192.0.2.1 alias one6.example: alias ");
}

/* Whether a text is an IPv4 address is a question that programs ask of inet_aton(). */
static void text_in_an_aware_process(void)
{
    struct in_addr address;
    printf("%d ", inet_aton("2001:db8::1", &address));
    close(socket(AF_INET6, SOCK_DGRAM, 0));
    printf("%d %d %d %d", inet_aton("2001:db8::1", &address), inet_addr("::1") != INADDR_NONE,
           inet_network("2001:db8::1") != INADDR_NONE, inet_aton("192.0.2.1", &address));
}

static void test_ipv6_text_was_an_ipv4_address_in_an_aware_process(void **state)
{
    (void)state;
    assert_string_equal(part_output("text", NULL), "1 0 0 0 1");
}

/* ---- Native sockets, untouched */

static void print_names(int fd)
{
    static const socklen_t rooms[] = {0, 2, 16, 20, 28, 128};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        for (int which = 0; which < 2; which++) {
            unsigned char name[128];
            memset(name, 0x5a, sizeof name);
            socklen_t length = rooms[i];
            int result = which == 0 ? getpeername(fd, (struct sockaddr *)name, &length)
                                    : getsockname(fd, (struct sockaddr *)name, &length);
            name[2] = name[3] = 0; /* the port */
            printf("%d %u:", result, (unsigned)length);
            for (size_t byte = 0; byte < 32; byte++)
                printf(" %02x", name[byte]);
            printf("\n");
        }
}

static void native_connection(void)
{
    int waiting = world_listen("2001:db8::1", 0);
    struct sockaddr_in6 to = ipv6_at("2001:db8::1", world_port(waiting));
    int fd = socket(AF_INET6, SOCK_STREAM, 0), domain = -1;
    socklen_t length = sizeof domain;
    printf("%d\n", connect(fd, (struct sockaddr *)&to, sizeof to));
    print_names(fd);
    print_names(dup(fd));
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
    printf("domain %d\n", domain);
    int server = world_accept(waiting, NULL, 0);
    print_names(server);
}

static void native_server(void)
{
    int any = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in6 local = ipv6_at("::", 24100), mapped = ipv6_at("::ffff:192.0.2.1", 24100);
    setsockopt(any, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    printf("%d\n", bind(any, (struct sockaddr *)&local, sizeof local));
    printf("%d\n", listen(any, 5));
    int client = socket(AF_INET6, SOCK_STREAM, 0);
    printf("%d\n", connect(client, (struct sockaddr *)&mapped, sizeof mapped));
    struct sockaddr_storage peer;
    memset(&peer, 0x5a, sizeof peer);
    socklen_t length = sizeof peer;
    int server = accept(any, (struct sockaddr *)&peer, &length);
    printf("%d, family %d, length %u\n", server >= 0, peer.ss_family, (unsigned)length);
    print_names(server);
    print_names(any);
}

static void test_native_socket_showed_ipv4(void **state)
{
    (void)state;
    static const char *const parts[] = {"native connection", "native server"};
    for (size_t i = 0; i < 2; i++) {
        char bare[PART_OUTPUT_SIZE];
        const struct part_result *result = part_run_bare(parts[i]);
        assert_int_equal(result->status, 0);
        snprintf(bare, sizeof bare, "%s", result->output);
        assert_true(strlen(bare) > 100);
        assert_string_equal(part_output(parts[i], NULL), bare);
    }
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"nothing", ask},
                                        {"socket", with_a_socket},
                                        {"failed socket", with_a_failed_socket},
                                        {"any family", with_any_family},
                                        {"IPv6 lookup", with_ipv6_lookup},
                                        {"no hints", without_hints},
                                        {"hostent of IPv6", with_hostent_of_ipv6},
                                        {"numbers", with_text},
                                        {"passive", with_a_passive_lookup},
                                        {"child", in_a_child},
                                        {"no IPv4 address", aware_and_nothing_else},
                                        {"hostent", hostent_in_an_aware_process},
                                        {"text", text_in_an_aware_process},
                                        {"native connection", native_connection},
                                        {"native server", native_server},
                                        {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aware_program_was_given_aliases),
        cmocka_unit_test(test_legacy_program_was_taken_for_aware),
        cmocka_unit_test(test_text_made_a_process_aware),
        cmocka_unit_test(test_setting_aware_was_ignored),
        cmocka_unit_test(test_aware_program_got_nothing_where_there_is_an_alias),
        cmocka_unit_test(test_gethostbyname_gave_no_alias_in_an_aware_process),
        cmocka_unit_test(test_ipv6_text_was_an_ipv4_address_in_an_aware_process),
        cmocka_unit_test(test_native_socket_showed_ipv4),
    };
    return SUPPORT_MAIN(parts, tests);
}
