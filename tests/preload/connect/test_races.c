/* A connection that is raced, call by call: while nobody has answered, and how it ends (race_parts.h). */
#include "../race_parts.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* ---- While nobody has answered */

static void part_waiting(void)
{
    int fd = going(HOLE, 7001);
    SAY(events_of(fd, POLLIN, SHORT_MS));
    SAY(events_of(fd, POLLOUT, SHORT_MS));
    SAY(events_of(fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, SHORT_MS));
    SAY(events_of(fd, 0, SHORT_MS));
    for (int kind = 0; kind < 3; kind++) {
        fd_set sets[3];
        for (int i = 0; i < 3; i++)
            FD_ZERO(&sets[i]);
        FD_SET(fd, &sets[kind]);
        struct timeval limit = {.tv_usec = SHORT_MS * 1000};
        SAY(select(fd + 1, kind == 0 ? &sets[0] : NULL, kind == 1 ? &sets[1] : NULL, kind == 2 ? &sets[2] : NULL,
                   &limit));
        printf("left: %ld, set: %d\n", (long)(limit.tv_sec + limit.tv_usec), FD_ISSET(fd, &sets[kind]) != 0);
    }
    struct pollfd twice[] = {{.fd = fd, .events = POLLIN}, {.fd = fd, .events = POLLOUT}, {.fd = -1}};
    SAY(poll(twice, 3, SHORT_MS));
    int bell = eventfd(1, 0);
    struct pollfd mixed[] = {{.fd = fd, .events = POLLIN}, {.fd = bell, .events = POLLIN}};
    SAY(poll(mixed, 2, IN_TIME_MS));
    printf("%d %d\n", mixed[0].revents, mixed[1].revents);
}

static void part_input_and_output(void)
{
    int fd = going(HOLE, 7001), other[2];
    char bytes[16] = "x";
    struct iovec vector = {.iov_base = bytes, .iov_len = 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    struct mmsghdr messages = {.msg_hdr = message};
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    signal(SIGPIPE, SIG_IGN);
    SAY(read(fd, bytes, sizeof bytes));
    SAY(readv(fd, &vector, 1));
    SAY(recv(fd, bytes, sizeof bytes, MSG_PEEK));
    SAY(recv(fd, bytes, sizeof bytes, MSG_OOB));
    SAY(recv(fd, bytes, sizeof bytes, MSG_ERRQUEUE));
    SAY(recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length));
    SAY(recvmsg(fd, &message, 0));
    SAY(recvmmsg(fd, &messages, 1, 0, NULL));
    SAY(write(fd, bytes, 1));
    SAY(writev(fd, &vector, 1));
    SAY(send(fd, bytes, 1, MSG_NOSIGNAL));
    SAY(sendmsg(fd, &message, MSG_NOSIGNAL));
    SAY(sendmmsg(fd, &messages, 1, MSG_NOSIGNAL));
    SAY(sendto(fd, bytes, 1, MSG_NOSIGNAL, NULL, 0));
    int file = open("/proc/self/exe", O_RDONLY);
    SAY(sendfile(fd, file, NULL, 1));
    SAY(pipe(other));
    SAY(write(other[1], "x", 1));
    SAY(splice(other[0], NULL, fd, NULL, 1, SPLICE_F_NONBLOCK));
    SAY(splice(fd, NULL, other[1], NULL, 1, SPLICE_F_NONBLOCK));
    int count = -1;
    SAY(ioctl(fd, FIONREAD, &count));
    printf("%d\n", count);
    SAY(ioctl(fd, SIOCOUTQ, &count));
    printf("%d\n", count);
    SAY(lseek(fd, 0, SEEK_SET));
    struct stat status;
    SAY(fstat(fd, &status));
    printf("%d\n", S_ISSOCK(status.st_mode));
}

static void part_other_calls(void)
{
    int fd = going(HOLE, 7001);
    struct sockaddr_in name = {.sin_family = AF_UNSPEC}, to = {.sin_family = AF_INET};
    socklen_t length = sizeof name;
    SAY(getpeername(fd, (struct sockaddr *)&name, &length));
    SAY(getsockname(fd, (struct sockaddr *)&name, &length));
    printf("%d, %u, address %d, port %d\n", name.sin_family, length, name.sin_addr.s_addr != 0, name.sin_port != 0);
    SAY(go(fd, HOLE, 7001));
    SAY(go(fd, REFUSING, 7002));
    SAY(connect(fd, (struct sockaddr *)&to, 1));
    SAY(connect(fd, NULL, sizeof to));
    SAY(listen(fd, 1));
    SAY(accept(fd, NULL, NULL));
    SAY(bind(fd, (struct sockaddr *)&to, sizeof to));
    SAY(events_of(fd, POLLIN | POLLOUT, SHORT_MS));
}

