/* A library whose one function reaches the network, and another that doesn't. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int library_connect(const char *name);
int library_add(int left, int right);

static int connect_to(struct hostent *host)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7)};
    memcpy(&address.sin_addr, host->h_addr_list[0], sizeof address.sin_addr);
    return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

int library_connect(const char *name)
{
    struct hostent *host = gethostbyname(name);
    return host == NULL ? -1 : connect_to(host);
}

int library_add(int left, int right)
{
    return left + right;
}
