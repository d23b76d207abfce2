/*
 * A daemon of old, and who asks it, for test_rooms.sh:
 *
 * dropping_daemon serve PORT COUNT ORDER USER [ROOT]: says "ready", then the address of each of so many peers. ORDER
 * is bind-first, or drop-first: it binds after it has become USER. It goes into ROOT while it is root.
 * dropping_daemon ask PORT COUNT ADDRESS: connects as often from ADDRESS and those after it, to the address before
 * it.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

static int fail(const char *what)
{
    perror(what);
    return 1;
}

static int serve(int count, int fd)
{
    puts("ready");
    fflush(stdout);
    for (int number = 0; number < count; number++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        int connection = accept(fd, (struct sockaddr *)&peer, &length);
        if (connection < 0)
            return fail("accept");
        printf("peer %s\n", inet_ntoa(peer.sin_addr));
        fflush(stdout);
        close(connection);
    }
    return 0;
}

static int drop(const char *user, const char *root)
{
    if (root != NULL && (chroot(root) != 0 || chdir("/") != 0))
        return fail("chroot");
    return setuid((uid_t)atoi(user)) != 0 ? fail("setuid") : 0;
}

static int begin(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(argv[2]))};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0), late = strcmp(argv[4], "drop-first") == 0;
    const char *root = argc > 6 ? argv[6] : NULL;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (late && drop(argv[5], root) != 0)
        return 1;
    if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 100) != 0)
        return fail("bind");
    if (!late && drop(argv[5], root) != 0)
        return 1;
    return serve(atoi(argv[3]), fd);
}

static int ask(char **argv)
{
    struct sockaddr_in6 here = {.sin6_family = AF_INET6}, there = {.sin6_family = AF_INET6};
    there.sin6_port = htons((in_port_t)atoi(argv[2]));
    inet_pton(AF_INET6, argv[4], &here.sin6_addr);
    there.sin6_addr = here.sin6_addr;
    there.sin6_addr.s6_addr[15]--;
    for (int number = 0; number < atoi(argv[3]); number++) {
        int on = 1, fd = socket(AF_INET6, SOCK_STREAM, 0);
        char byte;
        setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
        here.sin6_addr.s6_addr[14] = (unsigned char)(number >> 8);
        here.sin6_addr.s6_addr[15] = (unsigned char)(number & 0xff);
        here.sin6_addr.s6_addr[13] = 1;
        if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 ||
            connect(fd, (struct sockaddr *)&there, sizeof there) != 0)
            return fail("connect");
        if (read(fd, &byte, 1) != 0)
            return fail("read");
        close(fd);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 5 && strcmp(argv[1], "serve") == 0)
        return begin(argc, argv);
    return argc == 5 && strcmp(argv[1], "ask") == 0 ? ask(argv) : 2;
}
