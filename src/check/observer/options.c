/* Options of sockets, and what is asked about interfaces. */
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>

#include "check/observer/next.h"
#include "check/observer/origins.h"
#include "check/observer/report.h"
#include "preload/system/time64.h"

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    bool broadcast = level == SOL_SOCKET && name == SO_BROADCAST && value != NULL && length >= sizeof(int) &&
                     *(const int *)value != 0;
    if (tell_wanted() && (broadcast || level == IPPROTO_IP || level == IPPROTO_IPV6)) {
        struct observation observation = observation_of("setsockopt");
        observation.fd = fd;
        observation.level = level;
        observation.option = name;
        tell(&observation, CALLER);
    }
    return NEXT(setsockopt)(fd, level, name, value, length);
}
TIME64_ALSO(__setsockopt64, setsockopt)

/* How a program that did not wait for its connection learns what became of it. */
EXPORT int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
    int result = NEXT(getsockopt)(fd, level, name, value, length);
    if (tell_wanted() && level == SOL_SOCKET && name == SO_ERROR && result == 0 && *length == sizeof(int) &&
        *(const int *)value != 0) {
        struct observation observation = observation_of("getsockopt");
        observation.fd = fd;
        observation.error = *(const int *)value;
        tell(&observation, CALLER);
    }
    return result;
}
TIME64_ALSO(__getsockopt64, getsockopt)

static void note_interface(const char *call, const struct sockaddr *address, bool either_family)
{
    struct ip_address known;
    socklen_t length =
        address != NULL && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    struct origin origin = origin_make(ORIGIN_INTERFACE, call, NULL);
    origin.either_family = either_family;
    if (address != NULL && address_from_sockaddr(address, length, &known, NULL))
        origins_note_new(&known, &origin);
}

static void note_all_interfaces(const struct ifconf *list)
{
    if (list->ifc_buf == NULL)
        return;
    for (size_t i = 0; (i + 1) * sizeof(struct ifreq) <= (size_t)list->ifc_len; i++)
        note_interface("SIOCGIFCONF", &list->ifc_req[i].ifr_addr, false);
}

static const char *interface_request(unsigned long request)
{
    return request == SIOCGIFCONF      ? "SIOCGIFCONF"
           : request == SIOCGIFADDR    ? "SIOCGIFADDR"
           : request == SIOCGIFBRDADDR ? "SIOCGIFBRDADDR"
           : request == SIOCGIFDSTADDR ? "SIOCGIFDSTADDR"
           : request == SIOCGIFNETMASK ? "SIOCGIFNETMASK"
           : request == SIOCSIFADDR    ? "SIOCSIFADDR"
           : request == SIOCSIFBRDADDR ? "SIOCSIFBRDADDR"
           : request == SIOCSIFNETMASK ? "SIOCSIFNETMASK"
                                       : NULL;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    int result = NEXT(ioctl)(fd, request, argument), saved = errno;
    const char *name = tell_wanted() ? interface_request(request) : NULL;
    if (name == NULL)
        return result;
    struct observation observation = observation_of("ioctl");
    observation.fd = fd;
    observation.name = name;
    tell(&observation, CALLER);
    if (result == 0 && request == SIOCGIFCONF)
        note_all_interfaces(argument);
    else if (result == 0)
        note_interface(name, &((const struct ifreq *)argument)->ifr_addr, false);
    errno = saved;
    return result;
}
TIME64_ALSO(__ioctl_time64, ioctl)

EXPORT int getifaddrs(struct ifaddrs **list)
{
    int result = NEXT(getifaddrs)(list), saved = errno;
    if (result != 0 || !tell_wanted())
        return result;
    struct observation observation = observation_of("getifaddrs");
    tell(&observation, CALLER);
    for (const struct ifaddrs *at = *list; at != NULL; at = at->ifa_next) {
        note_interface("getifaddrs", at->ifa_addr, true);
        note_interface("getifaddrs", at->ifa_broadaddr, true);
    }
    errno = saved;
    return result;
}
