#include "snippet.h"

#define ROOM 64

void snippet(void)
{
    const char *const addresses[] = {"192.0.2.1", "127.0.0.1", "192.0.2.99", "0.0.0.0"};
    static const int flags[] = {0,           NI_NUMERICHOST, NI_NUMERICSERV, NI_NUMERICHOST | NI_NUMERICSERV,
                                NI_NAMEREQD, NI_DGRAM,       NI_NOFQDN};
    static const socklen_t rooms[] = {0, 1, 5, 10, 13, ROOM};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        for (size_t flag = 0; flag < sizeof flags / sizeof flags[0]; flag++)
            for (size_t room = 0; room < sizeof rooms / sizeof rooms[0]; room++) {
                struct sockaddr_in address = at(addresses[i], 9);
                char host[ROOM] = "-", service[ROOM] = "-";
                SAY(getnameinfo((struct sockaddr *)&address, sizeof address, host, rooms[room], service, rooms[room],
                                flags[flag]));
                printf("%s flags %d room %u: %s %s\n", addresses[i], flags[flag], (unsigned)rooms[room], host,
                       service);
            }
    struct sockaddr_in address = at("192.0.2.1", 9);
    char host[ROOM] = "-";
    SAY(getnameinfo((struct sockaddr *)&address, sizeof address - 1, host, sizeof host, NULL, 0, 0));
    SAY(getnameinfo((struct sockaddr *)&address, sizeof address, NULL, 0, NULL, 0, 0));
    SAY(getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, NULL, 0, 0));
    address.sin_family = AF_UNSPEC;
    SAY(getnameinfo((struct sockaddr *)&address, sizeof address, host, sizeof host, NULL, 0, 0));
}
