#include "snippet.h"

#include <sys/epoll.h>

static void wait_for(const char *what, int set, int most, int timeout_ms)
{
    struct epoll_event events[4] = {{0}};
    struct timespec timeout = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    printf("%s: ", what);
    int count = (int)SAY(epoll_pwait2(set, events, most, &timeout, NULL));
    for (int i = 0; i < count; i++)
        printf("events %#x data %#llx\n", (unsigned)events[i].events, (unsigned long long)events[i].data.u64);
}

void snippet(void)
{
    struct epoll_event *volatile no_events = NULL;
    volatile int minus_one = -1;
    struct timespec none = {0}, bad = {.tv_nsec = -1};
    int client, server, set = epoll_create1(0), datagrams = datagram_socket("127.0.0.1", 20106);
    connection(20105, &client, &server);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1234567890};
    struct sockaddr_in there = at("127.0.0.1", 20106);
    SAY(epoll_ctl(set, EPOLL_CTL_ADD, client, &event));
    event.data.u64 = 7;
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    SAY(epoll_ctl(set, EPOLL_CTL_ADD, datagrams, &event));
    wait_for("room to write", set, 4, 50);
    wait_for("nothing", set, 4, 20);
    SAY(write(server, "x", 1));
    SAY(sendto(datagrams, "x", 1, 0, (struct sockaddr *)&there, sizeof there));
    wait_for("one", set, 1, 2000);
    wait_for("at once", set, 4, 0);
    SAY(epoll_pwait2(set, no_events, 0, &none, NULL));
    SAY(epoll_pwait2(set, no_events, minus_one, &none, NULL));
    SAY(epoll_pwait2(client, no_events, 1, &none, NULL));
    SAY(epoll_pwait2(-1, no_events, 1, &none, NULL));
    SAY(epoll_pwait2(set, no_events, 1, &bad, NULL));
}
