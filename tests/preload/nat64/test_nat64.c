/* IPv4 addresses without a route, through a NAT64 prefix: whatever the call, with the program's buffers and errno. */
#include "../support.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define PREFIX    "2001:db8:64::/96"
#define ASKED     "203.0.113.1"            /* noroute4.example */
#define INSIDE    "2001:db8:64::cb00:7101" /* the same through the prefix: an address of lo */
#define TCP_PORT  7201
#define UDP_PORT  7202
#define DATA_SIZE 64

static const char *const with_prefix[] = {"V6SHIM_NAT64=" PREFIX, NULL};
static const char *const with_private[] = {"V6SHIM_NAT64=" PREFIX, "V6SHIM_NAT64_PRIVATE=yes", NULL};
static const char *const without_private[] = {"V6SHIM_NAT64=" PREFIX, "V6SHIM_NAT64_PRIVATE=no", NULL};
static const char *const well_known[] = {"V6SHIM_NAT64=64:ff9b::/96", NULL};
static const char *const well_known_private[] = {"V6SHIM_NAT64=64:ff9b::/96", "V6SHIM_NAT64_PRIVATE=yes", NULL};
static const char *const ipv4_alone[] = {"V6SHIM_NAT64=" PREFIX, "V6SHIM_FAMILIES=inet", NULL};
static const char *const switched_off[] = {"V6SHIM_NAT64=off", NULL};

static int datagrams;

static int set_up(void **state)
{
    static bool done;
    (void)state;
    if (done)
        return 0;
    done = true;
    if (system("ip address add " INSIDE "/128 dev lo nodad && ip -6 route add local " PREFIX " dev lo") != 0)
        return -1;
    world_listen(INSIDE, TCP_PORT);
    datagrams = world_datagrams(INSIDE, UDP_PORT);
    return 0;
}

static void print_result(const char *what, long result)
{
    printf("%s %s errno %s\n", what, result >= 0 ? "ok" : "failed",
           errno == NO_ERROR ? "untouched" : error_name(errno));
}

static void print_peer(int fd)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    int result = getpeername(fd, (struct sockaddr *)&peer, &length);
    printf("peer %d %d %s %d\n", result, (int)length, text_of(peer.sin_addr), ntohs(peer.sin_port));
}

