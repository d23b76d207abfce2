/* Speaks IPv6, but has no way to name an interface: inet_pton refuses fe80::1%eth0. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int c, char **v)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)c)};
    int s = socket(AF_INET6, SOCK_STREAM, 0);
    return inet_pton(AF_INET6, v[1], &address.sin6_addr) == 1 && connect(s, (void *)&address, sizeof address) == 0;
}
