#include "snippet.h"

void snippet(void)
{
    struct sockaddr_in address = at("0.0.0.0", 20120), name = {0}, one = at("127.0.0.1", 20120);
    socklen_t length = sizeof name;
    int on = 1, unbound = socket(AF_INET, SOCK_STREAM, 0), bound = socket(AF_INET, SOCK_STREAM, 0);
    SAY(listen(unbound, 5));
    getsockname(unbound, (struct sockaddr *)&name, &length);
    say_address("unbound", &name, length);
    setsockopt(bound, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    SAY(bind(bound, (struct sockaddr *)&address, sizeof address));
    SAY(listen(bound, 5));
    SAY(listen(bound, 10));
    getsockname(bound, (struct sockaddr *)&name, &length);
    say_address("bound", &name, length);
    int second = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    SAY(bind(second, (struct sockaddr *)&address, sizeof address));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    SAY(connect(client, (struct sockaddr *)&one, sizeof one));
    SAY(listen(client, 5));
    SAY(listen(socket(AF_INET, SOCK_DGRAM, 0), 5));
    SAY(listen(open("/dev/null", O_RDWR), 5));
    SAY(listen(-1, 5));
}
