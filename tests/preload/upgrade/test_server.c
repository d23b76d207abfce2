/* Servers: addresses that the administrator mapped, sockets that the program was given, forged datagrams. */
#include "../forger.h"
#include "../support.h"
#include "core/base/error_text.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define DATA_SIZE 64

/* ---- The rest of the world */

/* The kernel makes the route to a new address by and by. */
static void add_address(const char *address)
{
    char command[256];
    snprintf(command, sizeof command, "env -u LD_PRELOAD ip address add %s/128 dev lo nodad", address);
    if (system(command) != 0)
        fail_msg("%s failed", command);
    snprintf(command, sizeof command, "env -u LD_PRELOAD ip -6 route get %s | grep -q ^local", address);
    for (int tries = 0; tries < 3000 && system(command) != 0; tries++)
        usleep(20000);
}

static void assert_world_hears(int fd, const char *text)
{
    char data[DATA_SIZE] = "";
    struct timeval limit = {.tv_sec = 60}; /* a busy kernel delivers later, even on lo */
    syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    long got = syscall(SYS_recvfrom, fd, data, sizeof data - 1, 0, NULL, NULL);
    if (got < 0)
        fail_msg("nothing heard: %s", strerror(errno));
    assert_string_equal(data, text);
}

/* ---- Parts: programs of their own */

static int datagrams_at(const char *address, uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = ipv4_at(address, 0);
    socklen_t length = sizeof local;
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
    *port = ntohs(local.sin_port);
    return fd;
}

/* Receives a word, answers it, and prints who it came from. */
static void answer_word(int fd)
{
    char data[DATA_SIZE] = "";
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    ssize_t got = recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&peer, &length);
    if (got < 0) {
        printf("nothing\n");
        return;
    }
    printf("%.*s %s\n", (int)got, data, text_of(peer.sin_addr));
    if (sendto(fd, "answer", 6, 0, (struct sockaddr *)&peer, length) != 6)
        printf("no answer: %s\n", strerror(errno));
}

static void part_echo(void)
{
    static const char *const peers[] = {"2001:db8::2", "2001:db8::5", "fd00:1::1", "192.0.2.1", "::1"};
    uint16_t port;
    int fd = datagrams_at("0.0.0.0", &port);
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        bool loopback = strcmp(peers[i], "::1") == 0, ipv6 = strchr(peers[i], ':') != NULL;
        int peer = world_says(peers[i], loopback ? "::1" : ipv6 ? "2001:db8::1" : "192.0.2.2", port);
        answer_word(fd);
        assert_world_hears(peer, "answer");
        world_close(peer);
    }
}

static void part_listen_mapped(void)
{
    char text[DATA_SIZE];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in local = ipv4_at("192.0.2.77", 0); /* which this host does not have */
    struct sockaddr_in6 there = ipv6_at("2001:db8::3", 0);
    socklen_t length = sizeof local;
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
    assert_int_equal(length, sizeof local);
    printf("%s\n", text_of(local.sin_addr));
    long client = syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    there.sin6_port = local.sin_port;
    assert_int_equal(syscall(SYS_connect, client, &there, sizeof there), 0);
    int accepted = accept(fd, (struct sockaddr *)&local, &length);
    printf("%s\n", is_alias(local.sin_addr) ? "alias" : inet_ntop(AF_INET, &local.sin_addr, text, sizeof text));
    assert_int_equal(getsockname(accepted, (struct sockaddr *)&local, &length), 0);
    printf("%s\n", text_of(local.sin_addr));
}

static void part_bind_elsewhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in local = ipv4_at("192.0.2.2", 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    printf("%d\n", socket_family(fd) == AF_INET);
}

static void part_reverse(void)
{
    struct in_addr address;
    struct sockaddr_in six = ipv4_at("10.6.0.2", 9);
    inet_pton(AF_INET, "10.6.0.2", &address);
    const struct hostent *host = gethostbyaddr(&address, sizeof address, AF_INET);
    char name[NI_MAXHOST] = "?";
    getnameinfo((struct sockaddr *)&six, sizeof six, name, sizeof name, NULL, 0, NI_NAMEREQD);
    printf("%s ", host != NULL ? host->h_name : "?");
    printf("%s %s\n", name, text_of(first_address("2001:db8::2")));
}

