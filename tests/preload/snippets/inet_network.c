#include "snippet.h"

void snippet(void)
{
    const char *const texts[] = {
        "192.0.2.1", "127.1",      "10.1.2",   "0x7f.1",       "010.1.1.1",   "255.255.255.255",
        "0",         "4294967295", "",         "1.2.3.4.5",    "256.0.0.1",   "1.2.3.",
        "one4",      " 1.2.3.4",   "1.2.3.4 ", "1.2.3.4 rest", "1.2.3.4rest", ".",
        "0x",        "08.1.1.1",   "1..2"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        printf("%s: ", texts[i]);
        SAY(inet_network(texts[i]));
    }
}
