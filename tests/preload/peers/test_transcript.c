/* A server's connections and datagrams: lengths in and out, flags, errors, and the ways to serve (transcript.h). */
#include "../transcript.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ROOM      64
#define UNTOUCHED 0xaa
#define WAIT_MS   60000

static const socklen_t rooms[] = {0, 1, 2, 4, 8, 15, 16, 17, 28, 40, (socklen_t)-1};
#define ROOMS (sizeof rooms / sizeof rooms[0])

static long world_connects(int type, const char *to4, const char *to6, uint16_t port)
{
    bool loopback = strcmp(to6, "::1") == 0;
    long fd = world_socket(type, loopback ? to4 : "192.0.2.2", loopback ? to6 : "2001:db8::2");
    struct sockaddr_in to = ipv4_at(to4, port);
    struct sockaddr_in6 to_ipv6 = ipv6_at(to6, port);
    if ((over_ipv6() ? syscall(SYS_connect, fd, &to_ipv6, sizeof to_ipv6)
                     : syscall(SYS_connect, fd, &to, sizeof to)) != 0)
        printf("client: %s\n", error_name(errno));
    return fd;
}

static long client_of(int type, uint16_t port)
{
    return world_connects(type, "192.0.2.1", "2001:db8::1", port);
}

/* What stands in a buffer that had room for so much, and that nothing stands behind it. */
static void say_address(const char *buffer, socklen_t room, socklen_t length)
{
    struct sockaddr_in address = {.sin_family = AF_UNSPEC};
    size_t written = room < sizeof address ? room : sizeof address;
    bool touched = false;
    memcpy(&address, buffer, written);
    for (size_t i = written; i < ROOM; i++)
        touched |= (unsigned char)buffer[i] != UNTOUCHED;
    printf("  length %u, family %d, %s%s\n", length, written >= 2 ? address.sin_family : -1,
           written >= 8 ? shown(address.sin_addr) : "", touched ? ", written beyond" : "");
}

typedef int get_name(int fd, struct sockaddr *restrict address, socklen_t *restrict length);

static void say_names(int fd)
{
    static get_name *const both[] = {getpeername, getsockname};
    for (size_t i = 0; i < ROOMS; i++)
        for (int which = 0; which < 2; which++) {
            char buffer[ROOM];
            socklen_t length = rooms[i];
            memset(buffer, UNTOUCHED, sizeof buffer);
            int result = both[which](fd, (struct sockaddr *)buffer, &length);
            say(which == 0 ? "getpeername" : "getsockname", result);
            if (result == 0)
                say_address(buffer, rooms[i], length);
        }
}

static void say_accepted(int listener)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    struct pollfd ready = {listener, POLLIN, 0};
    if (poll(&ready, 1, WAIT_MS) != 1) {
        printf("nobody came\n");
        return;
    }
    int fd = accept(listener, (struct sockaddr *)&peer, &length);
    printf("accepted %d, %u, %s", fd >= 0, length, shown(peer.sin_addr));
    getpeername(fd, (struct sockaddr *)&peer, &length);
    printf(", %s\n", shown(peer.sin_addr));
    close(fd);
}

/* ---- Connections */

static void part_accept(void)
{
    uint16_t port = 0;
    int listener = listening(SOCK_STREAM, 0, &port);
    for (size_t i = 0; i < ROOMS; i++)
        for (int newer = 0; newer < 2; newer++) {
            long client = client_of(SOCK_STREAM, port);
            char buffer[ROOM];
            socklen_t length = rooms[i];
            memset(buffer, UNTOUCHED, sizeof buffer);
            struct sockaddr *address = (struct sockaddr *)buffer;
            int fd = newer ? accept4(listener, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC)
                           : accept(listener, address, &length);
            say("accept", fd < 0 ? -1 : 0);
            if (fd >= 0) {
                printf("  flags %d %d\n", fcntl(fd, F_GETFL) & O_NONBLOCK, fcntl(fd, F_GETFD));
                say_address(buffer, rooms[i], length);
                if (i == 0 && newer)
                    say_names(fd);
                close(fd);
            }
            syscall(SYS_close, client);
        }
    long client = client_of(SOCK_STREAM, port);
    socklen_t length = 5;
    say("accept without an address", accept(listener, NULL, &length) < 0 ? -1 : (long)length);
    client_of(SOCK_STREAM, port);
    say("accept without anything", accept4(listener, NULL, NULL, 0) < 0 ? -1 : 0);
    say("accept with bad flags", accept4(listener, NULL, NULL, 0x12345));
    syscall(SYS_close, client);
}