static void part_connect_to_nobody(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in there = ipv4_at("10.6.77.77", 9);
    int result = connect(fd, (struct sockaddr *)&there, sizeof there);
    printf("%d %s\n", result, error_name(errno));
}

static const char *const translated[] = {"64:ff9b::808:808", "64:ff9b::7f00:1", "64:ff9b::a00:1"};

static void part_translated(void)
{
    uint16_t port;
    int fd = datagrams_at("0.0.0.0", &port);
    for (size_t i = 0; i < sizeof translated / sizeof translated[0]; i++) {
        int peer = world_says(translated[i], "2001:db8::1", port);
        answer_word(fd);
        assert_world_hears(peer, "answer");
        world_close(peer);
    }
}

/* A dual UDP socket that the program was given, as inetd gives it. */
static int inherited_datagrams(uint16_t *port)
{
    int fd = (int)syscall(SYS_socket, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), off = 0;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    syscall(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    assert_int_equal(syscall(SYS_bind, fd, &any, sizeof any), 0);
    *port = world_port(fd);
    return fd;
}

static void say_all(int fd)
{
    char data[DATA_SIZE];
    struct sockaddr_in peer;
    struct iovec part = {data, sizeof data};
    for (int i = 0; i < 8; i++) {
        char control[CMSG_SPACE(sizeof(struct in_pktinfo))] __attribute__((aligned(8)));
        struct msghdr message = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1};
        struct mmsghdr several[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
        socklen_t length = sizeof peer;
        ssize_t got = -1;
        if (i % 4 == 1) {
            message.msg_control = control;
            message.msg_controllen = sizeof control;
        }
        if (i % 4 == 0)
            got = recvfrom(fd, data, sizeof data, i == 0 ? MSG_PEEK : 0, (struct sockaddr *)&peer, &length);
        else if (i % 4 == 3)
            got = recvmmsg(fd, several, 2, 0, NULL) > 0 ? (ssize_t)several[0].msg_len : -1;
        else
            got = recvmsg(fd, &message, 0);
        if (got < 0)
            break;
        printf("%.*s %s%s\n", (int)got, data, is_alias(peer.sin_addr) ? "alias" : text_of(peer.sin_addr),
               message.msg_controllen != 0 ? " with information" : "");
    }
}

static void say_forged_and_true(uint16_t port)
{
    world_forges("::ffff:127.0.0.1", "2001:db8::1", port);
    world_close(world_says("192.0.2.1", "192.0.2.2", port));
    world_forges("::ffff:10.0.0.1", "2001:db8::1", port);
    world_forges("::ffff:192.0.2.1", "2001:db8::1", port);
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    world_close(world_says("127.0.0.1", "127.0.0.1", port));
}

static void part_forged_inherited(void)
{
    uint16_t port;
    int fd = inherited_datagrams(&port);
    say_forged_and_true(port); /* before the program has touched it */
    say_all(fd);
    world_forges("::ffff:127.0.0.1", "2001:db8::1", port);
    say_all(fd);
    int on = 1, off = 0;
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    world_close(world_says("192.0.2.1", "192.0.2.2", port));
    world_close(world_says("192.0.2.1", "192.0.2.2", port));
    say_all(fd);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &off, sizeof off), 0);
    say_forged_and_true(port);
    say_all(fd);
}

static void part_forged_own_filter(void)
{
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
    struct sock_fprog program = {.len = 1, .filter = all};
    uint16_t port;
    int fd = datagrams_at("0.0.0.0", &port), none = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    say_forged_and_true(port);
    say_all(fd);
    printf("attached\n");
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    say_forged_and_true(port);
    say_all(fd);
    printf("detached\n");
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none), 0);
    say_forged_and_true(port);
    say_all(fd);
    uint16_t second_port;
    int second = datagrams_at("0.0.0.0", &second_port);
    fcntl(second, F_SETFL, O_NONBLOCK);
    printf("detached at once\n");
    assert_int_equal(setsockopt(second, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none), -1);
    assert_int_equal(errno, ENOENT);
    say_forged_and_true(second_port);
    say_all(second);
}

