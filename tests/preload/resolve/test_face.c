/* The IPv4 face of a name: its IPv4 addresses as libc gives them, and what stands behind each of them. */
#include "../program.h"
#include "core/base/error_text.h"

#include <dlfcn.h>
#include <pthread.h>

static struct in_addr ipv4(const char *text)
{
    return ipv4_at(text, 0).sin_addr;
}

/* A listener of each family on one port. */
struct both {
    int ipv6, ipv4;
    uint16_t port;
};

static struct both listen_on(const char *ipv6_address, const char *ipv4_address)
{
    struct both both = {.ipv6 = world_listen(ipv6_address, 0)};
    both.port = world_port(both.ipv6);
    both.ipv4 = world_listen(ipv4_address, both.port);
    return both;
}

static void end(struct both both)
{
    world_close(both.ipv6);
    world_close(both.ipv4);
}

/* What the program sees as its peer after connect(), or the error. */
static const char *peer_after(struct in_addr address, uint16_t port)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const char *result = error_name(errno);
    if (connect_to(fd, address, port) != 0)
        result = error_name(errno);
    else if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0)
        result = text_of(peer.sin_addr);
    close(fd);
    return result;
}

/* ---- What is shown */

static void print_hostent(const char *name)
{
    const struct hostent *host = gethostbyname(name);
    for (char **at = host != NULL ? host->h_addr_list : (char *[]){NULL}; *at != NULL; at++) {
        struct in_addr address;
        memcpy(&address, *at, sizeof address);
        printf("%s ", is_alias(address) ? "alias" : text_of(address));
    }
    printf("%s\n", host != NULL ? host->h_name : "not found");
}

static void print_info(const char *name)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_flags = AI_CANONNAME}, *list = NULL;
    int error = getaddrinfo(name, "discard", &hints, &list);
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        struct sockaddr_in address;
        memcpy(&address, at->ai_addr, sizeof address);
        if (is_alias(address.sin_addr))
            printf("alias ");
        else
            printf("%s/%d/%d/%#x%s%s ", text_of(address.sin_addr), at->ai_socktype, at->ai_protocol, at->ai_flags,
                   at->ai_canonname != NULL ? "=" : "", at->ai_canonname != NULL ? at->ai_canonname : "");
    }
    printf("%d\n", error);
    if (error == 0)
        freeaddrinfo(list);
}

static const char *const all_names[] = {
    "both.example",    "both",         "one4.example",   "two4.example", "hole-and-near.example", "lured.example",
    "doubled.example", "loop.example", "crowd4.example",

    "localhost"};

static void print_all(void)
{
    for (size_t i = 0; i < sizeof all_names / sizeof all_names[0]; i++) {
        print_hostent(all_names[i]);
        print_info(all_names[i]);
    }
}

/* The answers with the aliases taken out are libc's, to the letter. */
static void test_ipv4_half_was_not_libcs(void **state)
{
    (void)state;
    static char bare[PART_OUTPUT_SIZE], shimmed[PART_OUTPUT_SIZE];
    strcpy(bare, part_run_bare("all names")->output);
    assert_non_null(strstr(bare, "10.9.0.70"));
    const char *from = part_output("all names", (const char *const[]){"V6SHIM_PREFER=policy", NULL});
    assert_non_null(strstr(from, "192.0.2.1 alias both.example"));
    char *to = shimmed;
    while (*from != '\0') {
        if (strncmp(from, "alias ", 6) == 0)
            from += 6;
        else
            *to++ = *from++;
    }
    assert_string_equal(shimmed, bare);
}

static void print_some(void)
{
    print_hostent("both.example");
    print_hostent("without-ipv4.example");
}

static void test_order_of_the_user_was_ignored(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *expected;
    } orders[] = {
        {"V6SHIM_PREFER=policy", "192.0.2.1 alias both.example\nalias 203.0.113.1 without-ipv4.example\n"},
        {"V6SHIM_PREFER=ipv6", "alias 192.0.2.1 both.example\nalias 203.0.113.1 without-ipv4.example\n"},
        {"V6SHIM_PREFER=ipv4", "192.0.2.1 both.example\n203.0.113.1 without-ipv4.example\n"},
        {"V6SHIM_POLICY=rfc6724", "alias 192.0.2.1 both.example\nalias 203.0.113.1 without-ipv4.example\n"},
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        assert_string_equal(part_output("some", (const char *const[]){orders[i].setting, NULL}), orders[i].expected);
}