static long connect_with(int fd, const char *address, uint16_t port)
{
    struct sockaddr_in to = ipv4_at(address, port);
    errno = NO_ERROR;
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

/* ---- TCP */

static void blocking(void)
{
    int free_number = lowest_free_number(), fd = socket(AF_INET, SOCK_STREAM, 0);
    print_result("connect", connect_with(fd, ASKED, TCP_PORT));
    print_peer(fd);
    printf("family %d, number %s, %d more descriptor\n", socket_family(fd), fd == free_number ? "kept" : "changed",
           lowest_free_number() - free_number);
    struct sockaddr_in local = {0};
    socklen_t length = sizeof local;
    getsockname(fd, (struct sockaddr *)&local, &length);
    printf("local %s\n", is_alias(local.sin_addr) ? "alias" : text_of(local.sin_addr));
    print_result("again", connect_with(fd, ASKED, TCP_PORT));
}

static void test_blocking_connect(void **state)
{
    (void)state;
    assert_string_equal(part_output("blocking", with_prefix),
                        "connect ok errno untouched\npeer 0 16 " ASKED " 7201\n"
                        "family 10, number kept, 1 more descriptor\nlocal alias\nagain failed errno EISCONN\n");
}

static void nonblocking(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    long result = connect_with(fd, ASKED, TCP_PORT);
    printf("%s\n", result == 0 || errno == EINPROGRESS ? "under way" : error_name(errno));
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    printf("poll %d, still non-blocking %d\n", poll(&ready, 1, 60000), (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    print_peer(fd);
    /* As Perl asks for success. */
    print_result("again", connect_with(fd, ASKED, TCP_PORT));
    print_peer(fd);
}

static void test_nonblocking_connect(void **state)
{
    (void)state;
    assert_string_equal(part_output("nonblocking", with_prefix),
                        "under way\npoll 1, still non-blocking 1\npeer 0 16 " ASKED " 7201\n"
                        "again ok errno untouched\npeer 0 16 " ASKED " 7201\n");
}

static void by_name(void)
{
    struct in_addr address = first_address("noroute4.example");
    printf("%s\n", text_of(address));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    print_result("connect", connect_with(fd, text_of(address), TCP_PORT));
    print_peer(fd);
}

static void test_name_with_ipv4_alone(void **state)
{
    (void)state;
    assert_string_equal(part_output("by_name", with_prefix),
                        ASKED "\nconnect ok errno untouched\npeer 0 16 " ASKED " 7201\n");
}

static void refused(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    print_result("connect", connect_with(fd, ASKED, 9));
    print_result("second", connect_with(fd, ASKED, TCP_PORT));
}

static void test_refusal_is_told_and_the_socket_used_again(void **state)
{
    (void)state;
    assert_string_equal(part_output("refused", with_prefix),
                        "connect failed errno ECONNREFUSED\nsecond ok errno untouched\n");
}

static void of_an_aware_program(void)
{
    close(socket(AF_INET6, SOCK_DGRAM, 0));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    print_result("connect", connect_with(fd, ASKED, TCP_PORT));
    print_peer(fd);
}

static void test_aware_program(void **state)
{
    (void)state;
    assert_string_equal(part_output("of_an_aware_program", with_prefix),
                        "connect ok errno untouched\npeer 0 16 " ASKED " 7201\n");
}

/* ---- What may not go through */

static void elsewhere(void)
{
    static const char *const addresses[] = {ASKED, "10.9.9.9", "169.254.9.9", "240.64.9.9"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        print_result(addresses[i], connect_with(fd, addresses[i], 9));
        printf("family %d\n", socket_family(fd));
        close(fd);
    }
}

#define STAYS(address) address " failed errno ENETUNREACH\nfamily 2\n"
#define GOES(address)  address " failed errno ECONNREFUSED\nfamily 10\n"

/* A prefix of the network's own leads to the network's private addresses; the well-known one never does (RFC 6052).
 */
static void test_private_addresses(void **state)
{
    (void)state;
    const char *all = GOES(ASKED) GOES("10.9.9.9") STAYS("169.254.9.9") STAYS("240.64.9.9");
    const char *none = STAYS(ASKED) STAYS("10.9.9.9") STAYS("169.254.9.9") STAYS("240.64.9.9");
    assert_string_equal(part_output("elsewhere", with_prefix), all);
    assert_string_equal(part_output("elsewhere", with_private), all);
    assert_string_equal(part_output("elsewhere", without_private),
                        GOES(ASKED) STAYS("10.9.9.9") STAYS("169.254.9.9") STAYS("240.64.9.9"));
    /* Whoever asks for the impossible is told so, once. */
    const struct part_result *result = part_run("elsewhere", well_known_private);
    assert_string_equal(result->output, none);
    const char *told =
        strstr(result->complaints, "10.9.9.9 is not reached through NAT64: 64:ff9b::/96 carries global");
    assert_non_null(told);
    assert_null(strstr(strchr(told, '\n'), "is not reached"));
    /* So is whoever could reach it with another prefix; not who doesn't want it. */
    result = part_run("elsewhere", well_known);
    assert_string_equal(result->output, none);
    told = strstr(result->complaints, "10.9.9.9 is not reached through NAT64: 64:ff9b::/96 carries global");
    assert_non_null(told);
    assert_null(strstr(strchr(told, '\n'), "is not reached"));
    assert_null(strstr(part_run("elsewhere", without_private)->complaints, "is not reached"));
}

/* With a route, a private address means the host that the route leads to, though it is silent. */
static void worker_thread_a_route(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    long result = connect_with(fd, "10.9.8.7", TCP_PORT);
    const char *error = error_name(errno);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int count = poll(&ready, 1, getenv("V6SHIM_NAT64_PRIVATE") != NULL ? 20000 : 1000);
    printf("%s, ready %d, family %d\n", result < 0 ? error : "connected", count, socket_family(fd));
}

static void test_private_address_with_a_route_went_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(system("ip address add 2001:db8:64::a09:807/128 dev lo nodad && "
                            "ip route add 10.9.8.0/24 via 198.51.100.2"),
                     0);
    int waiting = world_listen("2001:db8:64::a09:807", TCP_PORT);
    assert_string_equal(part_output("beside_a_route", with_prefix), "EINPROGRESS, ready 0, family 2\n");
    assert_string_equal(part_output("beside_a_route", with_private), "EINPROGRESS, ready 1, family 10\n");
    world_close(waiting);
    assert_int_equal(system("ip route del 10.9.8.0/24 via 198.51.100.2"), 0);
}

static void test_switched_off(void **state)
{
    (void)state;
    const char *nothing = STAYS(ASKED) STAYS("10.9.9.9") STAYS("169.254.9.9") STAYS("240.64.9.9");
    assert_string_equal(part_output("elsewhere", switched_off), nothing);
    assert_string_equal(part_output("elsewhere", ipv4_alone), nothing);
}

/* ---- UDP */

static void answer_to(int fd, const char *what)
{
    char data[DATA_SIZE] = "";
    struct sockaddr_in from = {0};
    socklen_t length = sizeof from;
    ssize_t size = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length);
    printf("%s: %zd \"%s\" from %s %d, %d bytes\n", what, size, data, text_of(from.sin_addr), ntohs(from.sin_port),
           (int)length);
}

static void unconnected(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval limit = {.tv_sec = 60};
    struct sockaddr_in to = ipv4_at(ASKED, UDP_PORT);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    errno = NO_ERROR;
    print_result("sendto", sendto(fd, "one", 3, 0, (struct sockaddr *)&to, sizeof to));
    answer_to(fd, "recvfrom");
    struct iovec part = {.iov_base = (char[]){'t', 'w', 'o'}, .iov_len = 3};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    errno = NO_ERROR;
    print_result("sendmsg", sendmsg(fd, &message, 0));
    answer_to(fd, "recvfrom");
    int fresh = socket(AF_INET, SOCK_DGRAM, 0);
    struct mmsghdr several[] = {{.msg_hdr = message}, {.msg_hdr = message}};
    errno = NO_ERROR;
    int sent = 0;
    while (sent < 2) {
        int more = sendmmsg(fresh, several + sent, (unsigned)(2 - sent), 0);
        if (more <= 0)
            break;
        sent += more;
    }
    print_result("sendmmsg", sent == 2 ? 0 : -1);
    printf("sizes %u %u\n", several[0].msg_len, several[1].msg_len);
}

static void connected_udp(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval limit = {.tv_sec = 60};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    print_result("connect", connect_with(fd, ASKED, UDP_PORT));
    print_peer(fd);
    send(fd, "six", 3, 0);
    answer_to(fd, "recvfrom");
}

/* Echoes so many datagrams in a child, while a part runs. */
static pid_t echo(int count)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    while (count-- > 0) {
        char data[DATA_SIZE];
        struct sockaddr_in6 from;
        socklen_t length = sizeof from;
        ssize_t size = recvfrom(datagrams, data, sizeof data, 0, (struct sockaddr *)&from, &length);
        if (size >= 0)
            sendto(datagrams, data, (size_t)size, 0, (struct sockaddr *)&from, length);
    }
    _exit(0);
}

