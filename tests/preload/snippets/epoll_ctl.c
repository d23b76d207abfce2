#include "snippet.h"

#include <sys/epoll.h>

static void wait_for(int set)
{
    struct epoll_event events[4];
    int count = (int)SAY(epoll_wait(set, events, 4, 200));
    for (int i = 0; i < count; i++)
        printf("events %#x data %#llx\n", (unsigned)events[i].events, (unsigned long long)events[i].data.u64);
}

void snippet(void)
{
    int client, server, set = epoll_create1(0);
    char byte = 'x';
    connection(20110, &client, &server);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1234567890};
    SAY(epoll_ctl(set, EPOLL_CTL_ADD, client, &event));
    SAY(epoll_ctl(set, EPOLL_CTL_ADD, client, &event));
    SAY(epoll_ctl(set, EPOLL_CTL_MOD, server, &event));
    wait_for(set);
    SAY(write(server, &byte, 1));
    wait_for(set);
    event.events = EPOLLIN | EPOLLONESHOT;
    SAY(epoll_ctl(set, EPOLL_CTL_MOD, client, &event));
    wait_for(set);
    wait_for(set);
    event.events = EPOLLOUT | EPOLLET;
    SAY(epoll_ctl(set, EPOLL_CTL_MOD, client, &event));
    wait_for(set);
    wait_for(set);
    SAY(epoll_ctl(set, EPOLL_CTL_DEL, client, NULL));
    SAY(epoll_ctl(set, EPOLL_CTL_DEL, client, NULL));
    SAY(epoll_ctl(set, EPOLL_CTL_ADD, client, NULL));
    SAY(epoll_ctl(client, EPOLL_CTL_ADD, set, &event));
    SAY(epoll_ctl(set, EPOLL_CTL_ADD, open("/etc/hosts", O_RDONLY), &event));
    SAY(epoll_ctl(set, 77, client, &event));
    SAY(epoll_ctl(-1, EPOLL_CTL_ADD, client, &event));
}
