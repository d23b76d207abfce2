#include "snippet.h"

void snippet(void)
{
    static struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct gaicb one = {.ar_name = "one4.example", .ar_request = &hints}, other = one;
    struct gaicb *list[] = {&one};
    SAY(gai_cancel(&other));
    SAY(getaddrinfo_a(GAI_WAIT, list, 1, NULL));
    SAY(gai_cancel(&one));
    SAY(gai_cancel(&other));
    SAY(gai_error(&one));
    freeaddrinfo(one.ar_result);
}
