/*
 * A client and a server in one program, whose other file (own_names.c) has functions with libc's names. "own_names"
 * does what it does and says so; it ends with status 99 where one of those functions was called. It calls none of
 * them itself.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT          21900
#define STATUS_CALLED 99

void own_name_called(const char *name);
void own_name_called(const char *name)
{
    struct iovec parts[2] = {{(void *)name, 0}, {"() of the program was called\n", 29}};
    while (name[parts[0].iov_len] != '\0')
        parts[0].iov_len++;
    if (writev(STDERR_FILENO, parts, 2) < 0)
        _exit(STATUS_CALLED);
    _exit(STATUS_CALLED);
}

static struct sockaddr_in to;

/* The first address of the name; false where it has none. */
static int look_up(const char *name)
{
    struct hostent *host = gethostbyname(name);
    to.sin_family = AF_INET;
    to.sin_port = htons(PORT);
    if (host == NULL)
        return 0;
    const unsigned char *bytes = (const unsigned char *)host->h_addr_list[0];
    to.sin_addr.s_addr =
        htonl((in_addr_t)bytes[0] << 24 | (in_addr_t)bytes[1] << 16 | (in_addr_t)bytes[2] << 8 | bytes[3]);
    return 1;
}

static void server(int listening, int datagrams)
{
    static struct pollfd waiting[2];
    static struct sockaddr_in peer;
    static char data[100];
    waiting[0].fd = listening;
    waiting[1].fd = datagrams;
    waiting[0].events = waiting[1].events = POLLIN;
    while (poll(waiting, 2, -1) > 0) {
        socklen_t length = sizeof peer;
        if (waiting[1].revents != 0) {
            ssize_t size = recvfrom(datagrams, data, sizeof data, 0, (struct sockaddr *)&peer, &length);
            sendto(datagrams, data, (size_t)size, 0, (struct sockaddr *)&peer, length);
            continue;
        }
        int fd = accept(listening, (struct sockaddr *)&peer, &length);
        getpeername(fd, (struct sockaddr *)&peer, &length);
        gethostbyaddr(&peer.sin_addr, sizeof peer.sin_addr, AF_INET);
        recv(fd, data, 1, 0);
        close(fd);
    }
}

static int stream(const char *name, int flags)
{
    static struct pollfd waiting;
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0), error = 0;
    socklen_t length = sizeof error;
    int done = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    if (!done && errno == EINPROGRESS) {
        waiting.fd = fd;
        waiting.events = POLLOUT;
        poll(&waiting, 1, -1);
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
        done = error == 0;
    }
    printf("%s: %s\n", name, done ? "connected" : "not connected");
    if (done)
        sendto(fd, "x", 1, 0, NULL, 0);
    close(fd);
    return done;
}

static int datagram(const char *name)
{
    static char data[100];
    struct timeval limit = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    int done = sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1 && recv(fd, data, sizeof data, 0) == 1;
    printf("%s: %s\n", name, done ? "answered" : "not answered");
    close(fd);
    return done;
}

static void client(void)
{
    static const char *const names[] = {"one4.example", "one6.example", "both.example", "half-hole.example",
                                        "2001:db8::2"};
    static struct addrinfo *list;
    for (int i = 0; i < 5; i++) {
        if (!look_up(names[i])) {
            printf("%s: unknown\n", names[i]);
            continue;
        }
        stream(names[i], 0);
        stream(names[i], SOCK_NONBLOCK);
        datagram(names[i]);
        if (getaddrinfo(names[i], "7", NULL, &list) == 0)
            freeaddrinfo(list);
    }
    if (fork() == 0) {
        look_up("both.example");
        stream("in a child", 0);
        fflush(stdout);
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    wait(NULL);
}

int main(void)
{
    static struct sockaddr_in local;
    int on = 1, listening = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    local.sin_family = AF_INET;
    local.sin_port = htons(PORT);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listening, (struct sockaddr *)&local, sizeof local) != 0 || listen(listening, 5) != 0 ||
        bind(datagrams, (struct sockaddr *)&local, sizeof local) != 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        close(listening);
        close(datagrams);
        client();
        exit(0);
    }
    /* The client's end ends the server, which waits in the parent: a child that waits is killed by its end. */
    pid_t serving = fork();
    if (serving == 0) {
        server(listening, datagrams);
        _exit(STATUS_CALLED);
    }
    int status = 0, serving_status = 0;
    waitpid(child, &status, 0);
    sigqueue(serving, 15, (union sigval){0});
    waitpid(serving, &serving_status, 0);
    if (WIFEXITED(serving_status))
        return WEXITSTATUS(serving_status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