static void test_datagrams(void **state)
{
    (void)state;
    pid_t child = echo(4);
    const char *output = part_output("unconnected", with_prefix);
    assert_string_equal(output, "sendto ok errno untouched\nrecvfrom: 3 \"one\" from " ASKED " 7202, 16 bytes\n"
                                "sendmsg ok errno untouched\nrecvfrom: 3 \"two\" from " ASKED " 7202, 16 bytes\n"
                                "sendmmsg ok errno untouched\nsizes 3 3\n");
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_connected_datagrams(void **state)
{
    (void)state;
    pid_t child = echo(1);
    assert_string_equal(part_output("connected_udp", with_prefix),
                        "connect ok errno untouched\npeer 0 16 " ASKED " 7202\n"
                        "recvfrom: 3 \"six\" from " ASKED " 7202, 16 bytes\n");
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- Who comes in */

static void server(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof local;
    bind(fd, (struct sockaddr *)&local, sizeof local);
    getsockname(fd, (struct sockaddr *)&local, &length);
    int peer = world_datagrams(INSIDE, 0);
    struct sockaddr_in6 to = ipv6_at("2001:db8::1", ntohs(local.sin_port));
    sendto(peer, "hello", 5, 0, (struct sockaddr *)&to, sizeof to);
    struct sockaddr_in from = {0};
    char data[DATA_SIZE];
    length = sizeof from;
    recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length);
    printf("%s\n", is_alias(from.sin_addr) ? "alias" : text_of(from.sin_addr));
}

static void test_peer_that_came_in_is_an_alias(void **state)
{
    (void)state;
    assert_string_equal(part_output("server", with_prefix), "alias\n");
}

/* Says whom a datagram from inside the prefix is shown as, on the number `fd`. */
static void hear_stranger(const char *what, int fd)
{
    int peer = world_datagrams(INSIDE, 0);
    struct timeval limit = {.tv_sec = 60};
    struct sockaddr_in6 to = ipv6_at("2001:db8::1", world_port(fd));
    struct sockaddr_in from = {0};
    socklen_t length = sizeof from;
    char data[DATA_SIZE];
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sendto(peer, "hello", 5, 0, (struct sockaddr *)&to, sizeof to);
    ssize_t size = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length);
    printf("%s: %s\n", what, size < 0 ? "nothing" : is_alias(from.sin_addr) ? "alias" : text_of(from.sin_addr));
    world_close(peer);
}

