/* A client as it was written before IPv6. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
    struct hostent *host = gethostbyname(argc > 1 ? argv[1] : "localhost");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7)};
    if (host == NULL)
        return 1;
    memcpy(&address.sin_addr, host->h_addr_list[0], sizeof address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    puts(inet_ntoa(address.sin_addr));
    return connect(fd, (struct sockaddr *)&address, sizeof address) != 0;
}
