#include "runtime/option_twins.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/real.h"

static const struct {
    int ip, ipv6;
} twins[] = {
    {IP_TOS, IPV6_TCLASS},
    {IP_TTL, IPV6_UNICAST_HOPS},
    {IP_RECVTOS, IPV6_RECVTCLASS},
    {IP_RECVTTL, IPV6_RECVHOPLIMIT},
    {IP_PKTINFO, IPV6_RECVPKTINFO},
    {IP_RECVERR, IPV6_RECVERR},
    {IP_MTU_DISCOVER, IPV6_MTU_DISCOVER},
    {IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS},
    {IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP},
};

/* Linux takes these IPv4 options as an int or as a single byte; their twins take an int only. */
static bool read_integer(const void *value, socklen_t length, int *number)
{
    if (value == NULL || length == 0)
        return false;
    if (length >= sizeof *number)
        memcpy(number, value, sizeof *number);
    else
        *number = *(const unsigned char *)value;
    return true;
}

/* The interface of IP_MULTICAST_IF as an index, where the program gave one; an address names IPv4 only. */
static bool read_interface(const void *value, socklen_t length, int *number)
{
    struct ip_mreqn request;
    if (value == NULL || length < sizeof request)
        return false;
    memcpy(&request, value, sizeof request);
    *number = request.imr_ifindex;
    return *number != 0;
}

static void set_twin(int fd, int name, const void *value, socklen_t length)
{
    int number;
    if (name == IP_MULTICAST_IF && read_interface(value, length, &number))
        REAL(setsockopt)(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &number, sizeof number);
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++)
        if (twins[i].ip == name && read_integer(value, length, &number))
            REAL(setsockopt)(fd, IPPROTO_IPV6, twins[i].ipv6, &number, sizeof number);
}

int option_twins_set(int fd, int level, int name, const void *value, socklen_t length)
{
    if (REAL(setsockopt)(fd, level, name, value, length) != 0)
        return -errno;
    if (level == IPPROTO_IP)
        set_twin(fd, name, value, length);
    return 0;
}
