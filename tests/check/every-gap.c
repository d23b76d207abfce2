/* Every gap that can be seen in a file, each in a function of its own. Not to be run: some functions have no library.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int callrpc(), hosts_ctl(), io_uring_queue_init(), res_query();

static struct sockaddr_in address = {.sin_family = AF_INET};
static const char *const server = "198.51.100.7";
static int on = 1;

int name_lookup(char **v)
{
    return gethostbyname(v[1]) != NULL;
}

int family_hint(char **v)
{
    struct addrinfo hints = {.ai_family = AF_INET}, *found;
    return getaddrinfo(v[1], v[2], &hints, &found);
}

int client(char **v)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = getservbyname(v[2], "tcp")->s_port;
    address.sin_addr.s_addr = inet_addr(server);
    return connect(s, (struct sockaddr *)&address, sizeof address);
}

int listener(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(s, (struct sockaddr *)&address, sizeof address);
    return listen(s, 5);
}

int print(void)
{
    char text[16];
    puts(inet_ntoa(address.sin_addr));
    puts(inet_ntop(AF_INET, &address.sin_addr, text, 16));
    return inet_network("192.0.2");
}

int split(char *text)
{
    char *colon = strchr(text, ':');
    return colon == NULL ? 0 : atoi(colon + 1);
}

int options(int s)
{
    setsockopt(s, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    setsockopt(s, IPPROTO_IP, IP_TOS, &on, sizeof on);
    setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &on, sizeof on);
    return ioctl(s, SIOCGIFADDR, &on);
}

int raw(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

int others(char **v, unsigned char *a)
{
    printf("PORT %d,%d,%d,%d,%d,%d\r\n", a[0], a[1], a[2], a[3], a[4], a[5]);
    fopen("/proc/net/tcp", "r");
    hosts_ctl(v[0], v[1], v[2], v[3]);
    res_query(v[1], 1, 1, a, 512);
    io_uring_queue_init(8, a, 0);
    callrpc(v[1], 1, 1, 1, 0, 0, 0, 0);
    syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return rcmd(v, 514, v[1], v[2], v[3], NULL);
}

int main(int c, char **v)
{
    return c + name_lookup(v) + family_hint(v) + client(v) + listener() + print() + split(v[1]) + options(c) + raw() +
           others(v, (unsigned char *)v[1]);
}
