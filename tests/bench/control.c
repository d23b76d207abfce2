/*
 * control: how long a command of FTP and its reply take on a control connection, or, with -c, to make and close such
 * a connection. Prints ns.
 *
 *     control [-c] [-n COUNT] -p PORT NAME
 *     control -l PORT
 *
 * With -l it is the server, for both families, until it is ended: a greeting, and a reply for each line.
 */
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>

#include "bench.h"

static const char greeting[] = "220 here\r\n", command[] = "NOOP\r\n", reply[] = "200 done\r\n";

/* Reads up to the end of a line; false where the other side has ended. */
static bool read_line(int s)
{
    char text[64];
    for (;;) {
        ssize_t size = read(s, text, sizeof text);
        if (size <= 0)
            return false;
        if (text[size - 1] == '\n')
            return true;
    }
}

static void *answer(void *data)
{
    int s = (int)(intptr_t)data, on = 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (write(s, greeting, strlen(greeting)) > 0)
        while (read_line(s) && write(s, reply, strlen(reply)) > 0)
            continue;
    close(s);
    return NULL;
}

static _Noreturn void serve(unsigned port)
{
    struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int listener = need(socket(AF_INET6, SOCK_STREAM, 0), "socket"), on = 1;
    need(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
    need(bind(listener, (const struct sockaddr *)&local, sizeof local), "bind");
    need(listen(listener, BACKLOG), "listen");
    for (;;) {
        pthread_t thread;
        int s = need(accept(listener, NULL, NULL), "accept");
        if (pthread_create(&thread, NULL, answer, (void *)(intptr_t)s) != 0 || pthread_detach(thread) != 0)
            fail("pthread_create");
    }
}

static int begin(const destination *address, socklen_t length)
{
    int s = need(socket(family_of(address), SOCK_STREAM, 0), "socket");
    need(connect(s, (const struct sockaddr *)(const void *)address, length), "connect");
    if (!read_line(s))
        fail("greeting");
    return s;
}

static void talk(int s)
{
    need(write(s, command, strlen(command)), "write");
    if (!read_line(s))
        fail("reply");
}

int main(int argc, char **argv)
{
    destination address;
    unsigned count = 1000, port = 0;
    bool server = false, connects = false;
    for (int option; (option = getopt(argc, argv, "cn:p:l:")) != -1;) {
        switch (option) {
        case 'c':
            connects = true;
            break;
        case 'n':
            count = number(optarg);
            break;
        case 'l':
            server = true;
            port = number(optarg);
            break;
        case 'p':
            port = number(optarg);
            break;
        default:
            return 2;
        }
    }
    if (server)
        serve(port);
    if (argc - optind != 1 || count == 0)
        return 2;
    socklen_t length = look_up(argv[optind], htons((uint16_t)port), &address);
    int s = begin(&address, length);
    double began_ns = now_ns();
    for (unsigned i = 0; i < count; i++) {
        if (connects)
            close(begin(&address, length));
        else
            talk(s);
    }
    printf("%.0f\n", (now_ns() - began_ns) / count);
    close(s);
    return 0;
}
