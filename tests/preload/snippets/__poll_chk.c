#include "snippet.h"

#include <poll.h>

/* What fortified programs import in the place of poll. */
extern int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t size);

static void wait_for(const char *what, int first, short first_events, int second, short second_events, int timeout)
{
    struct pollfd polled[] = {{first, first_events, 99}, {-1, POLLIN, 99}, {second, second_events, 99}};
    printf("%s: ", what);
    SAY(__poll_chk(polled, 3, timeout, sizeof polled));
    for (int i = 0; i < 3; i++)
        printf("%d: events %#x revents %#x\n", i, (unsigned)polled[i].events, (unsigned)polled[i].revents);
}

void snippet(void)
{
    int client, server, pipes[2];
    connection(20250, &client, &server);
    if (pipe(pipes) != 0)
        return;
    wait_for("nothing to read", client, POLLIN, server, POLLIN, 50);
    wait_for("room to write", client, POLLIN, server, POLLIN | POLLOUT, 50);
    SAY(write(server, "x", 1));
    wait_for("something to read", client, POLLIN | POLLPRI, pipes[0], POLLIN, 2000);
    wait_for("a closed number", 900, POLLIN, client, POLLOUT, 2000);
    wait_for("a new socket", socket(AF_INET, SOCK_STREAM, 0), POLLIN | POLLOUT, pipes[1], POLLOUT, 2000);
    close(server);
    wait_for("its end", client, POLLIN | POLLRDHUP, pipes[0], 0, 2000);
}
