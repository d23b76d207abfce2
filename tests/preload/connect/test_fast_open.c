/* TCP Fast Open: MSG_FASTOPEN and TCP_FASTOPEN_CONNECT to names of which one address is dead. */
#include "../support.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/syscall.h>

#define TCP_PORT  7211
#define DATA_SIZE 64

/* The alias among the addresses of a name, or its first address where there is none. */
static struct in_addr alias_among(const char *name)
{
    const struct hostent *host = gethostbyname(name);
    struct in_addr address = {0};
    assert_non_null(host);
    for (int i = 0; host->h_addr_list[i] != NULL && !is_alias(address); i++)
        memcpy(&address, host->h_addr_list[i], sizeof address);
    return address;
}

/* A connection to a name, with a word in it, by sendto() or sendmsg(). */
static long open_with(int fd, const char *name, bool by_message, int flags)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(TCP_PORT), .sin_addr = alias_among(name)};
    struct iovec part = {.iov_base = (char[]){'w', 'o', 'r', 'd'}, .iov_len = 4};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    errno = NO_ERROR;
    return by_message ? sendmsg(fd, &message, MSG_FASTOPEN | flags)
                      : sendto(fd, "word", 4, MSG_FASTOPEN | flags, (struct sockaddr *)&to, sizeof to);
}

static const char *name_of(int error)
{
    return error == NO_ERROR ? "untouched" : error_name(error);
}

/* The answer says who gave it: a server that has closed the connection has no name any more. */
static void print_answer(int fd)
{
    char data[DATA_SIZE] = "";
    ssize_t got = read(fd, data, sizeof data - 1);
    printf("%s; ", got > 0 ? data : "no answer");
}

static const char *const names[] = {"both.example", "half-hole.example"};

static void blocking(void)
{
    for (int i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        long sent = open_with(fd, names[i % 2], i >= 2, 0);
        printf("%ld %s ", sent, name_of(errno));
        print_answer(fd);
    }
}

static void nonblocking(void)
{
    for (int i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        long sent = open_with(fd, names[i % 2], i >= 2, 0);
        printf("%ld %s ", sent, name_of(errno));
        struct pollfd polled = {.fd = fd, .events = POLLOUT};
        poll(&polled, 1, -1);
        fcntl(fd, F_SETFL, 0);
        printf("%ld ", (long)send(fd, "word", 4, 0));
        print_answer(fd);
        printf("\n");
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    long sent = open_with(fd, "half-hole.example", false, MSG_DONTWAIT);
    printf("%d ", sent == 4 || (sent == -1 && errno == EINPROGRESS));
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    poll(&polled, 1, -1);
    if (sent != 4)
        send(fd, "word", 4, 0);
    print_answer(fd);
    printf("\n");
}

static void refused(void)
{
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        long sent = open_with(fd, i == 0 ? "one6.example" : "noroute6.example", false, 0);
        printf("%ld %s; ", sent, name_of(errno));
    }
}

/* The cookie of the IPv6 address is known when nobody is there any more. */
static void deferred(void)
{
    int on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(TCP_PORT), .sin_addr = alias_among(names[0])};
    for (int i = 0; i < 3; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on), 0);
        printf("%d ", connect(fd, (struct sockaddr *)&to, sizeof to));
        printf("%ld ", (long)send(fd, "word", 4, MSG_NOSIGNAL));
        print_answer(fd);
        fflush(stdout);
    }
}

/* ---- The world */

/* Answers so many connections, and then there is no server any more; -1 is for ever. */
static pid_t serve_so_many(int server, int count, const char *answer)
{
    int queue = 5;
    syscall(SYS_setsockopt, server, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof queue);
    pid_t child = fork();
    if (child != 0)
        return child;
    for (int left = count; left != 0; left--) {
        char data[DATA_SIZE];
        long fd = syscall(SYS_accept4, server, NULL, NULL, 0);
        long size = syscall(SYS_read, fd, data, sizeof data);
        if (left == 1)
            syscall(SYS_close, server); /* before the answer, so that the client finds it so */
        if (size > 0)
            syscall(SYS_write, fd, answer, strlen(answer));
        syscall(SYS_close, fd);
    }
    for (;;)
        pause();
}

static pid_t serve(int server)
{
    return serve_so_many(server, -1, "IPv4");
}

static int set_up(void **state)
{
    (void)state;
    return system("echo 3 >/proc/sys/net/ipv4/tcp_fastopen");
}

static void test_dead_ipv6_took_the_name_with_it(void **state)
{
    (void)state;
    int server = world_listen("192.0.2.1", TCP_PORT);
    pid_t child = serve(server);
    assert_string_equal(part_output("blocking", NULL), "4 untouched IPv4; 4 untouched IPv4; "
                                                       "4 untouched IPv4; 4 untouched IPv4; ");
    assert_string_equal(part_output("nonblocking", NULL), "-1 EINPROGRESS 4 IPv4; \n"
                                                          "-1 EINPROGRESS 4 IPv4; \n"
                                                          "-1 EINPROGRESS 4 IPv4; \n"
                                                          "-1 EINPROGRESS 4 IPv4; \n"
                                                          "1 IPv4; \n");
    world_stop(child);
    world_close(server);
}

/* The second finds the cookie, and the third nobody. */
static void test_cookie_of_dead_ipv6_was_an_answer(void **state)
{
    (void)state;
    int server4 = world_listen("192.0.2.1", TCP_PORT);
    pid_t child4 = serve(server4);
    int server6 = world_listen("2001:db8::1", TCP_PORT); /* which the other one doesn't hold */
    pid_t child6 = serve_so_many(server6, 2, "IPv6");
    world_close(server6);
    assert_string_equal(part_output("deferred", NULL), "0 4 IPv6; 0 4 IPv6; 0 4 IPv4; ");
    world_stop(child6);
    world_stop(child4);
    world_close(server4);
}

static void test_failure_was_none_of_connect(void **state)
{
    (void)state;
    assert_string_equal(part_output("refused", NULL), "-1 ECONNREFUSED; -1 ENETUNREACH; ");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"blocking", blocking}, {"nonblocking", nonblocking}, {"refused", refused}, {"deferred", deferred},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        /* Before a history says that its IPv6 address is dead. */
        cmocka_unit_test_setup(test_cookie_of_dead_ipv6_was_an_answer, set_up),
        cmocka_unit_test_setup(test_dead_ipv6_took_the_name_with_it, set_up),
        cmocka_unit_test(test_failure_was_none_of_connect),
    };
    return SUPPORT_MAIN(parts, tests);
}