static void print_counts(void)
{
    static const char *const names[] = {"crowd4.example", "crowds.example"};
    for (size_t i = 0; i < 2; i++) {
        struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;
        const struct hostent *host = gethostbyname(names[i]);
        unsigned by_name = 0, by_info = 0;
        for (char **at = host != NULL ? host->h_addr_list : NULL; at != NULL && *at != NULL; at++)
            by_name += !is_alias(*(struct in_addr *)(void *)*at);
        if (getaddrinfo(names[i], NULL, &hints, &list) == 0)
            for (const struct addrinfo *at = list; at != NULL; at = at->ai_next)
                by_info += !is_alias(((struct sockaddr_in *)(void *)at->ai_addr)->sin_addr);
        printf("%u %u ", by_name, by_info);
    }
}

/* More than are put in order; and whoever wants another order wants all of them no less. */
static void test_some_of_many_ipv4_addresses_were_lost(void **state)
{
    (void)state;
    static const char *const settings[] = {"V6SHIM_PREFER=policy", "V6SHIM_PREFER=ipv6", "V6SHIM_PREFER=ipv4",
                                           "V6SHIM_POLICY=rfc6724"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_string_equal(part_output("counts", (const char *const[]){settings[i], NULL}), "70 70 70 70 ");
}

/* How large a buffer has to be, and which IPv4 address comes first then. */
static void print_least_buffer(void)
{
    struct hostent host, *found = NULL;
    char buffer[4096];
    int error;
    for (size_t size = 0; size < sizeof buffer && found == NULL; size++)
        if (gethostbyname_r("both.example", &host, buffer, size, &found, &error) == 0 && found != NULL)
            printf("%zu %s", size, inet_ntoa(*(struct in_addr *)(void *)found->h_addr_list[0]));
}

/* A buffer that is large enough for libc is large enough. */
static void test_buffer_became_too_small(void **state)
{
    (void)state;
    char bare[64];
    snprintf(bare, sizeof bare, "%.63s", part_run_bare("least buffer")->output);
    assert_non_null(strstr(bare, " 192.0.2.1"));
    assert_string_equal(part_output("least buffer", NULL), bare);
}

/* ---- Where it leads */

static void test_first_address_did_not_stand_for_all(void **state)
{
    (void)state;
    struct both near = listen_on("2001:db8::1", "192.0.2.3");
    struct in_addr address = first_address("renamed.example"), alias = alias_of("2001:db8::1");
    assert_string_equal(text_of(address), "192.0.2.3");
    assert_string_equal(peer_after(address, near.port), text_of(alias));
    end(near);
}

static void first_refuses(void)
{
    int near = world_listen("192.0.2.3", 0);
    printf("%s", peer_after(first_address("renamed.example"), world_port(near)));
}

static void test_peer_was_shown_as_another(void **state)
{
    (void)state;
    assert_string_equal(part_output("refused", NULL), "192.0.2.3");
}

/* Without us connect() to an address that refuses tells so at once, whatever else the name has. The kernel would wait
   two minutes for the silent ones. */
static void wait_for_silence(void)
{
    alarm(60);
    printf("%s", peer_after(first_address("refuse-and-holes.example"), 1));
}

static void test_other_ipv4_address_was_waited_for(void **state)
{
    (void)state;
    static const char *const soon[] = {"V6SHIM_SILENCE_LIMIT=100", NULL};
    assert_string_equal(part_output("silence", soon), "ECONNREFUSED");
}

/* A program that goes on to another address of its list means that one first. */
static void test_later_address_did_not_lead(void **state)
{
    (void)state;
    struct both near = listen_on("2001:db8::1", "192.0.2.2");
    const struct hostent *host = gethostbyname("This-Host.example");
    assert_non_null(host);
    struct in_addr second;
    memcpy(&second, host->h_addr_list[1], sizeof second);
    assert_true(is_alias(second));
    assert_string_equal(peer_after(second, near.port), text_of(second));
    end(near);
}

/* ---- No longer than it is sure whose address it is */

static void share_one_address(void)
{
    struct both near = listen_on("2001:db8::1", "192.0.2.3");
    struct in_addr address = first_address("renamed.example");
    printf("%s ", is_alias(ipv4(peer_after(address, near.port))) ? "alias" : "IPv4");
    first_address("hole-and-near.example"); /* the same IPv4 address, another IPv6 one */
    printf("%s ", peer_after(address, near.port));
    first_address("renamed.example");
    printf("%s", peer_after(address, near.port));
}

static void test_address_of_two_names_led_to_one_of_them(void **state)
{
    (void)state;
    assert_string_equal(part_output("shared address", NULL), "alias 192.0.2.3 192.0.2.3");
}

static void *look_up_renamed(void *nothing)
{
    first_address("renamed.example");
    return nothing;
}

/* A worker connects to what another thread resolved. */
static void use_in_another_thread(void)
{
    struct both near = listen_on("2001:db8::1", "192.0.2.3");
    pthread_t thread;
    pthread_create(&thread, NULL, look_up_renamed, NULL);
    pthread_join(thread, NULL);
    printf("%s ", is_alias(ipv4(peer_after(ipv4("192.0.2.3"), near.port))) ? "alias" : "IPv4");
    inet_addr("192.0.2.3");
    printf("%s", peer_after(ipv4("192.0.2.3"), near.port));
}

static void test_address_was_forgotten_in_another_thread(void **state)
{
    (void)state;
    assert_string_equal(part_output("another thread", NULL), "alias 192.0.2.3");
}

/* A name without IPv6 addresses on the address of one that has some, before it or after it. */
static void look_up_two(const char *first, const char *second)
{
    struct both near = listen_on("2001:db8::1", "192.0.2.1");
    first_address(first);
    first_address(second);
    printf("%s", peer_after(ipv4("192.0.2.1"), near.port));
}

static void without_ipv6_first(void)
{
    look_up_two("one4.example", "both.example");
}

static void without_ipv6_last(void)
{
    look_up_two("both.example", "one4.example");
}

static void test_name_without_ipv6_led_to_it(void **state)
{
    (void)state;
    assert_string_equal(part_output("without IPv6 first", NULL), "192.0.2.1");
    assert_string_equal(part_output("without IPv6 last", NULL), "192.0.2.1");
}

/* What libc showed an aware program counts too. */
static void share_when_aware(void)
{
    struct both near = listen_on("2001:db8::1", "192.0.2.3");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    first_address("renamed.example");
    printf("%d ", getaddrinfo("hole-and-near.example", NULL, &hints, &list));
    printf("%s", peer_after(ipv4("192.0.2.3"), near.port));
}

static void test_answer_of_libc_was_overlooked(void **state)
{
    (void)state;
    assert_string_equal(part_output("shared when aware", NULL), "0 192.0.2.3");
}

/* ---- Never into the network, from an address outside */

static void test_public_address_led_inside(void **state)
{
    (void)state;
    int inside = world_listen("fd00:1::1", 0);
    const struct hostent *host = gethostbyname("lured.example");
    assert_non_null(host);
    assert_null(host->h_addr_list[1]);
    assert_string_equal(peer_after(first_address("lured.example"), world_port(inside)), "ECONNREFUSED");
    world_close(inside);
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    assert_int_equal(getaddrinfo("lured.example", NULL, &hints, &list), 0);
    assert_null(list->ai_next);
    freeaddrinfo(list);
}

/* The alias of an address outside, whose name has this host's own address as well: nothing but the name is asked, or
   another process has asked it. */
static void go_home(void)
{
    int listener = world_listen("127.0.0.1", 24700);
    (void)listener;
    if (getenv("V6SHIM_PREFER") == NULL)
        first_address("lures-home.example");
    printf("%s", peer_after(ipv4(getenv("TEST_ALIAS")), 24700));
}

static void test_public_address_led_home(void **state)
{
    (void)state;
    static const char *const not_looked_up[] = {"V6SHIM_PREFER=policy", NULL};
    const struct hostent *host = gethostbyname("lures-home.example");
    assert_non_null(host);
    struct in_addr alias;
    memcpy(&alias, host->h_addr_list[1], sizeof alias);
    assert_true(is_alias(alias));
    setenv("TEST_ALIAS", text_of(alias), 1);
    assert_string_equal(part_output("home", NULL), "ENETUNREACH");
    assert_string_equal(part_output("home", not_looked_up), "ENETUNREACH");
    /* Nor the other way: what asks for this host gets this host. */
    assert_string_equal(peer_after(ipv4("127.0.0.1"), 1), "ECONNREFUSED");
}

/* ---- Datagrams can't be raced */

static void send_datagrams(void)
{
    int server = world_datagrams("192.0.2.3", 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(world_port(server))};
    char data[8];
    to.sin_addr = first_address("hole-and-near.example");
    for (int connected = 0; connected < 2; connected++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (connected && connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
            printf("%s ", error_name(errno));
        ssize_t sent = sendto(fd, "x", 1, 0, connected ? NULL : (struct sockaddr *)&to, connected ? 0 : sizeof to);
        printf("%zd %zd %s ", sent, recv(server, data, sizeof data, MSG_DONTWAIT),
               socket_family(fd) == AF_INET ? "IPv4" : "IPv6");
        close(fd);
    }
}

/* Which is left alone by it. */
static void test_datagram_went_to_dead_ipv6(void **state)
{
    (void)state;
    assert_string_equal(part_output("datagrams", NULL), "1 1 IPv4 1 1 IPv4 ");
}

static void test_datagram_without_route_went_nowhere(void **state)
{
    (void)state;
    int server = world_datagrams("2001:db8::1", 0);
    gethostbyname("without-ipv4.example");
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(world_port(server)), .sin_addr = ipv4("203.0.113.1")};
    char data[8];
    for (int connected = 0; connected < 2; connected++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (connected)
            assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        errno = NO_ERROR;
        assert_int_equal(connected ? send(fd, "x", 1, 0) : sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to),
                         1);
        assert_int_equal(errno, NO_ERROR);
        assert_int_equal(recv(server, data, sizeof data, MSG_DONTWAIT), 1);
        close(fd);
    }
    world_close(server);
}

