/*
 * memory: prints how many KiB of private memory this process has dirtied, after it has done something.
 *
 *     memory nothing | connect NAME | serve
 */
#include "bench.h"

static void print_private_dirty(void)
{
    char line[128];
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (file == NULL)
        fail("/proc/self/smaps_rollup");
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Private_Dirty:", 14) == 0)
            printf("%ld\n", strtol(line + 14, NULL, 10));
    fclose(file);
}

static void connect_once(const char *name)
{
    destination address;
    in_port_t port;
    int listener = raw_server(SOCK_STREAM, &port);
    socklen_t length = look_up(name, port, &address);
    int s = need(socket(family_of(&address), SOCK_STREAM, 0), "socket");
    need(connect(s, (const struct sockaddr *)(const void *)&address, length), "connect");
    raw_drain(listener, 1);
}

static void serve_once(void)
{
    destination local = {.sin_family = AF_INET}, peer;
    socklen_t length = sizeof local;
    int listener = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
    need(bind(listener, (struct sockaddr *)&local, sizeof local), "bind");
    need(listen(listener, BACKLOG), "listen");
    need(getsockname(listener, (struct sockaddr *)&local, &length), "getsockname");
    struct sockaddr_in6 server = {
        .sin6_family = AF_INET6, .sin6_port = local.sin_port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int client = raw_socket(AF_INET6, SOCK_STREAM);
    if (syscall(SYS_connect, client, &server, sizeof server) != 0) { /* without the shim, IPv4 only */
        raw_close(client);
        client = raw_socket(AF_INET, SOCK_STREAM);
        need(syscall(SYS_connect, client, &local, sizeof local), "connect");
    }
    need(accept(listener, (struct sockaddr *)&peer, &length), "accept");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "connect") == 0)
        connect_once(argv[2]);
    else if (argc == 2 && strcmp(argv[1], "serve") == 0)
        serve_once();
    else if (argc != 2 || strcmp(argv[1], "nothing") != 0)
        return 2;
    print_private_dirty();
    return 0;
}
