/*
 * How connections to a name with several addresses end: when its addresses fail, and when what a race needs (numbers,
 * memory, system calls that a sandbox may refuse) can't be had. A program may see what it would have seen without the
 * library: a TCP socket that is connected, or one that has failed with an error that it knows.
 */
#include "deny.h"
#include "support.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOBODY     1     /* a port at which nobody listens */
#define PATIENT_MS 60000 /* less than the kernel's two minutes for an address that is silent */

/* Without a history, in which IPv6 would be known to be dead by the second connection. */
#define NO_HISTORY "V6SHIM_STATE_DIR=/proc/none", "V6SHIM_LOG=quiet"

static const char *const plain[] = {NO_HISTORY, NULL};
static const char *const soon[] = {NO_HISTORY, "V6SHIM_SILENCE_LIMIT=300", NULL};

/* Looked up once: a lookup needs more than some parts leave. */
static struct in_addr address_of(const char *name)
{
    static char known[64];
    static struct in_addr address;
    struct hostent *host = strcmp(known, name) != 0 ? gethostbyname(name) : NULL;
    if (host != NULL) {
        memcpy(&address, host->h_addr_list[0], sizeof address);
        snprintf(known, sizeof known, "%s", name);
    }
    return address;
}

static int go(int fd, const char *name, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address_of(name)};
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

/* What became of it: the name of an error, or the address of the peer. */
static void tell(int fd, int error)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    if (error != 0)
        printf("%s\n", strerrorname_np(error));
    else if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        printf("connected, no peer: %s\n", strerrorname_np(errno));
    else
        printf("connected to %s\n", is_alias(peer.sin_addr) ? "an alias" : text_of(peer.sin_addr));
}

static void blocking(const char *name, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    tell(fd, go(fd, name, port) == 0 ? 0 : errno);
    close(fd);
}

/* Waits for the end of connect() as programs do. */
static int finish(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    int error = ETIME;
    socklen_t length = sizeof error;
    if (poll(&polled, 1, PATIENT_MS) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    return error;
}

static void nonblocking(const char *name, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int error = go(fd, name, port) == 0 ? 0 : errno;
    tell(fd, error == EINPROGRESS ? finish(fd) : error);
    close(fd);
}

static void both_ways(const char *name, uint16_t port)
{
    alarm(PATIENT_MS / 1000);
    blocking(name, port);
    nonblocking(name, port);
}

/* ---- One candidate's failure is its own */

static void part_prohibited(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    both_ways("forbidden6.example", world_port(waiting));
}

static void test_prohibited_address_ended_the_connect(void **state)
{
    (void)state;
    static const char *const in_order[] = {NO_HISTORY, "V6SHIM_CONNECT=order", NULL};
    assert_string_equal(part_output("prohibited", plain), "connected to 192.0.2.1\nconnected to 192.0.2.1\n");
    assert_string_equal(part_output("prohibited", in_order), "connected to 192.0.2.1\nconnected to 192.0.2.1\n");
}

static void part_prohibited_and_refused(void)
{
    both_ways("forbidden6.example", NOBODY);
}

static void test_prohibited_address_hid_a_refusal(void **state)
{
    (void)state;
    assert_string_equal(part_output("prohibited_and_refused", plain), "ECONNREFUSED\nECONNREFUSED\n");
}

/* ---- When IPv4 has been refused, silence of IPv6 isn't waited for as long as the kernel does */

static void part_silent(void)
{
    both_ways("half-hole.example", NOBODY);
}

static void test_refused_program_waited_for_the_kernel(void **state)
{
    (void)state;
    assert_string_equal(part_output("silent", soon), "ECONNREFUSED\nECONNREFUSED\n");
}

/* A program that goes through the list of a name comes to the alias when the IPv4 address has refused. */
static void part_walk(void)
{
    struct hostent *host = gethostbyname("half-hole.example");
    alarm(PATIENT_MS / 1000);
    for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK)
        for (char **address = host->h_addr_list; *address != NULL; address++) {
            struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(NOBODY)};
            memcpy(&to.sin_addr, *address, sizeof to.sin_addr);
            int fd = socket(AF_INET, SOCK_STREAM | (address == host->h_addr_list ? 0 : flags), 0);
            int error = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
            printf("%s\n", strerrorname_np(error == EINPROGRESS ? finish(fd) : error));
        }
}

static void test_walk_to_a_silent_alias_waited_for_the_kernel(void **state)
{
    (void)state;
    assert_string_equal(part_output("walk", soon), "ECONNREFUSED\nETIMEDOUT\nECONNREFUSED\nECONNREFUSED\n");
}

