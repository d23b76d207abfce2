/* A connection that is relayed: what the program sees of it is what it would see of TCP, and what passes is
 * translated. */
#include "../support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <netinet/ip.h>
#include <netinet/tcp.h>

#include "../deny.h"
#include "conversation.h"

#define OTHER_PORT   2122 /* of a part */
#define ADDRESS_ROOM 64

static uint16_t ftp_port = 21;

/* A client of FTP and its server. */
struct talk {
    int program, server;
    struct in_addr peer;
};

static void connect_in_time(int fd, struct in_addr address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ftp_port), .sin_addr = address};
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    int error = -1;
    socklen_t length = sizeof error;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return;
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(poll(&polled, 1, IN_TIME_MS), 1);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    assert_int_equal(error, 0);
}

/* One for all: connections that have ended keep its port for a minute. */
static int ftp_listener(void)
{
    static int listener = -1;
    if (listener < 0)
        listener = world_listen("2001:db8::1", ftp_port);
    return listener;
}

static struct talk begin(const char *name, int type_flags)
{
    char peer[ADDRESS_ROOM];
    struct talk talk;
    int listener = ftp_listener();
    talk.peer = first_address(name);
    talk.program = socket(AF_INET, SOCK_STREAM | type_flags, 0);
    connect_in_time(talk.program, talk.peer);
    talk.server = world_accept(listener, peer, sizeof peer);
    return talk;
}

static void end(const struct talk *talk)
{
    close(talk->program);
    world_close(talk->server);
}

static void pass_both_ways(const struct talk *talk)
{
    char reply[128];
    const unsigned char *octets = (const unsigned char *)&talk->peer;
    say(talk->server, "220 here\r\n");
    hear(talk->program, "220 here\r\n");
    say(talk->program, "PASV\r\n");
    hear(talk->server, "EPSV\r\n");
    say(talk->server, "229 go on (|||5001|)\r\n");
    snprintf(reply, sizeof reply, "(%u,%u,%u,%u,19,137)", octets[0], octets[1], octets[2], octets[3]);
    char text[256] = "";
    struct pollfd polled = {.fd = talk->program, .events = POLLIN};
    while (strchr(text, '\n') == NULL && poll(&polled, 1, IN_TIME_MS) == 1)
        assert_true(read(talk->program, text + strlen(text), sizeof text - 1 - strlen(text)) > 0);
    assert_memory_equal(text, "227 ", 4);
    assert_non_null(strstr(text, reply));
}

static void test_passive_mode_was_not_translated(void **state)
{
    (void)state;
    const char *const names[] = {"one6.example", "two6.example"};
    for (size_t i = 0; i < 2; i++)
        for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
            struct talk talk = begin(names[i], flags);
            pass_both_ways(&talk);
            end(&talk);
        }
}

static void test_socket_looked_like_another_one(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    struct sockaddr_in name;
    struct sockaddr_storage from;
    socklen_t length = sizeof name;
    static const struct {
        int name, expected;
    } options[] = {{SO_DOMAIN, AF_INET}, {SO_TYPE, SOCK_STREAM}, {SO_PROTOCOL, IPPROTO_TCP}, {SO_ERROR, 0}};
    assert_int_equal(getpeername(talk.program, (struct sockaddr *)&name, &length), 0);
    assert_int_equal(length, sizeof name);
    assert_int_equal(name.sin_family, AF_INET);
    assert_string_equal(text_of(name.sin_addr), text_of(talk.peer));
    assert_int_equal(ntohs(name.sin_port), ftp_port);
    length = sizeof name;
    assert_int_equal(getsockname(talk.program, (struct sockaddr *)&name, &length), 0);
    assert_int_equal(name.sin_family, AF_INET);
    assert_true(is_alias(name.sin_addr));
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int value = -1;
        length = sizeof value;
        assert_int_equal(getsockopt(talk.program, SOL_SOCKET, options[i].name, &value, &length), 0);
        assert_int_equal(value, options[i].expected);
    }
    name = ipv4_at("192.0.2.9", ftp_port);
    assert_int_equal(connect(talk.program, (struct sockaddr *)&name, sizeof name), -1);
    assert_int_equal(errno, EISCONN);
    assert_int_equal(sendto(talk.program, "a\r\n", 3, 0, (struct sockaddr *)&name, sizeof name), 3);
    hear(talk.server, "a\r\n");
    say(talk.server, "220 b\r\n");
    char byte;
    length = sizeof from;
    assert_int_equal(recvfrom(talk.program, &byte, 1, 0, (struct sockaddr *)&from, &length), 1);
    assert_int_equal(length, 0);
    end(&talk);
}

