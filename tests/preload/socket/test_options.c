/* Options and modes of sockets, as an IPv4 socket has them, on sockets that are of IPv6 or are raced. */
#include "../support.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>

#define HALF       "half-hole.example" /* its IPv6 address never answers, its IPv4 one does */
#define IN_TIME_MS 20000

/* ---- Levels that a socket doesn't know */

static void say_levels(const char *what, int fd)
{
    static const int levels[] = {500, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_IPV6, IPPROTO_ICMP, IPPROTO_IP, IPPROTO_RAW};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        int value = 0;
        socklen_t length = sizeof value;
        errno = NO_ERROR;
        int got = getsockopt(fd, levels[i], 9999, &value, &length);
        printf("%s, level %d: get %d %s, ", what, levels[i], got, error_name(errno));
        errno = NO_ERROR;
        int set = setsockopt(fd, levels[i], 9999, &value, sizeof value);
        printf("set %d %s\n", set, error_name(errno));
    }
}

static void levels(void)
{
    struct sockaddr_in any = ipv4_at("0.0.0.0", 0);
    int listener = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 1) != 0 ||
        bind(datagrams, (struct sockaddr *)&any, sizeof any) != 0)
        printf("no socket\n");
    say_levels("listener", listener);
    say_levels("datagrams", datagrams);
    struct sockaddr_in hole = ipv4_at("198.51.100.2", 7001);
    const struct hostent *host = gethostbyname("hole-both.example");
    if (host != NULL)
        memcpy(&hole.sin_addr, host->h_addr_list[0], sizeof hole.sin_addr);
    int going = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect(going, (struct sockaddr *)&hole, sizeof hole) != -1 || errno != EINPROGRESS)
        printf("not under way\n");
    say_levels("going", going);
}

static void test_unknown_level_had_the_error_of_an_ipv6_socket(void **state)
{
    (void)state;
    char bare[PART_OUTPUT_SIZE];
    const struct part_result *result = part_run_bare("levels");
    assert_int_equal(result->status, 0);
    snprintf(bare, sizeof bare, "%s", result->output);
    assert_non_null(strstr(bare, "listener, level 500: get -1 EOPNOTSUPP, set -1 ENOPROTOOPT"));
    assert_string_equal(part_output("levels", NULL), bare);
}

/* ---- Modes of a connection that is under way. Each part in a process that knows nothing of the silent address. */

static int connect_to_half(void)
{
    struct sockaddr_in to = ipv4_at("0.0.0.0", world_port(world_listen("192.0.2.1", 0)));
    to.sin_addr = first_address(HALF);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != -1 || errno != EINPROGRESS)
        printf("not under way, ");
    return fd;
}

static void say_mode(int fd, unsigned long request, void *argument)
{
    errno = NO_ERROR;
    int result = ioctl(fd, request, argument);
    printf("%d %s, ", result, errno == NO_ERROR ? "untouched" : error_name(errno));
    printf("%sblocking, ", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 ? "non-" : "");
}

static void say_outcome(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    int error = -1, ready = poll(&polled, 1, IN_TIME_MS);
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    printf("ready %d, error %d", ready, error);
}

static void nonblocking_again(void)
{
    int fd = connect_to_half(), on = 1;
    say_mode(fd, FIONBIO, &on);
    say_outcome(fd);
}

static void no_signals_again(void)
{
    int fd = connect_to_half(), off = 0;
    say_mode(fd, FIOASYNC, &off);
    say_outcome(fd);
}

static void bad_pointer(void)
{
    int fd = connect_to_half();
    say_mode(fd, FIONBIO, (void *)(intptr_t)-1);
    say_outcome(fd);
}

static void blocking(void)
{
    int fd = connect_to_half(), off = 0;
    say_mode(fd, FIONBIO, &off);
    printf("%s", socket_family(fd) == AF_UNIX ? "placeholder" : "attempt");
}

static const char *output_of(const char *part)
{
    static char variable[512];
    snprintf(variable, sizeof variable, "V6SHIM_STATE_DIR=%s/%s", getenv("TEST_DIR"), part);
    const char *const variables[] = {variable, NULL};
    return part_output(part, variables);
}

/* Libraries set the mode once more for good measure: it is no reason to stay with the silent address. */
static void test_mode_that_was_set_already_ended_the_race(void **state)
{
    (void)state;
    assert_string_equal(output_of("nonblocking_again"), "0 untouched, non-blocking, ready 1, error 0");
    assert_string_equal(output_of("no_signals_again"), "0 untouched, non-blocking, ready 1, error 0");
}

static void test_mode_was_read_where_the_kernel_would_not(void **state)
{
    (void)state;
    if (under_sanitizer("")) /* which follows the pointer */
        skip();
    assert_string_equal(output_of("bad_pointer"), "-1 EFAULT, non-blocking, ready 1, error 0");
}

static void test_blocking_mode_was_lost(void **state)
{
    (void)state;
    assert_string_equal(output_of("blocking"), "0 untouched, blocking, attempt");
}

static void test_interface_address_was_read_as_an_ipv6_request(void **state)
{
    (void)state;
    struct sockaddr_in any = ipv4_at("0.0.0.0", 0), address = ipv4_at("192.0.2.77", 0);
    struct ifreq request = {.ifr_name = "lo:7"};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(socket_family(fd), AF_INET6);
    memcpy(&request.ifr_addr, &address, sizeof address);
    errno = NO_ERROR;
    assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
    assert_int_equal(errno, NO_ERROR);
    assert_int_equal(ioctl(fd, SIOCGIFADDR, &request), 0);
    memcpy(&address, &request.ifr_addr, sizeof address);
    assert_string_equal(text_of(address.sin_addr), "192.0.2.77");
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"levels", levels},
                                        {"nonblocking_again", nonblocking_again},
                                        {"no_signals_again", no_signals_again},
                                        {"bad_pointer", bad_pointer},
                                        {"blocking", blocking},
                                        {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interface_address_was_read_as_an_ipv6_request),
        cmocka_unit_test(test_unknown_level_had_the_error_of_an_ipv6_socket),
        cmocka_unit_test(test_mode_that_was_set_already_ended_the_race),
        cmocka_unit_test(test_mode_was_read_where_the_kernel_would_not),
        cmocka_unit_test(test_blocking_mode_was_lost),
    };
    return SUPPORT_MAIN(parts, tests);
}
