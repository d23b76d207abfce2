#include "snippet.h"

#include <sys/epoll.h>

static void wait_for(const char *what, int set, int most, int timeout_ms)
{
    struct epoll_event events[4] = {{0}};
    printf("%s: ", what);
    int count = (int)SAY(epoll_pwait(set, events, most, timeout_ms, NULL));
    for (int i = 0; i < count; i++)
        printf("events %#x data %#llx\n", (unsigned)events[i].events, (unsigned long long)events[i].data.u64);
}

void snippet(void)
{
    struct epoll_event *volatile no_events = NULL;
    volatile int minus_one = -1;
    int client, server, set = epoll_create1(0), datagrams = datagram_socket("127.0.0.1", 20119);
    connection(20118, &client, &server);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1234567890};
    struct sockaddr_in there = at("127.0.0.1", 20119);
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
    SAY(epoll_pwait(set, no_events, 0, 0, NULL));
    SAY(epoll_pwait(set, no_events, minus_one, 0, NULL));
    SAY(epoll_pwait(client, no_events, 1, 0, NULL));
    SAY(epoll_pwait(-1, no_events, 1, 0, NULL));
}
