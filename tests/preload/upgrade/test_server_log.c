/* What the log says of servers: the port that serves IPv6, and the one that does not. */
#include "../deny.h"
#include "../program.h"

#include <linux/filter.h>
#include <sys/syscall.h>

#define PORT  24660
#define LOOPS 40 /* of a server that tries again and again */

/* ---- Parts: servers */

static int bound_to(int type, const char *address, uint16_t port)
{
    int fd = socket(AF_INET, type, 0);
    struct sockaddr_in local = ipv4_at(address, port);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    return fd;
}

static int serve(const char *address, uint16_t port)
{
    int fd = bound_to(SOCK_STREAM, address, port);
    errno = NO_ERROR;
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(errno, NO_ERROR);
    return fd;
}

static void serve_all(void)
{
    serve("0.0.0.0", PORT);
    bound_to(SOCK_DGRAM, "0.0.0.0", PORT);
}

static void serve_where_taken(void)
{
    int on = 1, other = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 taken = ipv6_at("::", PORT);
    syscall(SYS_setsockopt, other, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    assert_int_equal(syscall(SYS_bind, other, &taken, sizeof taken), 0);
    serve("0.0.0.0", PORT);
}

static void serve_where_refused(void)
{
    deny(SYS_socket, 0, AF_INET6, EAFNOSUPPORT);
    serve_all();
}

/* Clients that name their port or none, with a sandbox that refuses IPv6. */
static void bind_clients_where_refused(void)
{
    deny(SYS_socket, 0, AF_INET6, EAFNOSUPPORT);
    bound_to(SOCK_STREAM, "0.0.0.0", PORT);
    bound_to(SOCK_DGRAM, "0.0.0.0", 0);
}

static void serve_in_a_loop_where_refused(void)
{
    deny(SYS_socket, 0, AF_INET6, EAFNOSUPPORT);
    for (int i = 0; i < LOOPS; i++)
        close(serve("0.0.0.0", PORT));
}

/* A filter can be locked, and then not be read again: it can't be set on another socket. */
static void serve_where_options_stay(void)
{
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)};
    struct sock_fprog program = {.len = 1, .filter = all};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in local = ipv4_at("0.0.0.0", PORT);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    deny_option(SOL_SOCKET, SO_ATTACH_FILTER, EPERM);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(listen(fd, 5), 0);
}

static void serve_one_address(void)
{
    deny(SYS_socket, 0, AF_INET6, EAFNOSUPPORT);
    serve("127.0.0.1", PORT);
    serve("192.0.2.2", PORT);
}

