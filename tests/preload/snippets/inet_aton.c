#include "snippet.h"

void snippet(void)
{
    const char *const texts[] = {"192.0.2.1",       "127.1",       "10.1.2",     "0x7f.1",   "010.1.1.1",
                                 "255.255.255.255", "0",           "4294967295", "",         "1.2.3.4.5",
                                 "256.0.0.1",       "1.2.3.",      "one4",       " 1.2.3.4", "1.2.3.4 ",
                                 "1.2.3.4 rest",    "1.2.3.4rest", "4294967296"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct in_addr address = {.s_addr = 0x5a5a5a5a};
        printf("%s: ", texts[i]);
        SAY(inet_aton(texts[i], &address));
        say_bytes("address", &address, sizeof address);
    }
    SAY(inet_aton("192.0.2.1", NULL));
}