/* ---- Tests: mapped addresses */

static void test_mapped_networks_copied_the_rest(void **state)
{
    (void)state;
    static const char *const settings[] = {"V6SHIM_ALIAS_MAP=2001:db8::/112 = 10.6.0.0/16, fd00:1::1 = 10.7.0.1",
                                           NULL};
    assert_string_equal(part_output("echo", settings),
                        "word 10.6.0.2\nword 10.6.0.5\nword 10.7.0.1\nword 192.0.2.1\nword 127.0.0.1\n");
    assert_string_equal(part_output("reverse", settings), "two6.example two6.example 10.6.0.2\n");
}

static void test_mapped_networks_were_allotted_for_good(void **state)
{
    (void)state;
    static const char *const settings[] = {"V6SHIM_ALIAS_MAP=2001:db8::/64=10.6.0.0/16", NULL};
    char first[PART_OUTPUT_SIZE];
    char one[16], two[16], other[16];
    strcpy(first, part_output("echo", settings));
    assert_int_equal(sscanf(first, "word %15s word %15s word %15s", one, two, other), 3);
    assert_memory_equal(one, "10.6.", 5);
    assert_memory_equal(two, "10.6.", 5);
    assert_string_not_equal(one, two);
    assert_memory_equal(other, "240.", 4);
    assert_string_equal(part_output("echo", settings), first);
    char path[256];
    snprintf(path, sizeof path, "%s/aliases-10.6.0.0-16", getenv("V6SHIM_STATE_DIR"));
    assert_int_equal(access(path, R_OK), 0);
}

static void test_nobody_in_a_mapped_range_was_no_packet(void **state)
{
    (void)state;
    static const char *const settings[] = {"V6SHIM_ALIAS_MAP=2001:db8::/64=10.6.0.0/16", NULL};
    long before = world_packets_lost();
    assert_string_equal(part_output("connect_to_nobody", settings), "-1 ENETUNREACH\n");
    assert_int_equal(world_packets_lost(), before);
}

static void test_bad_maps_were_said(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *complaint;
    } cases[] = {
        {"V6SHIM_ALIAS_MAP=::1=10.0.0.1", "alias-map ::1/128 = 10.0.0.1/32: the IPv6 prefix must be part of"},
        {"V6SHIM_ALIAS_MAP=2001:db8::/64=127.0.0.0/16", "the IPv4 range must have a length of 8 or more, and"},
        {"V6SHIM_ALIAS_MAP=2001:db8::/64=10.0.0.1", "the IPv4 range must be a /8 to /28"},
        {"V6SHIM_ALIAS_MAP=2001:db8::/64=240.65.0.0/16", "overlaps the alias pool"},
        {"V6SHIM_ALIAS_MAP=2001:db8::/64=10.0.0.0/16, fd00::/64=10.0.1.0/24", "overlaps that of an earlier entry"},
        {"V6SHIM_LISTEN_MAP=192.0.2.1=::ffff:192.0.2.2", "an IPv4-mapped address is no IPv6 address"},
        {"V6SHIM_LISTEN_MAP=192.0.2.0/24=2001:db8::", "the IPv6 prefix is too long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const settings[] = {cases[i].variable, NULL};
        const struct part_result *result = part_run("bind_elsewhere", settings);
        if (result->status != 0 || strstr(result->complaints, cases[i].complaint) == NULL)
            fail_msg("%s: %s", cases[i].variable, result->complaints);
        assert_string_equal(result->output, "1\n");
    }
}

