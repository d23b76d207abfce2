/*
 * Many connections at once, half of each family, held by an old epoll server under the shim. Usage: crowd NUMBER
 *
 * All are made and held; then each asks twice, in another order the second time, and is answered with what it asked
 * and the address that the server was shown; then all end. Nothing may be lost: no connection, answer or end of one,
 * and no peer may be shown as another one.
 *
 * The clients are a child on system calls of its own. Needs 2001:db8::1 and 192.0.2.1, and as many descriptors as
 * connections: the limit is raised as far as it goes, and the number is lowered to it, with a word.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NUMBER_LARGEST = 30000, /* ports of one address are twice as many */
    OTHER_DESCRIPTORS = 50,
    EVENTS = 256,
    BACKLOG = 4096,
    PATIENCE_S = 100,
};

struct question {
    uint32_t number, turn;
};

struct answer {
    struct question question;
    struct in_addr shown;
};

static void die(const char *what)
{
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    _exit(1);
}

/* ---- The server */

static struct in_addr peers[NUMBER_LARGEST + OTHER_DESCRIPTORS]; /* by descriptor */

static void welcome(int listener, int set, unsigned *accepted)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int fd;
    while ((fd = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (fd >= (int)(sizeof peers / sizeof peers[0]) || epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0)
            die("epoll_ctl");
        peers[fd] = peer.sin_addr;
        ++*accepted;
        length = sizeof peer;
    }
    if (errno != EAGAIN)
        die("accept");
}

/* False at the end of the connection. */
static bool answer(int fd)
{
    struct answer answer;
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    ssize_t got = recv(fd, &answer.question, sizeof answer.question, 0);
    if (got == 0)
        return false;
    if (got != sizeof answer.question || getpeername(fd, (struct sockaddr *)&peer, &length) != 0 ||
        peer.sin_addr.s_addr != peers[fd].s_addr)
        die("question");
    answer.shown = peer.sin_addr;
    if (send(fd, &answer, sizeof answer, 0) != sizeof answer)
        die("answer");
    return true;
}

static int serve(int listener, unsigned count)
{
    unsigned accepted = 0, ended = 0, most = 0;
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[EVENTS] = {{.events = EPOLLIN, .data.fd = listener}};
    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, listener, &events[0]) != 0)
        die("epoll");
    while (ended < count) {
        int ready = epoll_wait(set, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener) {
                welcome(listener, set, &accepted);
            } else if (!answer(events[i].data.fd)) {
                close(events[i].data.fd);
                ended++;
            }
        }
        if (accepted - ended > most)
            most = accepted - ended;
    }
    printf("%u accepted, %u held at once, %u ended\n", accepted, most, ended);
    return accepted != count || most != count;
}

/* ---- The clients */

static long connect_client(bool ipv6, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 to_ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
    inet_pton(AF_INET6, "2001:db8::1", &to_ipv6.sin6_addr);
    long fd = syscall(SYS_socket, ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (fd < 0 ||
        (ipv6 ? syscall(SYS_connect, fd, &to_ipv6, sizeof to_ipv6) : syscall(SYS_connect, fd, &to, sizeof to)) != 0)
        die("connect");
    return fd;
}

static unsigned ask_all(const long *clients, unsigned count, uint32_t turn, struct in_addr shown[2])
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned number = turn == 0 ? i : count - 1 - i;
        struct question question = {number, turn};
        struct answer got;
        if (syscall(SYS_sendto, clients[number], &question, sizeof question, 0, NULL, 0) != sizeof question ||
            syscall(SYS_recvfrom, clients[number], &got, sizeof got, MSG_WAITALL, NULL, NULL) != sizeof got)
            die("conversation");
        struct in_addr *expected = &shown[number % 2];
        if (expected->s_addr == 0)
            *expected = got.shown;
        wrong += memcmp(&got.question, &question, sizeof question) != 0 || got.shown.s_addr != expected->s_addr;
    }
    return wrong;
}

static int run_clients(unsigned count, uint16_t port)
{
    static long clients[NUMBER_LARGEST];
    struct in_addr shown[2] = {{0}, {0}}; /* even ones are of IPv4 */
    char text[INET_ADDRSTRLEN];
    for (unsigned i = 0; i < count; i++)
        clients[i] = connect_client(i % 2 != 0, port);
    unsigned wrong = ask_all(clients, count, 0, shown) + ask_all(clients, count, 1, shown);
    for (unsigned i = 0; i < count; i++)
        syscall(SYS_close, clients[i]);
    bool ipv4_as_it_is = strcmp(inet_ntop(AF_INET, &shown[0], text, sizeof text), "192.0.2.1") == 0;
    printf("%u wrong answers; IPv4 peers are shown %s\n", wrong, ipv4_as_it_is ? "as they are" : text);
    printf("IPv6 peers are shown as %s\n", inet_ntop(AF_INET, &shown[1], text, sizeof text));
    return wrong != 0 || !ipv4_as_it_is || strncmp(text, "240.", 4) != 0;
}

/* How many connections there can be. */
static unsigned make_room(unsigned wanted)
{
    struct rlimit limit = {wanted + OTHER_DESCRIPTORS, wanted + OTHER_DESCRIPTORS};
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted + OTHER_DESCRIPTORS)
        return wanted;
    unsigned count = (unsigned)(limit.rlim_cur - OTHER_DESCRIPTORS) & ~1u;
    printf("no more than %u connections: the limit of descriptors is %lu\n", count, (unsigned long)limit.rlim_cur);
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    struct sockaddr_in local = {.sin_family = AF_INET};
    socklen_t length = sizeof local;
    int status = 1;
    if (count < 2 || count > NUMBER_LARGEST) {
        fprintf(stderr, "usage: crowd NUMBER, from 2 to %d\n", NUMBER_LARGEST);
        return 2;
    }
    count = make_room(count);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&local, sizeof local) != 0 ||
        listen(listener, BACKLOG) != 0 || getsockname(listener, (struct sockaddr *)&local, &length) != 0)
        die("server");
    pid_t clients = fork();
    alarm(PATIENCE_S);
    if (clients == 0)
        exit(run_clients(count, ntohs(local.sin_port)));
    int failed = serve(listener, count);
    waitpid(clients, &status, 0);
    return failed || status != 0;
}
