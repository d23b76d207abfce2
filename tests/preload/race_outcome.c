#include "race_outcome.h"
#include "core/base/error_text.h"

#include <poll.h>

const char *const plain[] = {NO_HISTORY, NULL};

struct in_addr address_of(const char *name)
{
    static char known[64];
    static struct in_addr address;
    struct hostent *host = strcmp(known, name) != 0 ? gethostbyname(name) : NULL;
    if (host != NULL) {
        memcpy(&address, host->h_addr_list[0], sizeof address);
        snprintf(known, sizeof known, "%s", name);
    }
    return address;
}

int go(int fd, const char *name, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address_of(name)};
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

void tell(int fd, int error)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    if (error != 0)
        printf("%s\n", error_name(error));
    else if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        printf("connected, no peer: %s\n", error_name(errno));
    else
        printf("connected to %s\n", is_alias(peer.sin_addr) ? "an alias" : text_of(peer.sin_addr));
}

static void blocking(const char *name, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    tell(fd, go(fd, name, port) == 0 ? 0 : errno);
    close(fd);
}

int finish(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    int error = ETIME;
    socklen_t length = sizeof error;
    if (poll(&polled, 1, PATIENT_MS) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    return error;
}

static void nonblocking(const char *name, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int error = go(fd, name, port) == 0 ? 0 : errno;
    tell(fd, error == EINPROGRESS ? finish(fd) : error);
    close(fd);
}

void both_ways(const char *name, uint16_t port)
{
    alarm(PATIENT_MS / 1000);
    blocking(name, port);
    nonblocking(name, port);
}
