/* Judges the candidates of a name; called by v6shim doctor. */
#include "command/doctor/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error_text.h"
#include "preload/resolve/preference.h"

/* The addresses of one family, added to the list; what getaddrinfo() says. */
static int look_up(const char *name, int family, struct resolve_addresses *list)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(name, NULL, &hints, &found);
    if (error != 0)
        return error;
    for (const struct addrinfo *entry = found; entry != NULL; entry = entry->ai_next) {
        struct ip_address address;
        if (address_from_sockaddr(entry->ai_addr, entry->ai_addrlen, &address, NULL))
            resolve_add(list, &address);
    }
    freeaddrinfo(found);
    return 0;
}

/* 0, or errno of connecting: ETIMEDOUT where nothing answered in time. */
static int connect_error(const struct ip_address *address, uint16_t port)
{
    struct sockaddr_storage destination;
    socklen_t length = address_to_sockaddr(address, port, &destination), size = sizeof(int);
    int error = 0, fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (connect(fd, (const struct sockaddr *)&destination, length) != 0)
        error = errno;
    if (error == EINPROGRESS) {
        struct pollfd waiting = {.fd = fd, .events = POLLOUT};
        error = ETIMEDOUT;
        if (poll(&waiting, 1, REACH_WAIT_MS) > 0)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    close(fd);
    return error;
}

static void judge_candidate(struct findings *findings, const struct selection_candidate *candidate, uint16_t port)
{
    char address[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];
    bool is_ipv6 = candidate->destination.family == AF_INET6;
    address_print(&candidate->destination, address);
    if (!candidate->has_source) {
        finding_add(findings, is_ipv6 ? FINDING_WRONG : FINDING_NOTE, "candidate",
                    is_ipv6 ? "v6shim doctor tells what this host lacks" : "v6shim nat64 tells whether NAT64 is here",
                    "%s: there is no route", address);
        return;
    }
    address_print(&candidate->source, source);
    int error = port != 0 ? connect_error(&candidate->destination, port) : 0;
    if (port == 0)
        finding_add(findings, FINDING_GOOD, "candidate", "", "%s: there is a route, from %s", address, source);
    else if (error == 0)
        finding_add(findings, FINDING_GOOD, "candidate", "", "%s: port %u was reached, from %s", address, port,
                    source);
    else
        finding_add(findings, FINDING_WRONG, "candidate",
                    error == ECONNREFUSED ? "no server listens there, or a firewall refuses"
                                          : "the path or a firewall on it drops packets",
                    "%s: port %u was not reached, from %s: %s", address, port, source, error_words(error));
}

void reach_judge(struct findings *findings, const char *name, uint16_t port)
{
    static struct preference preference;
    static struct resolve_addresses list;
    list.count = 0;
    int ipv6 = look_up(name, AF_INET6, &list);
    bool has_ipv6 = list.count > 0;
    int ipv4 = look_up(name, AF_INET, &list);
    if (list.count == 0) {
        finding_add(findings, FINDING_WRONG, "name", "see whether it is spelt right, and the resolver answers",
                    "%s has no address: %s", name, gai_strerror(ipv4));
        return;
    }
    if (ipv6 == EAI_AGAIN)
        finding_add(findings, FINDING_WRONG, "resolver", "use a resolver that does",
                    "the resolver does not answer what is the IPv6 address of %s (AAAA), only the IPv4 one", name);
    else if (!has_ipv6)
        finding_add(findings, FINDING_NOTE, "name", "", "%s has no IPv6 address", name);
    preference_sort(&list, &preference);
    for (size_t index = 0; index < list.count; index++)
        judge_candidate(findings, &preference.candidates[preference.places[index].index], port);
}