static void part_options(void)
{
    int fd = going(HOLE, 7001);
    SAY(option_of(fd, SOL_SOCKET, SO_ERROR));
    SAY(option_of(fd, SOL_SOCKET, SO_TYPE));
    SAY(option_of(fd, SOL_SOCKET, SO_DOMAIN));
    SAY(option_of(fd, SOL_SOCKET, SO_PROTOCOL));
    SAY(option_of(fd, SOL_SOCKET, SO_ACCEPTCONN));
    SAY(option_of(fd, SOL_SOCKET, SO_KEEPALIVE));
    SAY(option_of(fd, SOL_SOCKET, SO_REUSEADDR));
    SAY(option_of(fd, SOL_SOCKET, SO_RCVBUF));
    SAY(option_of(fd, IPPROTO_TCP, TCP_NODELAY));
    SAY(option_of(fd, IPPROTO_TCP, TCP_INFO) & 0xff);
    SAY(option_of(fd, IPPROTO_IP, IP_TTL));
    SAY(option_of(fd, IPPROTO_IP, IP_TOS));
    SAY(option_of(fd, IPPROTO_IP, 9999));
    SAY(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY));
    SAY(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
    SAY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));
    SAY(set_option(fd, IPPROTO_IP, IP_TOS, 16));
    SAY(set_option(fd, IPPROTO_IP, IP_TTL, 300));
    SAY(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    SAY(option_of(fd, SOL_SOCKET, SO_KEEPALIVE));
    SAY(option_of(fd, IPPROTO_TCP, TCP_NODELAY));
    SAY(option_of(fd, IPPROTO_IP, IP_TOS));
    SAY(fcntl(fd, F_GETFL));
    SAY(fcntl(fd, F_GETFD));
    SAY(fcntl(fd, F_SETFD, FD_CLOEXEC));
    SAY(fcntl(fd, F_GETFD));
    SAY(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK));
    SAY(fcntl(fd, F_GETFL));
}

/* ---- How it ends */

static void part_refused(void)
{
    int fd = going(REFUSING, NOBODY);
    char byte;
    SAY(events_of(fd, POLLIN | POLLOUT | POLLRDHUP, IN_TIME_MS));
    SAY(error_of(fd));
    SAY(error_of(fd));
    SAY(events_of(fd, POLLIN | POLLOUT, SHORT_MS));
    SAY(read(fd, &byte, 1));
    SAY(send(fd, "x", 1, MSG_NOSIGNAL));
    SAY(go(fd, REFUSING, NOBODY));
    SAY(go(fd, REFUSING, NOBODY));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(read(fd, &byte, 1)); /* reads the error away */
    SAY(error_of(fd));
    SAY(go(fd, REFUSING, NOBODY));
    SAY(go(fd, REFUSING, NOBODY));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(go(fd, REFUSING, NOBODY)); /* is told what became of the one before */
}

static void part_connected(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = going(HALF, world_port(waiting));
    uint16_t port = world_port(waiting);
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    char byte;
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(error_of(fd));
    SAY(go(fd, HALF, port));
    SAY(getpeername(fd, (struct sockaddr *)&name, &length));
    printf("%s %d\n", text_of(name.sin_addr), name.sin_port == htons(port));
    SAY(getsockname(fd, (struct sockaddr *)&name, &length));
    printf("%s\n", text_of(name.sin_addr));
    int server = world_accept(waiting, NULL, 0);
    SAY(recv(fd, &byte, 1, MSG_PEEK));
    SAY(write(server, "y", 1));
    SAY(events_of(fd, POLLIN, IN_TIME_MS));
    SAY(recv(fd, &byte, 1, MSG_PEEK));
    SAY(read(fd, &byte, 1));
    SAY(fcntl(fd, F_GETFL));
    world_close(server);
    SAY(events_of(fd, POLLIN, IN_TIME_MS));
    SAY(read(fd, &byte, 1));
    SAY(go(fd, HALF, port));
}