static void test_options_of_tcp_failed(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    int on = 1, tos = IPTOS_LOWDELAY, value = 0;
    struct tcp_info info;
    socklen_t length = sizeof value;
    assert_int_equal(setsockopt(talk.program, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    assert_int_equal(getsockopt(talk.program, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
    assert_int_equal(value, 1);
    assert_int_equal(setsockopt(talk.program, IPPROTO_IP, IP_TOS, &tos, sizeof tos), 0);
    assert_int_equal(setsockopt(talk.program, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on), 0);
    length = sizeof info;
    assert_int_equal(getsockopt(talk.program, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
    errno = NO_ERROR;
    assert_int_equal(setsockopt(talk.program, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &on, sizeof on), -1);
    assert_int_equal(errno, ENOPROTOOPT);
    end(&talk);
}

/* Each half ends by itself, after all that was sent in it. */
static void test_end_of_one_half_ended_the_other(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    say(talk.program, "QUIT\r\n");
    assert_int_equal(shutdown(talk.program, SHUT_WR), 0);
    hear(talk.server, "QUIT\r\n");
    hear_end(talk.server);
    say(talk.server, "221 bye\r\n");
    hear(talk.program, "221 bye\r\n");
    shutdown(talk.server, SHUT_WR);
    hear_end(talk.program);
    end(&talk);
}

static void test_reset_was_not_told(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    struct linger at_once = {.l_onoff = 1};
    assert_int_equal(setsockopt(talk.server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    world_close(talk.server);
    hear_end(talk.program);
    close(talk.program);
}

#define LINES 20000

/* Of a program that writes and ends at once, nothing is lost. */
static void test_end_of_program_lost_data(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < LINES; i++)
            dprintf(talk.program, "NOOP %d\r\n", i);
        _exit(0);
    }
    close(talk.program);
    for (int i = 0; i < LINES; i++) {
        char line[32];
        snprintf(line, sizeof line, "NOOP %d\r\n", i);
        hear(talk.server, line);
    }
    hear_end(talk.server);
    assert_int_equal(waitpid(child, NULL, 0), child);
    world_close(talk.server);
}

/* Who doesn't read stops who writes, in both directions: little is kept on the way. */
static void test_back_pressure_was_missing(void **state)
{
    (void)state;
    static char block[65536];
    struct talk talk = begin("one6.example", SOCK_NONBLOCK);
    long written = 0;
    memset(block, 'x', sizeof block);
    struct pollfd polled = {.fd = talk.program, .events = POLLOUT};
    while (poll(&polled, 1, 300) == 1) {
        ssize_t piece = write(talk.program, block, sizeof block);
        if (piece > 0)
            written += piece;
        assert_true(written < 64L * 1024 * 1024);
    }
    assert_true(written > 0);
    polled = (struct pollfd){.fd = talk.server, .events = POLLIN};
    for (long got = 0; got < written;) {
        if (poll(&polled, 1, IN_TIME_MS) != 1)
            fail_msg("%ld bytes were written, %ld came", written, got);
        ssize_t piece = read(talk.server, block, sizeof block);
        assert_true(piece > 0);
        got += piece;
    }
    end(&talk);
}

/* A program that reads nothing is still heard. */
static void test_one_direction_stopped_the_other(void **state)
{
    (void)state;
    static char block[65536];
    struct talk talk = begin("one6.example", 0);
    memset(block, 'x', sizeof block);
    memcpy(block, "220 ", strlen("220 "));
    struct pollfd polled = {.fd = talk.server, .events = POLLOUT};
    while (poll(&polled, 1, 300) == 1)
        assert_true(send(talk.server, block, sizeof block, MSG_DONTWAIT) > 0 || errno == EAGAIN);
    say(talk.program, "NOOP\r\n");
    hear(talk.server, "NOOP\r\n");
    end(&talk);
}

/* Over IPv6, no server can reach an IPv4 address of another host, or one that it means something else by. */
static void test_port_of_another_host_was_passed_on(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    char text[256] = "";
    struct pollfd polled = {.fd = talk.program, .events = POLLIN};
    say(talk.server, "220 here\r\n");
    hear(talk.program, "220 here\r\n");
    say(talk.program, "PORT 192,0,2,9,19,137\r\nNOOP\r\n");
    hear(talk.server, "NOOP\r\n");
    while (strchr(text, '\n') == NULL && poll(&polled, 1, IN_TIME_MS) == 1)
        assert_true(read(talk.program, text + strlen(text), sizeof text - 1 - strlen(text)) > 0);
    assert_memory_equal(text, "500 ", 4);
    end(&talk);
}

/* As of a socket that was closed, and not only shut down: what its peer sends then is refused. */
static void test_closed_connection_went_on(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    close(talk.program);
    hear_end(talk.server);
    errno = 0;
    for (int i = 0; i < IN_TIME_MS / 20 && send(talk.server, "x", 1, MSG_NOSIGNAL) == 1; i++)
        poll(NULL, 0, 20);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    world_close(talk.server);
}

static volatile sig_atomic_t children_ended;

static void note_child(int number)
{
    (void)number;
    children_ended++;
}

static void test_program_heard_of_the_relay(void **state)
{
    (void)state;
    int before = open_descriptors();
    signal(SIGCHLD, note_child);
    struct talk talk = begin("one6.example", 0);
    assert_int_equal(open_descriptors(), before + 2);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    end(&talk);
    poll(NULL, 0, 100);
    assert_int_equal(children_ended, 0);
    signal(SIGCHLD, SIG_DFL);
    assert_int_equal(open_descriptors(), before);
}

static void test_urgent_byte_lost_its_place(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    char byte = 0;
    say(talk.program, "\377\364");
    hear(talk.server, "\377\364");
    if (send(talk.program, "\377", 1, MSG_OOB) != 1) {
        assert_int_equal(errno, EOPNOTSUPP); /* a kernel before 5.15 */
        end(&talk);
        return;
    }
    struct pollfd polled = {.fd = talk.server, .events = POLLPRI};
    assert_int_equal(poll(&polled, 1, IN_TIME_MS), 1);
    assert_int_equal(recv(talk.server, &byte, 1, MSG_OOB), 1);
    assert_int_equal((unsigned char)byte, 255);
    say(talk.program, "\362ABOR\r\n");
    hear(talk.server, "\362ABOR\r\n");
    say(talk.server, "225 well");
    hear(talk.program, "225 well");
    assert_int_equal(send(talk.server, "!", 1, MSG_OOB), 1);
    polled = (struct pollfd){.fd = talk.program, .events = POLLPRI};
    assert_int_equal(poll(&polled, 1, IN_TIME_MS), 1);
    assert_int_equal(recv(talk.program, &byte, 1, MSG_OOB), 1);
    assert_int_equal(byte, '!');
    end(&talk);
}

static void test_epoll_lost_the_socket(void **state)
{
    (void)state;
    char peer[ADDRESS_ROOM];
    int listener = ftp_listener(), epoll = epoll_create1(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(ftp_port), .sin_addr = first_address("one6.example")};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u64 = 4711}, seen;
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(epoll_wait(epoll, &seen, 1, IN_TIME_MS), 1);
    assert_int_equal(seen.events, EPOLLOUT);
    assert_int_equal(seen.data.u64, 4711);
    int server = world_accept(listener, peer, sizeof peer);
    event.events = EPOLLIN;
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event), 0);
    say(server, "220 here\r\n");
    assert_int_equal(epoll_wait(epoll, &seen, 1, IN_TIME_MS), 1);
    hear(fd, "220 here\r\n");
    close(fd);
    close(epoll);
    world_close(server);
}

/* The program's own children, too. */
static void test_child_lost_the_connection(void **state)
{
    (void)state;
    struct talk talk = begin("one6.example", 0);
    pid_t child = fork();
    if (child == 0) {
        pass_both_ways(&talk);
        _exit(0);
    }
    close(talk.program);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    hear_end(talk.server);
    world_close(talk.server);
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

/* What the program has set before it connects holds afterwards. */
static void test_options_from_before_were_lost(void **state)
{
    (void)state;
    const struct timeval limit = {.tv_usec = 200000};
    struct timeval read_limit = {0};
    socklen_t length = sizeof read_limit;
    const int on = 1;
    struct talk talk = {.peer = first_address("one6.example"), .program = socket(AF_INET, SOCK_STREAM, 0)};
    char peer[ADDRESS_ROOM], byte;
    int listener = ftp_listener();
    assert_int_equal(setsockopt(talk.program, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(setsockopt(talk.program, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(setsockopt(talk.program, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on), 0);
    connect_in_time(talk.program, talk.peer);
    talk.server = world_accept(listener, peer, sizeof peer);
    assert_int_equal(getsockopt(talk.program, SOL_SOCKET, SO_RCVTIMEO, &read_limit, &length), 0);
    assert_int_equal(read_limit.tv_usec, limit.tv_usec);
    assert_int_equal(option_of(talk.program, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(read(talk.program, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    while (write(talk.program, peer, sizeof peer) > 0) {
    }
    assert_int_equal(errno, EAGAIN);
    end(&talk);
}

/* Where no process can be made, FTP is as it was without a relay. */
static void connect_without_relay(void)
{
    ftp_port = OTHER_PORT;
    deny(SYS_clone, 0, 0, EAGAIN);
    struct talk talk = begin("one6.example", 0);
    assert_int_equal(option_of(talk.program, SOL_SOCKET, SO_OOBINLINE), 0);
    assert_int_equal(option_of(talk.program, SOL_SOCKET, SO_KEEPALIVE), 0);
    assert_int_equal(option_of(talk.program, IPPROTO_TCP, TCP_NODELAY), 0);
    say(talk.program, "PASV\r\n");
    hear(talk.server, "PASV\r\n");
    say(talk.server, "502 no\r\n");
    hear(talk.program, "502 no\r\n");
    int size = 0;
    socklen_t length = sizeof size;
    assert_int_equal(getsockopt(talk.program, IPPROTO_TCP, TCP_MAXSEG, &size, &length), 0);
    assert_true(size > 0); /* the kernel's own answer */
    end(&talk);
    puts("talked");
}

static void test_connection_was_lost_without_a_process(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    const struct part_result *result = part_run("without-relay", NULL);
    if (result->status != 0)
        fail_msg("%s", result->complaints);
    assert_string_equal(result->output, "talked\n");
    assert_non_null(strstr(result->complaints, "FTP"));
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"without-relay", connect_without_relay}, {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passive_mode_was_not_translated),
        cmocka_unit_test(test_socket_looked_like_another_one),
        cmocka_unit_test(test_options_of_tcp_failed),
        cmocka_unit_test(test_options_from_before_were_lost),
        cmocka_unit_test(test_end_of_one_half_ended_the_other),
        cmocka_unit_test(test_reset_was_not_told),
        cmocka_unit_test(test_end_of_program_lost_data),
        cmocka_unit_test(test_back_pressure_was_missing),
        cmocka_unit_test(test_one_direction_stopped_the_other),
        cmocka_unit_test(test_port_of_another_host_was_passed_on),
        cmocka_unit_test(test_closed_connection_went_on),
        cmocka_unit_test(test_program_heard_of_the_relay),
        cmocka_unit_test(test_urgent_byte_lost_its_place),
        cmocka_unit_test(test_epoll_lost_the_socket),
        cmocka_unit_test(test_child_lost_the_connection),
        cmocka_unit_test(test_connection_was_lost_without_a_process),
    };
    setenv("V6SHIM_FTP_PORTS", "21 2122", 1);
    return SUPPORT_MAIN(parts, tests);
}