static void part_silent_in_order(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval limit = {0};
    socklen_t length = sizeof limit;
    alarm(PATIENT_MS / 1000);
    tell(fd, go(fd, "half-hole.example", NOBODY) == 0 ? 0 : errno);
    getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &length);
    printf("%ld.%06ld\n", (long)limit.tv_sec, (long)limit.tv_usec);
    int waiting = world_listen("192.0.2.1", 0);
    tell(fd, go(fd, "one4.example", world_port(waiting)) == 0 ? 0 : errno);
}

static void test_refused_program_waited_for_the_kernel_in_order(void **state)
{
    (void)state;
    static const char *const in_order[] = {NO_HISTORY, "V6SHIM_SILENCE_LIMIT=300", "V6SHIM_CONNECT=order",
                                           "V6SHIM_PREFER=ipv4", NULL};
    assert_string_equal(part_output("silent_in_order", in_order), "ECONNREFUSED\n0.000000\nconnected to 192.0.2.1\n");
}

/* ---- What a race needs can't be had: the program's IPv4 address is reached as without the library */

#define HALF "half-hole.example" /* IPv6 is silent, IPv4 answers */

static void limit_numbers(int limit)
{
    struct rlimit numbers = {.rlim_cur = (rlim_t)limit, .rlim_max = 4096};
    if (setrlimit(RLIMIT_NOFILE, &numbers) != 0)
        perror("setrlimit");
}

/* High numbers as well. */
static int all_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 4096; fd++)
        count += syscall(SYS_fcntl, fd, F_GETFD) >= 0;
    return count;
}

static void part_few_numbers(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    address_of(HALF);
    for (int room = 1; room < 6; room++) {
        limit_numbers(lowest_free_number() + room);
        both_ways(HALF, world_port(waiting));
        limit_numbers(4096);
    }
}

static void test_silent_ipv6_had_the_last_number(void **state)
{
    (void)state;
    for (const char *output = part_output("few_numbers", plain); *output != '\0'; output = strchr(output, '\n') + 1)
        assert_memory_equal(output, "connected to 192.0.2.1\n", 23);
}

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

static const struct sandbox {
    const char *name;
    long call;
    int argument;
    unsigned value;
    int error;
} sandboxes[] = {
    {"ppoll", SYS_ppoll, ANY_ARGUMENT, 0, EPERM},
    {"SO_COOKIE", SYS_getsockopt, 2, SO_COOKIE, ENOPROTOOPT},
    {"SO_COOKIE and no reason", SYS_getsockopt, 2, SO_COOKIE, EPERM},
    {"IPv6 only", SYS_setsockopt, 2, IPV6_V6ONLY, EPERM},
    {"IPv6 sockets", SYS_socket, 0, AF_INET6, EPERM},
    {"pairs of sockets", SYS_socketpair, ANY_ARGUMENT, 0, EPERM},
    {"epoll_create1", SYS_epoll_create1, ANY_ARGUMENT, 0, EMFILE},
    {"epoll_ctl", SYS_epoll_ctl, ANY_ARGUMENT, 0, ENOMEM},
    {"dup3", SYS_dup3, ANY_ARGUMENT, 0, ENOSYS},
    {"threads", SYS_clone3, ANY_ARGUMENT, 0, EAGAIN},
    {"F_SETFL", SYS_fcntl, 1, F_SETFL, EPERM},
    {"high numbers", SYS_fcntl, 1, F_DUPFD_CLOEXEC, EINVAL},
    {"SO_RCVBUF of the placeholder", SYS_setsockopt, 2, SO_SNDBUF, EPERM},
};
#define SANDBOXES (sizeof sandboxes / sizeof sandboxes[0])

static const struct sandbox *chosen_sandbox(void)
{
    return &sandboxes[atoi(getenv("SANDBOX"))];
}

static void enter_sandbox(const struct sandbox *sandbox)
{
    deny(sandbox->call, sandbox->argument, sandbox->value, sandbox->error);
}

/* Twice: the first time the thread of races may have made descriptors of its own. */
static void connect_in_sandbox(uint16_t port)
{
    enter_sandbox(chosen_sandbox());
    both_ways(HALF, port);
    int before = all_descriptors();
    both_ways(HALF, port);
    if (all_descriptors() != before)
        printf("%d descriptors leaked\n", all_descriptors() - before);
}

static void part_denied(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    address_of(HALF);
    connect_in_sandbox(world_port(waiting));
}

/* The same where the thread of races runs already, and has a race. */
static void part_denied_later(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    alarm(PATIENT_MS / 1000);
    go(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "hole-both.example", 7001);
    connect_in_sandbox(world_port(waiting));
}