/* Options that are set on the way are those of the connection. */
static void part_options_stay(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = fresh();
    SAY(set_option(fd, SOL_SOCKET, SO_RCVBUF, 20000));
    SAY(set_option(fd, IPPROTO_IP, IP_TTL, 33));
    SAY(go(fd, HALF, world_port(waiting)));
    SAY(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
    SAY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));
    SAY(set_option(fd, IPPROTO_IP, IP_TOS, 16));
    SAY(set_option(fd, SOL_SOCKET, SO_SNDBUF, 30000));
    SAY(fcntl(fd, F_SETFD, FD_CLOEXEC));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(option_of(fd, SOL_SOCKET, SO_RCVBUF));
    SAY(option_of(fd, IPPROTO_IP, IP_TTL));
    SAY(option_of(fd, SOL_SOCKET, SO_KEEPALIVE));
    SAY(option_of(fd, IPPROTO_TCP, TCP_NODELAY));
    SAY(option_of(fd, IPPROTO_IP, IP_TOS));
    SAY(option_of(fd, SOL_SOCKET, SO_SNDBUF));
    SAY(fcntl(fd, F_GETFD));
}

static void part_shut_down(void)
{
    for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
        int fd = going(HOLE, 7001);
        char byte;
        signal(SIGPIPE, SIG_IGN);
        SAY(how);
        SAY(shutdown(fd, how));
        SAY(shutdown(fd, how));
        SAY(events_of(fd, POLLIN | POLLOUT | POLLRDHUP, SHORT_MS));
        SAY(read(fd, &byte, 1));
        SAY(write(fd, "x", 1));
        SAY(error_of(fd));
    }
}

static void part_dissolved(void)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    int waiting = world_listen("192.0.2.1", 0), fd = going(HOLE, 7001);
    SAY(set_option(fd, IPPROTO_IP, IP_TTL, 77));
    SAY(connect(fd, &nowhere, sizeof nowhere));
    SAY(events_of(fd, POLLIN | POLLOUT, SHORT_MS));
    SAY(error_of(fd));
    SAY(go(fd, HALF, world_port(waiting)));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(error_of(fd));
    SAY(write(fd, "x", 1));
    SAY(option_of(fd, IPPROTO_IP, IP_TTL));
}

/* ---- Bound first */

static int bound(int fd, const char *address, int *port)
{
    struct sockaddr_in local = ipv4_at(address, 0);
    socklen_t length = sizeof local;
    SAY(bind(fd, (struct sockaddr *)&local, sizeof local));
    SAY(getsockname(fd, (struct sockaddr *)&local, &length));
    *port = ntohs(local.sin_port);
    return fd;
}

static void part_bound(void)
{
    static const char *const locals[] = {"0.0.0.0", "192.0.2.2"};
    for (int i = 0; i < 4; i++) {
        int waiting = world_listen("192.0.2.1", 0), port;
        int fd = bound(i < 2 ? fresh() : socket(AF_INET, SOCK_STREAM, 0), locals[i % 2], &port);
        struct sockaddr_in name;
        socklen_t length = sizeof name;
        char peer[64];
        SAY(go(fd, i % 2 == 0 ? HALF : "two4.example", world_port(waiting)));
        SAY(events_of(fd, POLLOUT, IN_TIME_MS));
        SAY(error_of(fd));
        SAY(getsockname(fd, (struct sockaddr *)&name, &length));
        printf("%s, its port: %d\n", text_of(name.sin_addr), ntohs(name.sin_port) == port);
        world_accept(waiting, peer, sizeof peer);
        printf("seen with it: %d\n", strtol(strchr(peer, ' '), NULL, 10) == port);
        SAY(option_of(fd, SOL_SOCKET, SO_REUSEADDR));
        close(fd);
        world_close(waiting);
    }
}

static const struct part parts[] = {
    {"waiting", part_waiting},
    {"input and output", part_input_and_output},
    {"other calls", part_other_calls},
    {"options", part_options},
    {"refused", part_refused},
    {"connected", part_connected},
    {"options stay", part_options_stay},
    {"shut down", part_shut_down},
    {"dissolved", part_dissolved},
    {"bound", part_bound},
    {NULL, NULL},
};
#define PARTS (sizeof parts / sizeof parts[0] - 1)

int main(int argc, char **argv)
{
    struct CMUnitTest tests[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        tests[i] = PART_TEST(&parts[i]);
    return support_run(argc, argv, parts, tests, PARTS);
}