/* A client that has gone before it was accepted. */
static void part_gone(void)
{
    uint16_t port = 0;
    int listener = listening(SOCK_STREAM, 0, &port);
    long client = client_of(SOCK_STREAM, port);
    struct linger reset = {.l_onoff = 1};
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    syscall(SYS_setsockopt, client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    syscall(SYS_close, client);
    int fd = accept(listener, (struct sockaddr *)&peer, &length);
    printf("%d %u %s\n", fd >= 0, length, shown(peer.sin_addr));
    say("getpeername", getpeername(fd, (struct sockaddr *)&peer, &length));
    say("getsockname", getsockname(fd, (struct sockaddr *)&peer, &length));
    printf("%s\n", shown(peer.sin_addr));
}

static void part_ways_to_serve(void)
{
    uint16_t port = 0;
    int listener = listening(SOCK_STREAM, SO_REUSEADDR, &port), copy = dup(listener);
    long client = client_of(SOCK_STREAM, port);
    say_accepted(copy);
    syscall(SYS_close, client);
    client = world_connects(SOCK_STREAM, "127.0.0.1", "::1", port);
    say_accepted(listener);
    syscall(SYS_close, client);
    client = client_of(SOCK_STREAM, port);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        say_accepted(listener);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    syscall(SYS_close, client);
    close(copy);
    close(listener);
    listener = listening(SOCK_STREAM, SO_REUSEADDR, &port); /* while the old connections linger */
    struct sockaddr_in local = ipv4_at("0.0.0.0", 0);
    say("bind it again", bind(listener, (struct sockaddr *)&local, sizeof local));
    int other = socket(AF_INET, SOCK_STREAM, 0);
    local.sin_port = htons(port);
    say("bind another one", bind(other, (struct sockaddr *)&local, sizeof local));
    say("bind with a short address", bind(other, (struct sockaddr *)&local, 8));
}

static void part_epoll_before_bind(void)
{
    struct sockaddr_in local = ipv4_at("0.0.0.0", 0);
    socklen_t length = sizeof local;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), set = epoll_create1(EPOLL_CLOEXEC), events;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 7};
    epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
    bind(listener, (struct sockaddr *)&local, sizeof local);
    listen(listener, 5);
    getsockname(listener, (struct sockaddr *)&local, &length);
    long client = client_of(SOCK_STREAM, ntohs(local.sin_port));
    do
        events = epoll_wait(set, &event, 1, WAIT_MS);
    while (events == 1 && (event.events & EPOLLIN) == 0); /* EPOLLHUP of the time before listen() */
    printf("%d %u\n", events, event.data.u32);
    say_accepted(listener);
    syscall(SYS_close, client);
}

static void part_listen_without_bind(void)
{
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    say("listen", listen(listener, 5));
    getsockname(listener, (struct sockaddr *)&local, &length);
    long client = client_of(SOCK_STREAM, ntohs(local.sin_port));
    say_accepted(listener);
    syscall(SYS_close, client);
}

/* A server that offers a second port on the address that it was called at, and calls its client, as FTP does. */
static void part_second_connection(void)
{
    uint16_t port = 0;
    int listener = listening(SOCK_STREAM, 0, &port);
    struct sockaddr_in local, peer;
    socklen_t length = sizeof local;
    long client = client_of(SOCK_STREAM, port);
    int fd = accept(listener, NULL, NULL), second = socket(AF_INET, SOCK_STREAM, 0);
    say("getsockname", getsockname(fd, (struct sockaddr *)&local, &length));
    say("getpeername", getpeername(fd, (struct sockaddr *)&peer, &length));
    local.sin_port = 0;
    say("bind", bind(second, (struct sockaddr *)&local, sizeof local));
    say("listen", listen(second, 1));
    say("getsockname", getsockname(second, (struct sockaddr *)&local, &length));
    printf("%s\n", shown(local.sin_addr));
    long data = client_of(SOCK_STREAM, ntohs(local.sin_port));
    say_accepted(second);
    peer.sin_port = htons(9); /* where nobody listens */
    int back = socket(AF_INET, SOCK_STREAM, 0);
    say("connect", connect(back, (struct sockaddr *)&peer, sizeof peer));
    syscall(SYS_close, client);
    syscall(SYS_close, data);
}

/* ---- Datagrams */

