#include "snippet.h"

static void ask(const char *node, const char *service, const struct addrinfo *hints)
{
    struct addrinfo *list = NULL;
    errno = NO_ERROR;
    int error = getaddrinfo(node, service, hints, &list);
    printf("%s, %s, flags %#x, type %d, protocol %d: %d%s", node != NULL ? node : "NULL",
           service != NULL ? service : "NULL", hints != NULL ? (unsigned)hints->ai_flags : 0,
           hints != NULL ? hints->ai_socktype : 0, hints != NULL ? hints->ai_protocol : 0, error,
           error == 0 ? "" : "\n");
    if (error != 0)
        return;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        if (info->ai_family == AF_INET) {
            char text[INET_ADDRSTRLEN] = "?";
            struct sockaddr_in address;
            memcpy(&address, info->ai_addr, sizeof address);
            inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
            printf("; %s %d type %d protocol %d flags %#x length %u name %s", text, ntohs(address.sin_port),
                   info->ai_socktype, info->ai_protocol, (unsigned)info->ai_flags, (unsigned)info->ai_addrlen,
                   info->ai_canonname != NULL ? info->ai_canonname : "none");
        }
    printf("\n");
    freeaddrinfo(list);
}

void snippet(void)
{
    static const int flags[] = {0,
                                AI_PASSIVE,
                                AI_CANONNAME,
                                AI_NUMERICHOST,
                                AI_NUMERICSERV,
                                AI_ADDRCONFIG,
                                AI_V4MAPPED | AI_ALL,
                                AI_PASSIVE | AI_CANONNAME | AI_ADDRCONFIG,
                                0x40000000};
    static const int types[][2] = {{0, 0},           {SOCK_STREAM, 0},           {SOCK_DGRAM, 0}, {SOCK_RAW, 0},
                                   {0, IPPROTO_UDP}, {SOCK_STREAM, IPPROTO_UDP}, {99, 0}};
    const char *const nodes[] = {
        "one4.example", "uno4", "two4.example", "192.0.2.7", "10.1", "absent.invalid", "", NULL};
    const char *const services[] = {NULL, "discard", "sink", "9", "only-tcp", "no-such-service", "70000", ""};
    for (size_t flag = 0; flag < sizeof flags / sizeof flags[0]; flag++)
        for (size_t type = 0; type < sizeof types / sizeof types[0]; type++)
            for (size_t node = 0; node < sizeof nodes / sizeof nodes[0]; node++)
                for (size_t service = 0; service < sizeof services / sizeof services[0]; service++) {
                    struct addrinfo hints = {.ai_family = AF_INET,
                                             .ai_flags = flags[flag],
                                             .ai_socktype = types[type][0],
                                             .ai_protocol = types[type][1]};
                    ask(nodes[node], services[service], &hints);
                }
    ask("one4.example", "discard", NULL);
}
