#include "snippet.h"

void snippet(void)
{
    SAY(ruserok("localhost", 0, "nobody-there", "nobody-here"));
    SAY(ruserok("127.0.0.1", 1, "root", "root"));
    printf("%d\n", ruserok("no-such-host.example", 0, "root", "root")); /* errno is left over from the resolver */
    SAY(ruserok("one4.example", 0, "root", "nobody"));
    printf("%d\n", ruserok("", 0, "root", "root"));
}
