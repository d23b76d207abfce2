/*
 * A client or a server as old programs are written, for faults.py to run with a system call failing under it:
 *
 *     client HOW NAME PORT     HOW: blocking, nonblocking (poll), epoll, datagram
 *     client serve             TCP, says its port, and ends when a client sends q
 *     client serve-datagrams   UDP
 *
 * Each step says how it went on standard output, with the name of an error; at last it says how many sockets are
 * open.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/error_text.h"

#define ROUNDS    2
#define WAIT_MS   20000
#define NO_RESULT (-2)

static int tell(const char *what, long result)
{
    if (result < 0)
        printf("%s: %s\n", what, error_name(errno));
    return result < 0 ? -1 : 0;
}

/* Waits until it can be written to, or read from. */
static int wait_by_poll(int fd, short events)
{
    struct pollfd polled = {.fd = fd, .events = events};
    int count;
    do
        count = poll(&polled, 1, WAIT_MS);
    while (count < 0 && errno == EINTR);
    if (count == 0)
        printf("poll: nothing\n");
    return count <= 0 ? tell("poll", count == 0 ? 0 : -1) - 1 : 0;
}

static int wait_by_epoll(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLOUT};
    if (tell("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) < 0)
        return -1;
    int count;
    do
        count = epoll_wait(epoll, &event, 1, WAIT_MS);
    while (count < 0 && errno == EINTR);
    if (count == 0)
        printf("epoll_wait: nothing\n");
    return count == 1 ? 0 : tell("epoll_wait", count) - 1;
}

static int finish(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (tell("SO_ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length)) < 0)
        return -1;
    errno = error;
    return tell("connection", error == 0 ? 0 : -1);
}

static void say_hello(int fd)
{
    char data[64];
    if (tell("write", write(fd, "?", 1)) < 0 || wait_by_poll(fd, POLLIN) < 0)
        return;
    ssize_t size = read(fd, data, sizeof data);
    if (size <= 0)
        printf("read: %s\n", size == 0 ? "end" : error_name(errno));
    else
        printf("%.*s\n", (int)size, data);
}

static void connect_once(const char *how, const struct sockaddr_in *to)
{
    int waits = strcmp(how, "blocking") == 0, epoll = -1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (tell("socket", fd) < 0)
        return;
    if (!waits)
        tell("O_NONBLOCK", fcntl(fd, F_SETFL, O_NONBLOCK));
    if (strcmp(how, "epoll") == 0)
        tell("epoll_create1", epoll = epoll_create1(0));
    int result = connect(fd, (const struct sockaddr *)to, sizeof *to);
    if (result < 0 && errno == EINPROGRESS)
        result = (epoll >= 0 ? wait_by_epoll(epoll, fd) : wait_by_poll(fd, POLLOUT)) < 0 ? NO_RESULT : finish(fd);
    else if (result < 0)
        tell("connect", result);
    if (result == 0)
        say_hello(fd);
    if (epoll >= 0)
        close(epoll);
    close(fd);
}

static void ask(const struct sockaddr_in *to)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    char data[64];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (tell("socket", fd) < 0)
        return;
    if (tell("sendto", sendto(fd, "?", 1, 0, (const struct sockaddr *)to, sizeof *to)) == 0 &&
        wait_by_poll(fd, POLLIN) == 0) {
        ssize_t size = recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
        if (tell("recvfrom", size) == 0)
            printf("%.*s from %s\n", (int)size, data,
                   from.sin_addr.s_addr == to->sin_addr.s_addr ? "there" : "another");
    }
    close(fd);
}

static void serve_stream(int listener)
{
    for (char byte = 0; byte != 'q';) {
        int fd = accept(listener, NULL, NULL);
        if (tell("accept", fd) < 0)
            continue;
        if (tell("read", read(fd, &byte, 1)) == 0)
            tell("write", write(fd, "hello", 5));
        close(fd);
    }
}

static void serve_datagrams(int fd)
{
    for (char byte = 0; byte != 'q';) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        if (tell("recvfrom", recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &length)) == 0)
            tell("sendto", sendto(fd, "hello", 5, 0, (struct sockaddr *)&from, length));
    }
}

static void serve(int type)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t length = sizeof any;
    int fd = socket(AF_INET, type, 0);
    if (tell("socket", fd) < 0 || tell("bind", bind(fd, (struct sockaddr *)&any, sizeof any)) < 0 ||
        (type == SOCK_STREAM && tell("listen", listen(fd, 5)) < 0) ||
        tell("getsockname", getsockname(fd, (struct sockaddr *)&any, &length)) < 0)
        return;
    fprintf(stderr, "port %d\n", ntohs(any.sin_port));
    if (type == SOCK_STREAM)
        serve_stream(fd);
    else
        serve_datagrams(fd);
    close(fd);
}

static void count_sockets(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char target[64] = "";
        if (readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1) > 0)
            count += strncmp(target, "socket:", 7) == 0;
    }
    if (directory != NULL)
        closedir(directory);
    printf("%d sockets left\n", count);
}

static void be_client(const char *how, const char *name, const char *port)
{
    struct hostent *host = gethostbyname(name);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (host == NULL) {
        printf("no such host\n");
        return;
    }
    memcpy(&to.sin_addr, host->h_addr_list[0], sizeof to.sin_addr);
    for (int round = 0; round < ROUNDS; round++)
        if (strcmp(how, "datagram") == 0)
            ask(&to);
        else
            connect_once(how, &to);
}

int main(int argc, char **argv)
{
    if (argc == 4)
        be_client(argv[1], argv[2], argv[3]);
    else if (argc == 2)
        serve(strcmp(argv[1], "serve") == 0 ? SOCK_STREAM : SOCK_DGRAM);
    count_sockets();
    return 0;
}
