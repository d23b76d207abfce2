#include "snippet.h"

#include <signal.h>

static void say_request(const char *what, struct gaicb *request)
{
    int error = gai_error(request);
    printf("%s: %d", what, error);
    for (const struct addrinfo *at = error == 0 ? request->ar_result : NULL; at != NULL; at = at->ai_next)
        printf(", %s type %d", inet_ntoa(((struct sockaddr_in *)at->ai_addr)->sin_addr), at->ai_socktype);
    printf("\n");
    if (error == 0)
        freeaddrinfo(request->ar_result);
}

void snippet(void)
{
    static struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct gaicb one = {.ar_name = "one4.example", .ar_service = "9", .ar_request = &hints};
    struct gaicb absent = {.ar_name = "absent.invalid", .ar_request = &hints};
    struct gaicb number = {.ar_name = "192.0.2.7", .ar_request = &hints};
    struct gaicb any = {.ar_service = "9", .ar_request = &hints};
    struct gaicb *list[] = {&one, NULL, &absent, &number, &any}, *nothing[] = {NULL, NULL};
    SAY(getaddrinfo_a(GAI_WAIT, list, 5, NULL));
    say_request("one", &one);
    say_request("absent", &absent);
    say_request("number", &number);
    say_request("any", &any);
    SAY(getaddrinfo_a(GAI_WAIT, nothing, 2, NULL));
    SAY(getaddrinfo_a(GAI_NOWAIT, nothing, 2, NULL));
    SAY(getaddrinfo_a(99, list, 5, NULL));
    /* With a signal, which is waited for. */
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 7};
    sigset_t set;
    siginfo_t information;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    SAY(getaddrinfo_a(GAI_NOWAIT, list, 2, &event));
    SAY(sigwaitinfo(&set, &information));
    printf("code %d, value %d, from %s\n", information.si_code, information.si_value.sival_int,
           information.si_pid == getpid() ? "itself" : "another");
    say_request("one", &one);
    SAY(getaddrinfo_a(GAI_NOWAIT, nothing, 2, &event));
    SAY(sigwaitinfo(&set, &information));
}
