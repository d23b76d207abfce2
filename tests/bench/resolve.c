/*
 * resolve: how long it takes to look up an IPv6 address typed as a name and to connect to it, with few or many
 * aliases given out before. Prints ns for one lookup, socket, connect and close: the median.
 *
 *     resolve [-n SAMPLES] [-f ALIASES] [-o OTHERS] PREFIX
 *
 * The hosts are PREFIX::1, PREFIX::2, ...; every address of PREFIX is one of this machine.
 *   -f  so many are looked up once before the clock starts
 *   -o  connect to so many of them, spread over all (default 10), in a fixed order without a pattern
 */
#include <arpa/inet.h>

#include "bench.h"

#define SAMPLES_MOST 1000000
#define PRIME        2147483629u /* a step that visits every host in an order without a pattern */

static unsigned aliases = 10, others = 10;

static void name_of(unsigned host, const char *prefix, char name[INET6_ADDRSTRLEN])
{
    snprintf(name, INET6_ADDRSTRLEN, "%s::%x:%x", prefix, host >> 16, host & 0xffff);
}

static double one(const char *prefix, unsigned sample, in_port_t port)
{
    char name[INET6_ADDRSTRLEN];
    destination address;
    unsigned spread = aliases > others ? aliases / others : 1;
    unsigned host = (unsigned)((uint64_t)sample * PRIME % others) * spread + 1;
    name_of(host, prefix, name);
    double began_ns = now_ns();
    socklen_t length = look_up(name, port, &address);
    int s = socket(family_of(&address), SOCK_STREAM, 0);
    if (s < 0 || connect(s, (const struct sockaddr *)(const void *)&address, length) != 0)
        fail(name);
    close(s);
    return now_ns() - began_ns;
}

int main(int argc, char **argv)
{
    static double samples[SAMPLES_MOST];
    unsigned count = 5000, fill = 0;
    in_port_t port;
    for (int option; (option = getopt(argc, argv, "n:f:o:")) != -1;) {
        switch (option) {
        case 'n':
            count = number(optarg);
            break;
        case 'f':
            fill = aliases = number(optarg);
            break;
        case 'o':
            others = number(optarg);
            break;
        default:
            return 2;
        }
    }
    if (argc - optind != 1 || count > SAMPLES_MOST || others < 1)
        return 2;
    const char *prefix = argv[optind];
    int listener = raw_server(SOCK_STREAM, &port);
    for (unsigned host = 1; host <= fill; host++) {
        char name[INET6_ADDRSTRLEN];
        destination address;
        name_of(host, prefix, name);
        look_up(name, port, &address);
    }
    for (unsigned i = 0; i < count; i++) {
        samples[i] = one(prefix, i, port);
        raw_drain(listener, 1);
    }
    if (count > 0)
        printf("%.1f\n", quantile(samples, count, 0.5));
    return 0;
}