static void test_listen_map_bound_ipv6(void **state)
{
    (void)state;
    static const char *const settings[] = {"V6SHIM_LISTEN_MAP=192.0.2.77=2001:db8::3", NULL};
    assert_string_equal(part_output("listen_mapped", settings), "192.0.2.77\nalias\n192.0.2.77\n");
    assert_string_equal(part_output("bind_elsewhere", settings), "1\n");
}

static void test_clients_of_a_trusted_translator_were_shown(void **state)
{
    (void)state;
    static const char *const settings[] = {"V6SHIM_NAT64_INBOUND=64:ff9b::/96", NULL};
    char first[16], second[16], third[16];
    for (size_t i = 0; i < sizeof translated / sizeof translated[0]; i++)
        add_address(translated[i]);
    assert_int_equal(
        sscanf(part_output("translated", settings), "word %15s word %15s word %15s", first, second, third), 3);
    assert_string_equal(first, "8.8.8.8");
    assert_memory_equal(second, "240.", 4);
    assert_memory_equal(third, "240.", 4);
    assert_int_equal(sscanf(part_output("translated", NULL), "word %15s", first), 1);
    assert_memory_equal(first, "240.", 4);
}

/* ---- Forged datagrams */

static void test_inherited_sockets_asked_for_proof(void **state)
{
    (void)state;
    assert_string_equal(part_output("forged_inherited", NULL),
                        "word 192.0.2.1\nword 192.0.2.1\nword alias\nword 127.0.0.1\n"
                        "word alias\nword alias with information\nword 192.0.2.1\nword 192.0.2.1\n"
                        "word 192.0.2.1\nword 192.0.2.1\nword alias\nword 127.0.0.1\n");
}

static void test_filters_of_the_program_left_the_proof(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    static const char seen[] = "word 192.0.2.1\nword 192.0.2.1\nword alias\nword 127.0.0.1\n";
    char expected[512];
    snprintf(expected, sizeof expected, "%sattached\n%sdetached\n%sdetached at once\n%s", seen, seen, seen, seen);
    assert_string_equal(part_output("forged_own_filter", NULL), expected);
}

/* ---- The shape of what the program was given */

struct library {
    int (*getpeername)(int fd, struct sockaddr *address, socklen_t *length);
    ssize_t (*recvfrom)(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length);
    int (*accept)(int fd, struct sockaddr *address, socklen_t *length);
    int (*setsockopt)(int fd, int level, int name, int value);
};

static struct library load(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/preload/.libs/%s.so", getenv("LAB_BUILD"), name);
    void *handle = dlopen(path, RTLD_NOW);
    if (handle == NULL)
        fail_msg("%s", dlerror());
    struct library library;
    *(void **)&library.getpeername = dlsym(handle, "peers_getpeername");
    *(void **)&library.recvfrom = dlsym(handle, "peers_recvfrom");
    *(void **)&library.accept = dlsym(handle, "peers_accept");
    *(void **)&library.setsockopt = dlsym(handle, "peers_setsockopt");
    return library;
}

/* A connection from an IPv6 peer on a descriptor that the library has not seen. */
static int given_connection(int *client)
{
    int waiting = world_listen("2001:db8::1", 0);
    struct sockaddr_in6 there = ipv6_at("2001:db8::1", world_port(waiting));
    *client = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(syscall(SYS_connect, *client, &there, sizeof there), 0);
    int fd = (int)syscall(SYS_accept4, waiting, NULL, NULL, 0);
    world_close(waiting);
    return fd;
}

