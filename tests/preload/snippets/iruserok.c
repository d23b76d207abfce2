#include "snippet.h"

void snippet(void)
{
    SAY(iruserok(htonl(INADDR_LOOPBACK), 0, "nobody-there", "nobody-here"));
    SAY(iruserok(htonl(INADDR_LOOPBACK), 1, "root", "root"));
    SAY(iruserok(at("192.0.2.1", 0).sin_addr.s_addr, 0, "root", "root"));
    SAY(iruserok(0, 0, "root", "root"));
}