/* IPv4 first or IPv6 first: the program serves both itself. */
static void serve_both(void)
{
    for (int order = 0; order < 2; order++) {
        int on = 1, ipv4 = order == 0 ? serve("0.0.0.0", PORT) : -1, ipv6 = socket(AF_INET6, SOCK_STREAM, 0);
        struct sockaddr_in6 local = ipv6_at("::", PORT);
        setsockopt(ipv6, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        assert_int_equal(bind(ipv6, (struct sockaddr *)&local, sizeof local), 0);
        assert_int_equal(listen(ipv6, 5), 0);
        if (order == 1)
            ipv4 = serve("0.0.0.0", PORT);
        close(ipv4);
        close(ipv6);
    }
}

static void accept_peers(void)
{
    int listener = serve("0.0.0.0", PORT);
    for (int i = 0; i < 2; i++) {
        int peer = (int)syscall(SYS_socket, i == 0 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in6 to6 = ipv6_at("2001:db8::1", PORT), from6 = ipv6_at("2001:db8::2", 0);
        struct sockaddr_in to4 = ipv4_at("192.0.2.1", PORT), from4 = ipv4_at("192.0.2.2", 0);
        syscall(SYS_bind, peer, i == 0 ? (void *)&from6 : (void *)&from4, i == 0 ? sizeof from6 : sizeof from4);
        assert_int_equal(
            syscall(SYS_connect, peer, i == 0 ? (void *)&to6 : (void *)&to4, i == 0 ? sizeof to6 : sizeof to4), 0);
        struct sockaddr_in seen;
        socklen_t length = sizeof seen;
        errno = NO_ERROR;
        assert_true(accept(listener, (struct sockaddr *)&seen, &length) >= 0);
        assert_int_equal(errno, NO_ERROR);
        printf("%s ", text_of(seen.sin_addr));
    }
}

static void receive_datagrams(void)
{
    static const char *const sources[] = {"2001:db8::2", "2001:db8::2", "2001:db8::3"};
    int fd = bound_to(SOCK_DGRAM, "0.0.0.0", PORT);
    struct sockaddr_in6 to = ipv6_at("2001:db8::1", PORT);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        int on = 1, peer = (int)syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
        struct sockaddr_in6 from = ipv6_at(sources[i], PORT + 1);
        syscall(SYS_setsockopt, peer, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        assert_int_equal(syscall(SYS_bind, peer, &from, sizeof from), 0);
        assert_int_equal(syscall(SYS_sendto, peer, "x", 1L, 0L, &to, sizeof to), 1);
        syscall(SYS_close, peer);
        struct sockaddr_in seen;
        socklen_t length = sizeof seen;
        char data[2];
        errno = NO_ERROR;
        assert_int_equal(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&seen, &length), 1);
        assert_int_equal(errno, NO_ERROR);
        printf("%s ", text_of(seen.sin_addr));
    }
}

/* A client that asks for names. */
static void look_up_where_refused(void)
{
    deny(SYS_socket, 0, AF_INET6, EAFNOSUPPORT);
    for (int i = 0; i < 3; i++) {
        const struct hostent *found = gethostbyname("both.example");
        assert_non_null(found);
        printf("%s ", text_of(*(struct in_addr *)(void *)found->h_addr_list[0]));
    }
}

/* One that knows an alias already. */
static void connect_where_refused(void)
{
    const struct hostent *found = gethostbyname("one6.example");
    assert_non_null(found);
    struct in_addr alias = *(struct in_addr *)(void *)found->h_addr_list[0];
    deny(SYS_socket, 0, AF_INET6, EACCES);
    for (int i = 0; i < 3; i++) {
        struct sockaddr_in to = ipv4_of(alias, PORT);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
        close(fd);
    }
}

/* ---- Tests */

static const char *log_of(const char *part, const char *setting, const char *second)
{
    const char *variables[] = {setting, second, NULL};
    const struct part_result *result = part_run(part, setting != NULL ? variables : NULL);
    if (result->status != 0)
        fail_msg("%s: status %#x, %s", part, (unsigned)result->status, result->complaints);
    return result->complaints;
}

static unsigned count(const char *text, const char *word)
{
    unsigned found = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        found++;
    return found;
}

static void assert_says(const char *log, const char *word, unsigned times)
{
    if (count(log, word) != times)
        fail_msg("not %u times '%s' in:\n%s", times, word, log);
}

static void test_served_port_was_not_told(void **state)
{
    (void)state;
    const char *log = log_of("serve_all", "V6SHIM_LOG=info", NULL);
    assert_says(log, "TCP port 24660 serves IPv6 too (descriptor ", 1);
    assert_says(log, "UDP port 24660 serves IPv6 too (descriptor ", 1);
    assert_says(log, ", [::]:24660)\n", 2);
    log = log_of("serve_all", "V6SHIM_LOG=info", "V6SHIM_LISTEN=inet6");
    assert_says(log, "port 24660 serves IPv6 in place of IPv4 (descriptor ", 2);
    assert_string_equal(log_of("serve_all", NULL, NULL), "");
}

static void test_taken_ipv6_side_was_not_told(void **state)
{
    (void)state;
    const char *log = log_of("serve_where_taken", NULL, NULL);
    assert_says(log, "TCP port 24660 serves IPv4 only: another socket has its IPv6 side", 1);
    assert_says(log, "\n", 1);
    assert_string_equal(log_of("serve_where_taken", "V6SHIM_LISTEN=inet", NULL), "");
}

static void test_refused_ipv6_was_not_told(void **state)
{
    (void)state;
    const char *log = log_of("serve_where_refused", NULL, NULL);
    assert_says(log, "TCP port 24660 serves IPv4 only: no IPv6 socket can be made: Address family not supported", 1);
    assert_says(log, "UDP port 24660 serves IPv4 only: no IPv6 socket can be made", 1);
    assert_says(log, "needs AF_INET6 in RestrictAddressFamilies=", 2);
    assert_says(log, "\n", 2);
}

static void test_options_that_stay_were_not_told(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    const char *log = log_of("serve_where_options_stay", NULL, NULL);
    assert_says(log, "TCP port 24660 serves IPv4 only: what the program set on its socket can't be set on", 1);
    assert_says(log, "\n", 1);
}

static void test_log_was_flooded(void **state)
{
    (void)state;
    const char *log = log_of("serve_in_a_loop_where_refused", NULL, NULL);
    assert_true(count(log, "serves IPv4 only") > 0);
    assert_true(count(log, "serves IPv4 only") < LOOPS / 2);
}

static void test_warning_was_false(void **state)
{
    (void)state;
    assert_string_equal(log_of("bind_clients_where_refused", NULL, NULL), "");
    assert_string_equal(log_of("serve_one_address", NULL, NULL), "");
    assert_string_equal(log_of("serve_both", NULL, NULL), "");
    assert_string_equal(log_of("serve_both", "V6SHIM_AWARE=no", NULL), "");
}

static void test_decision_against_ipv6_was_not_told(void **state)
{
    (void)state;
    const char *log = log_of("serve_one_address", "V6SHIM_LOG=debug", NULL);
    assert_says(log, "is bound to 127.0.0.1 port 24660 and left to IPv4: that is one address", 1);
    assert_says(log, "is bound to 192.0.2.2 port 24660 and left to IPv4: that is one address", 1);
    log = log_of("serve_all", "V6SHIM_LOG=debug", "V6SHIM_LISTEN=inet");
    assert_says(log, "is bound to 0.0.0.0 port 24660 and left to IPv4: listen is set to inet", 2);
    log = log_of("serve_all", "V6SHIM_LOG=debug", "V6SHIM_AWARE=yes");
    assert_says(log, "is bound to 0.0.0.0 port 24660 and left to IPv4: the program speaks IPv6 itself", 2);
    log = log_of("serve_both", "V6SHIM_LOG=debug", NULL);
    assert_says(log, "port 24660 serves IPv4 only from now on: the program binds its IPv6 side itself", 1);
}

static void test_peers_were_not_told(void **state)
{
    (void)state;
    char alias[INET_ADDRSTRLEN] = "", line[256];
    const char *variables[] = {"V6SHIM_LOG=debug", NULL};
    const struct part_result *result = part_run("accept_peers", variables);
    assert_int_equal(result->status, 0);
    assert_int_equal(sscanf(result->output, "%15s 192.0.2.2", alias), 1);
    snprintf(line, sizeof line, ", shown as %s\n", alias);
    assert_says(result->complaints, "is a connection from 2001:db8::2 port ", 1);
    assert_says(result->complaints, line, 1);
    assert_says(result->complaints, "is a connection from 192.0.2.2 port ", 1);
}

static void test_datagrams_were_not_told(void **state)
{
    (void)state;
    const char *variables[] = {"V6SHIM_LOG=debug", NULL};
    const struct part_result *result = part_run("receive_datagrams", variables);
    char first[INET_ADDRSTRLEN] = "", second[INET_ADDRSTRLEN] = "", third[INET_ADDRSTRLEN] = "", line[256];
    assert_int_equal(result->status, 0);
    assert_int_equal(sscanf(result->output, "%15s %15s %15s", first, second, third), 3);
    snprintf(line, sizeof line, " has a datagram from 2001:db8::2 port %d, shown as %s\n", PORT + 1, first);
    assert_says(result->complaints, line, 1);
    snprintf(line, sizeof line, " has a datagram from 2001:db8::3 port %d, shown as %s\n", PORT + 1, third);
    assert_says(result->complaints, line, 1);
    assert_string_equal(log_of("receive_datagrams", "V6SHIM_LOG=warning", NULL), "");
}

static void test_client_was_not_told_of_refusal(void **state)
{
    (void)state;
    const char *log = log_of("look_up_where_refused", NULL, NULL);
    assert_says(log, "no name gets IPv6 addresses, since no IPv6 socket can be made (a service of systemd", 1);
    assert_says(log, ": Address family not supported by protocol\n", 1);
    assert_says(log, "\n", 1);
    assert_string_equal(log_of("look_up_where_refused", "V6SHIM_FAMILIES=inet", NULL), "");
    assert_string_equal(log_of("look_up_where_refused", "V6SHIM_LOG=error", NULL), "");
    log = log_of("connect_where_refused", NULL, NULL);
    assert_says(log, "no IPv6 socket can be made, IPv4 goes on: Permission denied", 1);
    assert_says(log, "\n", 1);
}

int main(int argc, char **argv)
{
    const struct part parts[] = {
        {"serve_all", serve_all},
        {"serve_where_taken", serve_where_taken},
        {"serve_where_refused", serve_where_refused},
        {"bind_clients_where_refused", bind_clients_where_refused},
        {"serve_in_a_loop_where_refused", serve_in_a_loop_where_refused},
        {"serve_where_options_stay", serve_where_options_stay},
        {"serve_one_address", serve_one_address},
        {"serve_both", serve_both},
        {"accept_peers", accept_peers},
        {"receive_datagrams", receive_datagrams},
        {"look_up_where_refused", look_up_where_refused},
        {"connect_where_refused", connect_where_refused},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_served_port_was_not_told),
        cmocka_unit_test(test_taken_ipv6_side_was_not_told),
        cmocka_unit_test(test_refused_ipv6_was_not_told),
        cmocka_unit_test(test_options_that_stay_were_not_told),
        cmocka_unit_test(test_log_was_flooded),
        cmocka_unit_test(test_warning_was_false),
        cmocka_unit_test(test_decision_against_ipv6_was_not_told),
        cmocka_unit_test(test_peers_were_not_told),
        cmocka_unit_test(test_datagrams_were_not_told),
        cmocka_unit_test(test_client_was_not_told_of_refusal),
    };
    return SUPPORT_MAIN(parts, tests);
}