/* ---- Past the hooks */

static void test_way_round_the_hooks_was_worse(void **state)
{
    (void)state;
    int (*past)(int, const struct sockaddr *, socklen_t) = NULL;
    *(void **)&past = dlsym(dlopen("libc.so.6", RTLD_LAZY), "connect");
    int server = world_listen("192.0.2.3", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(world_port(server)),
                             .sin_addr = first_address("hole-and-near.example")};
    assert_int_equal(past(fd, (struct sockaddr *)&to, sizeof to), 0);
    close(fd);
    world_close(server);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"all names", print_all},
                                        {"counts", print_counts},
                                        {"some", print_some},
                                        {"home", go_home},
                                        {"silence", wait_for_silence},
                                        {"least buffer", print_least_buffer},
                                        {"shared address", share_one_address},
                                        {"another thread", use_in_another_thread},
                                        {"without IPv6 first", without_ipv6_first},
                                        {"without IPv6 last", without_ipv6_last},
                                        {"datagrams", send_datagrams},
                                        {"refused", first_refuses},
                                        {"shared when aware", share_when_aware},
                                        {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4_half_was_not_libcs),
        cmocka_unit_test(test_order_of_the_user_was_ignored),
        cmocka_unit_test(test_some_of_many_ipv4_addresses_were_lost),
        cmocka_unit_test(test_buffer_became_too_small),
        cmocka_unit_test(test_first_address_did_not_stand_for_all),
        cmocka_unit_test(test_other_ipv4_address_was_waited_for),
        cmocka_unit_test(test_later_address_did_not_lead),
        cmocka_unit_test(test_address_of_two_names_led_to_one_of_them),
        cmocka_unit_test(test_address_was_forgotten_in_another_thread),
        cmocka_unit_test(test_name_without_ipv6_led_to_it),
        cmocka_unit_test(test_answer_of_libc_was_overlooked),
        cmocka_unit_test(test_public_address_led_inside),
        cmocka_unit_test(test_public_address_led_home),
        cmocka_unit_test(test_datagram_went_to_dead_ipv6),
        cmocka_unit_test(test_datagram_without_route_went_nowhere),
        cmocka_unit_test(test_way_round_the_hooks_was_worse),
        cmocka_unit_test(test_peer_was_shown_as_another), /* by which the IPv6 address has lost */
    };
    return SUPPORT_MAIN(parts, tests);
}