static void assert_shown(const struct library *library, int fd, int family)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    assert_int_equal(library->getpeername(fd, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(address.ss_family, family);
    assert_int_equal(length, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    if (family == AF_INET)
        assert_true(is_alias(((struct sockaddr_in *)&address)->sin_addr));
}

static void part_shapes(void)
{
    struct library old = load("peers_old"), new = load("peers_new");
    int client, fd = given_connection(&client);
    const char *shape = getenv("V6SHIM_SHAPE");
    int old_family = shape != NULL && strcmp(shape, "native") == 0 ? AF_INET6 : AF_INET;
    int new_family = shape != NULL && strcmp(shape, "ipv4") == 0 ? AF_INET : AF_INET6;
    for (int i = 0; i < 3; i++) {
        assert_shown(&old, fd, old_family);
        assert_shown(&new, fd, new_family);
    }
    struct sockaddr_in small;
    socklen_t length = sizeof small;
    assert_int_equal(new.getpeername(fd, (struct sockaddr *)&small, &length), 0);
    printf("%d\n", small.sin_family == (shape != NULL && strcmp(shape, "native") == 0 ? AF_INET6 : AF_INET));
}

static void part_shapes_of_aware(void)
{
    struct library old = load("peers_old");
    int client, fd = given_connection(&client);
    assert_shown(&old, fd, AF_INET);
    close(socket(AF_INET6, SOCK_STREAM, 0));
    assert_shown(&old, fd, AF_INET6);
}

/* A listening socket that was given, as by systemd: what is accepted is shown to each as it can read it. */
static void part_given_listener(void)
{
    struct library old = load("peers_old"), new = load("peers_new");
    int waiting = world_listen("2001:db8::1", 0);
    struct sockaddr_in6 there = ipv6_at("2001:db8::1", world_port(waiting));
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    for (int i = 0; i < 2; i++) {
        long client = syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
        assert_int_equal(syscall(SYS_connect, client, &there, sizeof there), 0);
        int fd = i == 0 ? old.accept(waiting, (struct sockaddr *)&peer, &length) : new.accept(waiting, NULL, NULL);
        if (i == 0)
            assert_int_equal(peer.ss_family, AF_INET);
        assert_shown(&new, fd, AF_INET6);
        assert_shown(&old, fd, AF_INET);
    }
}

static void part_options_of_given(void)
{
    struct library old = load("peers_old");
    int client, fd = given_connection(&client), value = 0;
    socklen_t length = sizeof value;
    assert_int_equal(old.setsockopt(fd, IPPROTO_IP, IP_TOS, 0x10), 0);
    assert_int_equal(syscall(SYS_getsockopt, fd, IPPROTO_IPV6, IPV6_TCLASS, &value, &length), 0);
    assert_int_equal(value, 0x10);
}

static void test_the_callers_imports_decided(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* its wrappers of these calls are the callers */
    skip_before_glibc(35, "the object of a caller (_dl_find_object())");
    static const char *const native[] = {"V6SHIM_SHAPE=native", NULL}, *const ipv4[] = {"V6SHIM_SHAPE=ipv4", NULL};
    assert_string_equal(part_output("shapes", NULL), "1\n");
    assert_string_equal(part_output("shapes", native), "1\n");
    assert_string_equal(part_output("shapes", ipv4), "1\n");
    part_output("shapes_of_aware", NULL);
    part_output("given_listener", NULL);
    part_output("options_of_given", NULL);
}

static const struct part parts[] = {
    {"echo", part_echo},
    {"listen_mapped", part_listen_mapped},
    {"bind_elsewhere", part_bind_elsewhere},
    {"reverse", part_reverse},
    {"connect_to_nobody", part_connect_to_nobody},
    {"translated", part_translated},
    {"forged_inherited", part_forged_inherited},
    {"forged_own_filter", part_forged_own_filter},
    {"shapes", part_shapes},
    {"shapes_of_aware", part_shapes_of_aware},
    {"given_listener", part_given_listener},
    {"options_of_given", part_options_of_given},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mapped_networks_copied_the_rest),
        cmocka_unit_test(test_mapped_networks_were_allotted_for_good),
        cmocka_unit_test(test_nobody_in_a_mapped_range_was_no_packet),
        cmocka_unit_test(test_bad_maps_were_said),
        cmocka_unit_test(test_listen_map_bound_ipv6),
        cmocka_unit_test(test_clients_of_a_trusted_translator_were_shown),
        cmocka_unit_test(test_inherited_sockets_asked_for_proof),
        cmocka_unit_test(test_filters_of_the_program_left_the_proof),
        cmocka_unit_test(test_the_callers_imports_decided),
    };
    return SUPPORT_MAIN(parts, tests);
}
