/*
 * load: starts a server, keeps it busy with several clients at once, ends it, and prints ns per exchange.
 *
 *     load [-u] [-c] [-n ROUNDS] ADDRESS PORT SERVER [ARGUMENT]...
 *
 * The server sends back what it gets. In a round each client connects, sends a byte, receives one and disconnects;
 * with -u they are datagrams, from one socket. With -c the number is the server's CPU time instead of the time that
 * passed. SERVER may begin with VAR=VALUE words.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench.h"

#define CLIENTS     32
#define TRIES       500
#define TRY_MS      10
#define ANSWER_MS   1000
#define NS_PER_USEC 1000.0

static struct addrinfo *server_address;

static pid_t start(char **words)
{
    pid_t child = fork();
    if (child != 0)
        return need(child, "fork");
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    while (*words != NULL && strchr(*words, '=') != NULL && **words != '/')
        putenv(*words++);
    execv(*words, words);
    perror(*words);
    _exit(127);
}

static int open_client(void)
{
    int s = need(socket(server_address->ai_family, server_address->ai_socktype | SOCK_CLOEXEC, 0), "socket");
    struct linger at_once = {.l_onoff = 1};
    setsockopt(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (connect(s, server_address->ai_addr, server_address->ai_addrlen) == 0)
        return s;
    close(s);
    return -1;
}

/* False where no answer comes: a datagram may have been sent before the server was there. */
static bool answers(int s)
{
    struct pollfd ready = {.fd = s, .events = POLLIN};
    char byte = 'x';
    return send(s, &byte, 1, MSG_NOSIGNAL) == 1 && poll(&ready, 1, ANSWER_MS) == 1 && recv(s, &byte, 1, 0) == 1;
}

static int wait_for_server(void)
{
    for (int tries = 0; tries < TRIES; tries++) {
        int s = open_client();
        if (s >= 0 && answers(s))
            return s;
        if (s >= 0)
            close(s);
        poll(NULL, 0, TRY_MS);
    }
    fprintf(stderr, "load: the server doesn't answer\n");
    exit(1);
}

static void round_of_connections(void)
{
    int clients[CLIENTS];
    char byte = 'x';
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = need(open_client(), "connect");
        need(send(clients[i], &byte, 1, MSG_NOSIGNAL), "send");
    }
    for (int i = 0; i < CLIENTS; i++) {
        need(recv(clients[i], &byte, 1, 0), "receive");
        close(clients[i]);
    }
}

static void round_of_datagrams(int s)
{
    char byte = 'x';
    for (int i = 0; i < CLIENTS; i++)
        need(send(s, &byte, 1, 0), "send");
    for (int i = 0; i < CLIENTS; i++)
        need(recv(s, &byte, 1, 0), "receive");
}

static double cpu_ns(const struct rusage *used)
{
    return ((double)used->ru_utime.tv_sec + (double)used->ru_stime.tv_sec) * NS_PER_S +
           ((double)used->ru_utime.tv_usec + (double)used->ru_stime.tv_usec) * NS_PER_USEC;
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    bool cpu = false;
    unsigned rounds = 200;
    for (int option; (option = getopt(argc, argv, "+ucn:")) != -1;) {
        switch (option) {
        case 'u':
            hints.ai_socktype = SOCK_DGRAM;
            break;
        case 'c':
            cpu = true;
            break;
        case 'n':
            rounds = number(optarg);
            break;
        default:
            return 2;
        }
    }
    if (argc - optind < 3 || rounds < 1 || getaddrinfo(argv[optind], argv[optind + 1], &hints, &server_address) != 0)
        return 2;
    pid_t server = start(argv + optind + 2);
    int s = wait_for_server();
    double began_ns = now_ns();
    for (unsigned i = 0; i < rounds; i++) {
        if (hints.ai_socktype == SOCK_STREAM)
            round_of_connections();
        else
            round_of_datagrams(s);
    }
    double took_ns = now_ns() - began_ns;
    struct rusage used;
    int status;
    kill(server, SIGTERM);
    wait4(server, &status, 0, &used);
    printf("%.1f\n", (cpu ? cpu_ns(&used) : took_ns) / rounds / CLIENTS);
    return 0;
}