static void test_sandbox_cost_a_connection(void **state)
{
    (void)state;
    if (filters_hang() || under_sanitizer(""))
        skip();
    static const char *const names[] = {"denied", "denied_later"};
    for (size_t i = 0; i < 2 * SANDBOXES; i++) {
        char variable[32];
        snprintf(variable, sizeof variable, "SANDBOX=%zu", i / 2);
        const char *const variables[] = {NO_HISTORY, "V6SHIM_ATTEMPT_DELAY=100", variable, NULL};
        const char *output = part_output(names[i % 2], variables);
        for (int connections = 0; connections < 4; connections++, output = strchr(output, '\n') + 1)
            if (strncmp(output, "connected to 192.0.2.1\n", 23) != 0)
                fail_msg("%s, %s: %s", names[i % 2], sandboxes[i / 2].name, output);
        assert_string_equal(output, "");
    }
}

/* ---- A number that no other socket can be put under, since it lies beyond RLIMIT_NOFILE */

static void part_number_beyond_the_limit(void)
{
    int waiting = world_listen("192.0.2.1", 0), low = socket(AF_INET, SOCK_STREAM, 0);
    alarm(PATIENT_MS / 1000);
    address_of(HALF);
    int high = dup2(low, 200);
    close(low);
    limit_numbers(100);
    tell(high, go(high, HALF, world_port(waiting)) == 0 ? 0 : errno);
}

static void test_number_beyond_the_limit_could_not_connect(void **state)
{
    (void)state;
    assert_string_equal(part_output("number_beyond_the_limit", plain), "connected to 192.0.2.1\n");
}

static volatile sig_atomic_t pipes_broken;

static void count_broken_pipe(int number)
{
    (void)number;
    pipes_broken++;
}

#define SAY(call) (errno = 0, (call) < 0 ? printf("%s\n", strerrorname_np(errno)) : printf("done\n"))

static void part_limit_lowered(void)
{
    int low = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), before = all_descriptors();
    struct sockaddr_in name = {.sin_family = AF_UNSPEC};
    socklen_t length = sizeof name;
    alarm(PATIENT_MS / 1000);
    signal(SIGPIPE, count_broken_pipe);
    int fd = dup2(low, 200), waiting = world_listen("192.0.2.1", 0);
    close(low);
    SAY(go(fd, HALF, world_port(waiting)));
    limit_numbers(100);
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    const short end = POLLOUT | POLLHUP;
    poll(&polled, 1, PATIENT_MS);
    for (int tries = 0; tries < PATIENT_MS && (polled.revents & end) != end; tries++) {
        usleep(1000); /* the kernel says that it is gone a moment before it empties its queue */
        poll(&polled, 1, PATIENT_MS);
    }
    printf("%s\n", (polled.revents & end) == end ? "writable, gone" : "?");
    SAY(write(fd, "x", 1));
    printf("%d\n", pipes_broken);
    tell(fd, finish(fd));
    SAY(getpeername(fd, (struct sockaddr *)&name, &length));
    SAY(getsockname(fd, (struct sockaddr *)&name, &length));
    printf("%d\n", name.sin_family == AF_INET);
    SAY(go(fd, HALF, world_port(waiting)));
    close(fd);
    close(waiting);
    limit_numbers(4096);
    /* One less, and two of the thread of races. */
    printf("%d\n", all_descriptors() <= before + 1);
}

static void test_limit_lowered_left_a_pair_of_sockets(void **state)
{
    (void)state;
    const struct part_result *result = part_run("limit_lowered", plain);
    assert_int_equal(result->status, 0);
    assert_string_equal(result->output, "EINPROGRESS\nwritable, gone\nECONNRESET\n0\nECONNABORTED\n"
                                        "ENOTCONN\ndone\n1\nECONNABORTED\n1\n");
}

/* A program that sleeps for reading alone is woken by a call that it doesn't make itself. */
static void part_read_only(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    alarm(PATIENT_MS / 1000);
    address_of(HALF);
    deny(SYS_ppoll, ANY_ARGUMENT, 0, EPERM);
    SAY(go(fd, HALF, world_port(waiting)));
    pid_t server = world_serve(waiting);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    printf("%d\n", poll(&polled, 1, PATIENT_MS));
    tell(fd, 0);
    world_stop(server);
}

static void test_sandbox_kept_a_reader_asleep(void **state)
{
    (void)state;
    if (filters_hang() || under_sanitizer(""))
        skip();
    assert_string_equal(part_output("read_only", plain), "EINPROGRESS\n1\nconnected to 192.0.2.1\n");
}

/* ---- What two sockets can't follow ends a race, and who goes on is whom the program would have asked */