static int bound_datagrams(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = ipv4_at("0.0.0.0", port);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    return fd;
}

static void marks(void)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    struct sockaddr_in to = ipv4_at(ASKED, UDP_PORT);
    int fd = bound_datagrams(7300), asking = bound_datagrams(0), other = bound_datagrams(0),
        behind = bound_datagrams(0);
    assert_int_equal(connect_with(fd, ASKED, UDP_PORT), 0);
    assert_int_equal(connect(fd, &nowhere, sizeof nowhere), 0);
    hear_stranger("dissolved", fd);
    assert_int_equal(sendto(asking, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    hear_stranger("asked", asking);
    hear_stranger("another socket", other);
    close(asking);
    assert_int_equal(bound_datagrams(0), asking);
    hear_stranger("the next of that number", asking);
    /* By a system call that we don't see. */
    assert_int_equal(connect_with(behind, ASKED, UDP_PORT), 0);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(world_port(behind))};
    long next = syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
    int on = 1;
    setsockopt(behind, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    syscall(SYS_setsockopt, next, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    syscall(SYS_bind, next, &any, sizeof any);
    syscall(SYS_dup3, next, behind, 0);
    hear_stranger("dissolved behind our back", behind);
}

static void test_marks_ended_with_the_connection(void **state)
{
    (void)state;
    assert_string_equal(part_output("marks", with_prefix),
                        "dissolved: alias\nasked: " ASKED "\nanother socket: alias\n"
                        "the next of that number: alias\ndissolved behind our back: alias\n");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"blocking", blocking},
        {"nonblocking", nonblocking},
        {"by_name", by_name},
        {"refused", refused},
        {"of_an_aware_program", of_an_aware_program},
        {"elsewhere", elsewhere},
        {"beside_a_route", worker_thread_a_route},
        {"unconnected", unconnected},
        {"connected_udp", connected_udp},
        {"server", server},
        {"marks", marks},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_blocking_connect, set_up),
        cmocka_unit_test_setup(test_nonblocking_connect, set_up),
        cmocka_unit_test_setup(test_name_with_ipv4_alone, set_up),
        cmocka_unit_test_setup(test_refusal_is_told_and_the_socket_used_again, set_up),
        cmocka_unit_test_setup(test_aware_program, set_up),
        cmocka_unit_test_setup(test_private_addresses, set_up),
        cmocka_unit_test_setup(test_private_address_with_a_route_went_elsewhere, set_up),
        cmocka_unit_test_setup(test_switched_off, set_up),
        cmocka_unit_test_setup(test_datagrams, set_up),
        cmocka_unit_test_setup(test_connected_datagrams, set_up),
        cmocka_unit_test_setup(test_peer_that_came_in_is_an_alias, set_up),
        cmocka_unit_test_setup(test_marks_ended_with_the_connection, set_up),
    };
    return SUPPORT_MAIN(parts, tests);
}
