#include "snippet.h"

#include <sys/select.h>
#include <time.h>

static void wait_for(const char *what, int first, int second, long timeout_ms)
{
    fd_set readable, writable, exceptional;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&exceptional);
    FD_SET(first, &readable);
    FD_SET(first, &exceptional);
    FD_SET(second, &readable);
    FD_SET(second, &writable);
    struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    printf("%s: ", what);
    SAY(select(first > second ? first + 1 : second + 1, &readable, &writable, &exceptional, &limit));
    printf("first %d %d, second %d %d\n", FD_ISSET(first, &readable) != 0, FD_ISSET(first, &exceptional) != 0,
           FD_ISSET(second, &readable) != 0, FD_ISSET(second, &writable) != 0);
    printf("time left: %s\n", limit.tv_sec != 0 || limit.tv_usec != 0 ? "some" : "none");
}

void snippet(void)
{
    int client, server, pipes[2];
    connection(20270, &client, &server);
    if (pipe(pipes) != 0)
        return;
    wait_for("nothing", client, pipes[0], 50);
    wait_for("room to write", client, server, 2000);
    SAY(write(server, "x", 1));
    wait_for("something to read", client, pipes[0], 2000);
    wait_for("a closed number", 900, client, 2000);
    wait_for("a new socket", socket(AF_INET, SOCK_STREAM, 0), pipes[1], 2000);
    close(server);
    wait_for("its end", client, pipes[0], 2000);
    struct timeval limit = {.tv_usec = 10000}, bad = {.tv_sec = -1};
    SAY(select(0, NULL, NULL, NULL, &limit));
    SAY(select(0, NULL, NULL, NULL, &bad));
    SAY(select(-1, NULL, NULL, NULL, &limit));
}
