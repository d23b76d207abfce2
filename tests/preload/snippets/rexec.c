#include "snippet.h"

#include <sys/wait.h>

/* A server of one connection on a loopback address: what it was told, with NULs as newlines. */
static pid_t serve(int waiting)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    char got[64];
    ssize_t length = 0;
    int fd = accept(waiting, NULL, NULL), nuls = 0;
    while (nuls < 4 && read(fd, got + length, 1) == 1)
        nuls += got[length++] == '\0';
    if (write(fd, "\0answer", 7) != 7 || write(STDOUT_FILENO, got, (size_t)length) != length)
        _exit(1);
    _exit(0);
}

void snippet(void)
{
    char name[] = "127.0.0.1", unknown[] = "no-such-host.example", answer[16] = "";
    char *host = name, *stranger = unknown;
    struct sockaddr_in address = at("127.0.0.1", 20512), peer = {0};
    socklen_t length = sizeof peer;
    int waiting = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(waiting, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bind(waiting, (struct sockaddr *)&address, sizeof address);
    listen(waiting, 5);
    fflush(stdout);
    serve(waiting);
    int fd = rexec(&host, htons(20512), "me", "word", "command", NULL);
    printf("%d %s\n", fd >= 0, host);
    say_bytes("answer", answer, (size_t)read(fd, answer, sizeof answer));
    SAY(getpeername(fd, (struct sockaddr *)&peer, &length));
    say_address("peer", &peer, length);
    wait(NULL);
    printf("%d\n", rexec(&stranger, htons(20512), "me", "word", "command", NULL));
    close(waiting);
}
