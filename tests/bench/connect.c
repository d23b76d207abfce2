/*
 * connect: how long socket, connect and close take. Prints ns per connection, the median of the batches.
 *
 *     connect [-n BATCHES] [-d DESCRIPTORS] [-2] [-p PORT] NAME
 *
 *   -d  so many sockets are open before, all made by the program
 *   -2  each socket is duplicated before it is connected
 *   -p  a server on that port answers; a byte is sent and one received over each connection
 */
#include <sys/resource.h>

#include "bench.h"

#define BATCH        64
#define BATCHES_MOST 100000

static unsigned descriptors, exchange;
static int duplicated;

static void one(const destination *address, socklen_t length)
{
    char byte = 'x';
    int s = socket(family_of(address), SOCK_STREAM, 0);
    int copy = duplicated ? dup(s) : -1;
    if (s < 0 || connect(s, (const struct sockaddr *)(const void *)address, length) != 0)
        fail("connect");
    if (exchange && (send(s, &byte, 1, 0) != 1 || recv(s, &byte, 1, 0) != 1))
        fail("exchange");
    if (duplicated)
        close(copy);
    close(s);
}

static void open_many(int family)
{
    struct rlimit limit = {descriptors + 100, descriptors + 100};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("setrlimit");
    for (unsigned i = 0; i < descriptors; i++)
        need(socket(family, SOCK_DGRAM, 0), "socket");
}

int main(int argc, char **argv)
{
    static double batches[BATCHES_MOST];
    destination address;
    in_port_t port;
    unsigned count = 100;
    int listener = -1;
    for (int option; (option = getopt(argc, argv, "n:d:2p:")) != -1;) {
        switch (option) {
        case 'n':
            count = number(optarg);
            break;
        case 'd':
            descriptors = number(optarg);
            break;
        case '2':
            duplicated = 1;
            break;
        case 'p':
            exchange = number(optarg);
            break;
        default:
            return 2;
        }
    }
    if (argc - optind != 1 || count < 1 || count > BATCHES_MOST)
        return 2;
    if (exchange != 0)
        port = htons((uint16_t)exchange);
    else
        listener = raw_server(SOCK_STREAM, &port);
    socklen_t length = look_up(argv[optind], port, &address);
    if (descriptors != 0)
        open_many(family_of(&address));
    unsigned batch = exchange != 0 ? 1 : BATCH;
    for (unsigned i = 0; i < count; i++) {
        double began_ns = now_ns();
        for (unsigned j = 0; j < batch; j++)
            one(&address, length);
        batches[i] = (now_ns() - began_ns) / batch;
        if (listener >= 0)
            raw_drain(listener, batch);
    }
    printf("%.1f\n", quantile(batches, count, 0.5));
    return 0;
}