static void part_handed_on(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    uint16_t port = world_port(waiting);
    alarm(PATIENT_MS / 1000);
    for (int way = 0; way < 3; way++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        SAY(go(fd, HALF, port));
        if (way == 0)
            close(dup(fd));
        if (way == 1)
            fcntl(fd, F_SETFL, 0);
        fflush(stdout);
        pid_t child = way == 2 ? fork() : 0;
        if (child == 0)
            tell(fd, finish(fd));
        fflush(stdout);
        if (way == 2 && child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
        close(fd);
    }
}

static void test_race_was_handed_to_silent_ipv6(void **state)
{
    (void)state;
    assert_string_equal(part_output("handed_on", plain), "EINPROGRESS\nconnected to 192.0.2.1\n"
                                                         "EINPROGRESS\nconnected to 192.0.2.1\n"
                                                         "EINPROGRESS\nconnected to 192.0.2.1\n");
}

/* A sandbox that gives no proof of who sends a datagram. */
static void part_unproven(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), client = world_datagrams("192.0.2.2", 0);
    struct sockaddr_in at = ipv4_at("0.0.0.0", 0), from = {0};
    socklen_t length = sizeof at;
    char data[8] = "";
    alarm(PATIENT_MS / 1000);
    address_of("one6.example");
    deny_option(SOL_SOCKET, SO_ATTACH_FILTER, EPERM);
    deny_option(IPPROTO_IP, IP_PKTINFO, EPERM);
    SAY(bind(fd, (struct sockaddr *)&at, sizeof at));
    SAY(getsockname(fd, (struct sockaddr *)&at, &length));
    at.sin_addr = ipv4_at("192.0.2.1", 0).sin_addr;
    syscall(SYS_sendto, client, "hello", 5, 0, &at, sizeof at);
    length = sizeof from;
    SAY(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length));
    printf("%s from %s\n", data, text_of(from.sin_addr));
}

static void test_unproven_datagrams_were_lost(void **state)
{
    (void)state;
    if (filters_hang() || under_sanitizer(""))
        skip();
    assert_string_equal(part_output("unproven", plain), "done\ndone\ndone\nhello from 192.0.2.2\n");
}

/* Whatever makes a race collapse, its placeholder has gone. */
static void part_collapsed(void)
{
    for (int way = 0; way < 6; way++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), off = 0, on = 1;
        go(fd, "hole-both.example", 7001);
        bool raced = socket_family(fd) == AF_UNIX;
        int copy = way == 0 ? dup(fd) : -1;
        if (way == 1)
            fcntl(fd, F_SETFL, 0);
        if (way == 2)
            fcntl64(fd, F_SETFL, O_RDWR);
        if (way == 3)
            ioctl(fd, FIONBIO, &off);
        if (way == 4)
            fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
        if (way == 5)
            ioctl(fd, FIOASYNC, &on);
        printf("%d %d\n", raced, socket_family(fd) == AF_UNIX);
        close(copy);
        close(fd);
    }
}

static void test_collapsed_race_left_its_placeholder(void **state)
{
    (void)state;
    assert_string_equal(part_output("collapsed", plain), "1 0\n1 0\n1 0\n1 0\n1 0\n1 0\n");
}

static const struct part parts[] = {
    {"collapsed", part_collapsed},
    {"read_only", part_read_only},
    {"unproven", part_unproven},
    {"few_numbers", part_few_numbers},
    {"denied", part_denied},
    {"denied_later", part_denied_later},
    {"number_beyond_the_limit", part_number_beyond_the_limit},
    {"limit_lowered", part_limit_lowered},
    {"handed_on", part_handed_on},
    {"prohibited", part_prohibited},
    {"prohibited_and_refused", part_prohibited_and_refused},
    {"silent", part_silent},
    {"walk", part_walk},
    {"silent_in_order", part_silent_in_order},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prohibited_address_ended_the_connect),
        cmocka_unit_test(test_prohibited_address_hid_a_refusal),
        cmocka_unit_test(test_refused_program_waited_for_the_kernel),
        cmocka_unit_test(test_walk_to_a_silent_alias_waited_for_the_kernel),
        cmocka_unit_test(test_refused_program_waited_for_the_kernel_in_order),
        cmocka_unit_test(test_silent_ipv6_had_the_last_number),
        cmocka_unit_test(test_sandbox_cost_a_connection),
        cmocka_unit_test(test_number_beyond_the_limit_could_not_connect),
        cmocka_unit_test(test_limit_lowered_left_a_pair_of_sockets),
        cmocka_unit_test(test_race_was_handed_to_silent_ipv6),
        cmocka_unit_test(test_collapsed_race_left_its_placeholder),
        cmocka_unit_test(test_unproven_datagrams_were_lost),
        cmocka_unit_test(test_sandbox_kept_a_reader_asleep),
    };
    return SUPPORT_MAIN(parts, tests);
}
