/* own_ares.c NAME: a name's IPv4 addresses by c-ares, which asks name servers by itself. Built by
   test_own_resolvers.sh where c-ares is. */
#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

static void print(void *unused, int status, int timeouts, struct hostent *host)
{
    (void)unused;
    (void)timeouts;
    if (status != ARES_SUCCESS)
        printf("%s", ares_strerror(status));
    for (char **at = host != NULL ? host->h_addr_list : NULL; at != NULL && *at != NULL; at++)
        printf("%s%s", at == host->h_addr_list ? "" : " ", inet_ntoa(*(struct in_addr *)*at));
    printf("\n");
}

int main(int count, char **arguments)
{
    ares_channel channel;
    if (count != 2 || ares_init(&channel) != ARES_SUCCESS)
        return 1;
    ares_gethostbyname(channel, arguments[1], AF_INET, print, NULL);
    for (;;) {
        fd_set readable, writable;
        struct timeval limit, *timeout;
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        int most = ares_fds(channel, &readable, &writable);
        if (most == 0)
            break;
        timeout = ares_timeout(channel, NULL, &limit);
        select(most, &readable, &writable, NULL, timeout);
        ares_process(channel, &readable, &writable);
    }
    ares_destroy(channel);
    return 0;
}
