/* Answers for the options of relayed connections; called by the hooks of setsockopt() and getsockopt(). */
#include "preload/relay/relay_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "preload/socket/socket_options.h"
#include "preload/system/real.h"

int relay_options_set(int fd, int level, int name, const void *value, socklen_t length)
{
    if (level == IPPROTO_IP || level == IPPROTO_TCP)
        return 0;
    return REAL(setsockopt)(fd, level, name, value, length) == 0 ? 0 : -errno;
}

static int give_integer(int number, void *value, socklen_t *length)
{
    if (*length > sizeof number)
        *length = sizeof number;
    memcpy(value, &number, *length);
    return 0;
}

static int get_of_network(int fd, int level, int name, void *value, socklen_t *length)
{
    struct tcp_info connected = {.tcpi_state = TCP_ESTABLISHED};
    if (level == IPPROTO_TCP && name == TCP_INFO) {
        if (*length > sizeof connected)
            *length = sizeof connected;
        memcpy(value, &connected, *length);
        return 0;
    }
    return socket_options_recall(fd, level, name, value, length) ? 0 : give_integer(0, value, length);
}

int relay_options_get(int fd, int level, int name, void *value, socklen_t *length)
{
    if (level == SOL_SOCKET && name == SO_DOMAIN)
        return give_integer(AF_INET, value, length);
    if (level == SOL_SOCKET && name == SO_PROTOCOL)
        return give_integer(IPPROTO_TCP, value, length);
    if (level == IPPROTO_IP || level == IPPROTO_TCP)
        return get_of_network(fd, level, name, value, length);
    return REAL(getsockopt)(fd, level, name, value, length) == 0 ? 0 : -errno;
}
