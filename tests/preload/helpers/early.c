/* A library that looks names up and connects in its constructor: the preload's own may not have run yet. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sockaddr_in early_peer;
int early_connection = -1;

__attribute__((constructor)) static void connect_early(void)
{
    const char *port = getenv("EARLY_PORT");
    const struct hostent *host = port != NULL ? gethostbyname("one6.example") : NULL;
    if (host == NULL)
        return;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port))};
    socklen_t length = sizeof early_peer;
    memcpy(&to.sin_addr, host->h_addr_list[0], sizeof to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        getpeername(fd, (struct sockaddr *)&early_peer, &length) == 0)
        early_connection = fd;
}
