#include "snippet.h"

void snippet(void)
{
    const char *const addresses[] = {"192.0.2.1",  "192.0.2.2", "127.0.0.1",
                                     "192.0.2.99", "0.0.0.0",   "255.255.255.255"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct in_addr address = at(addresses[i], 0).sin_addr;
        h_errno = 0;
        say_hostent(addresses[i], gethostbyaddr(&address, sizeof address, AF_INET));
    }
    struct in_addr address = at("192.0.2.1", 0).sin_addr;
    h_errno = 0;
    say_hostent("a wrong length", gethostbyaddr(&address, 3, AF_INET));
    h_errno = 0;
    say_hostent("a wrong family", gethostbyaddr(&address, sizeof address, AF_UNIX));
}
