/*
 * datagram: how long a round trip of one datagram takes, sendto and recvfrom on an unconnected socket. Prints ns a
 * round trip, the median of the batches.
 *
 *     datagram [-n BATCHES] NAME
 */
#include "bench.h"

#define BATCH        64
#define BATCHES_MOST 100000

static void echo(int server)
{
    char data[64];
    struct sockaddr_in6 client;
    socklen_t length = sizeof client;
    long size = syscall(SYS_recvfrom, server, data, sizeof data, 0, &client, &length);
    if (size < 0 || syscall(SYS_sendto, server, data, size, 0, &client, length) != size)
        fail("echo");
}

static void round_trip(int s, int server, const destination *address, socklen_t length)
{
    char data[64] = "How do you do?";
    destination source;
    socklen_t source_length = sizeof source;
    if (sendto(s, data, sizeof data, 0, (const struct sockaddr *)(const void *)address, length) < 0)
        fail("sendto");
    echo(server);
    if (recvfrom(s, data, sizeof data, 0, (struct sockaddr *)(void *)&source, &source_length) < 0)
        fail("recvfrom");
}

int main(int argc, char **argv)
{
    static double batches[BATCHES_MOST];
    destination address;
    in_port_t port;
    unsigned count = 200;
    for (int option; (option = getopt(argc, argv, "n:")) != -1;) {
        if (option != 'n')
            return 2;
        count = number(optarg);
    }
    if (argc - optind != 1 || count < 1 || count > BATCHES_MOST)
        return 2;
    int server = raw_server(SOCK_DGRAM, &port);
    socklen_t length = look_up(argv[optind], port, &address);
    int s = need(socket(family_of(&address), SOCK_DGRAM, 0), "socket");
    for (unsigned i = 0; i < count; i++) {
        double began_ns = now_ns();
        for (unsigned j = 0; j < BATCH; j++)
            round_trip(s, server, &address, length);
        batches[i] = (now_ns() - began_ns) / BATCH;
    }
    printf("%.1f\n", quantile(batches, count, 0.5));
    return 0;
}
