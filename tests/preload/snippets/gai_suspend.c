#include "snippet.h"

void snippet(void)
{
    static struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct gaicb one = {.ar_name = "one4.example", .ar_request = &hints};
    struct gaicb *list[] = {&one};
    const struct gaicb *const waited[] = {NULL, &one};
    const struct timespec long_enough = {.tv_sec = 60};
    SAY(getaddrinfo_a(GAI_NOWAIT, list, 1, NULL));
    while (gai_error(&one) == EAI_INPROGRESS)
        gai_suspend(waited, 2, &long_enough);
    SAY(gai_error(&one));
    SAY(gai_suspend(waited, 2, &long_enough));
    SAY(gai_suspend(waited, 2, NULL));
    SAY(gai_suspend(waited, 1, NULL));
    freeaddrinfo(one.ar_result);
}