static void part_receive(void)
{
    uint16_t port = 0;
    int server = listening(SOCK_DGRAM, 0, &port);
    long client = world_socket(SOCK_DGRAM, "192.0.2.2", "2001:db8::2");
    for (size_t i = 0; i < ROOMS; i++)
        for (int way = 0; way < 3; way++) {
            char buffer[ROOM], data[8];
            struct iovec part = {data, sizeof data};
            struct mmsghdr message = {
                .msg_hdr = {.msg_name = buffer, .msg_namelen = rooms[i], .msg_iov = &part, .msg_iovlen = 1}};
            socklen_t length = rooms[i];
            memset(buffer, UNTOUCHED, sizeof buffer);
            world_sends(client, "word", port);
            long got = way == 0   ? recvfrom(server, data, sizeof data, 0, (struct sockaddr *)buffer, &length)
                       : way == 1 ? recvmsg(server, &message.msg_hdr, 0)
                                  : recvmmsg(server, &message, 1, 0, NULL);
            say(way == 0 ? "recvfrom" : way == 1 ? "recvmsg" : "recvmmsg", got);
            if (got >= 0)
                say_address(buffer, rooms[i], way == 0 ? length : message.msg_hdr.msg_namelen);
            while (recv(server, data, sizeof data, MSG_DONTWAIT) >= 0)
                ; /* what a bad length has left there */
        }
    syscall(SYS_close, client);
}

/* Answers from the socket that was asked, from one of their own that is connected (tftpd), and from a fresh one. */
static void answer(const char *to4, const char *to6)
{
    uint16_t port = 0;
    int server = listening(SOCK_DGRAM, SO_REUSEADDR, &port);
    bool loopback = strcmp(to6, "::1") == 0;
    long client = world_socket(SOCK_DGRAM, loopback ? to4 : "192.0.2.2", loopback ? to6 : "2001:db8::2");
    struct sockaddr_in to = ipv4_at(to4, port), peer = {0};
    struct sockaddr_in6 to_ipv6 = ipv6_at(to6, port);
    socklen_t length = sizeof peer;
    char data[8];
    assert_int_equal(over_ipv6() ? syscall(SYS_sendto, client, "word", 4, 0, &to_ipv6, sizeof to_ipv6)
                                 : syscall(SYS_sendto, client, "word", 4, 0, &to, sizeof to),
                     4);
    recvfrom(server, data, sizeof data, 0, (struct sockaddr *)&peer, &length);
    printf("from %s\n", shown(peer.sin_addr));
    say("sendto", sendto(server, "one", 3, 0, (struct sockaddr *)&peer, sizeof peer));
    world_hears(client);
    int own = socket(AF_INET, SOCK_DGRAM, 0), fresh = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in local = ipv4_at("0.0.0.0", 0);
    say("bind", bind(own, (struct sockaddr *)&local, sizeof local));
    say("connect", connect(own, (struct sockaddr *)&peer, sizeof peer));
    say("send", send(own, "two", 3, 0));
    world_hears(client);
    say("sendto", sendto(fresh, "three", 5, 0, (struct sockaddr *)&peer, sizeof peer));
    world_hears(client);
    say("connect", connect(server, (struct sockaddr *)&peer, sizeof peer));
    say("send", send(server, "four", 4, 0));
    world_hears(client);
    syscall(SYS_close, client);
}

static void part_answers(void)
{
    answer("192.0.2.1", "2001:db8::1");
}

static void part_answers_on_loopback(void)
{
    answer("127.0.0.1", "::1");
}

TRANSCRIPT(accept)
TRANSCRIPT(gone)
TRANSCRIPT(ways_to_serve)
TRANSCRIPT(epoll_before_bind)
TRANSCRIPT(listen_without_bind)
TRANSCRIPT(second_connection)
TRANSCRIPT(receive)
TRANSCRIPT(answers)
TRANSCRIPT(answers_on_loopback)

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"accept", part_accept},
        {"gone", part_gone},
        {"ways_to_serve", part_ways_to_serve},
        {"epoll_before_bind", part_epoll_before_bind},
        {"listen_without_bind", part_listen_without_bind},
        {"second_connection", part_second_connection},
        {"receive", part_receive},
        {"answers", part_answers},
        {"answers_on_loopback", part_answers_on_loopback},
        {NULL, NULL},
    };
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_ways_to_serve),
        cmocka_unit_test(test_epoll_before_bind),
        cmocka_unit_test(test_listen_without_bind),
        cmocka_unit_test(test_second_connection),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_on_loopback),
    };
    return SUPPORT_MAIN(parts, tests);
}
