/* Asks the kernel for the source address of a destination; called by lookups, history and NAT64. */
#include "preload/system/sources.h"

#include <errno.h>
#include <linux/in6.h>

#include "preload/base/cancellation.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"

/* Any port but 0, for which the kernel would refuse: nothing is sent to it. Discard, as in RFC 863. */
#define PROBE_PORT 9

int sources_family_error(sa_family_t family)
{
    int saved = errno;
    CANCELLATION_OFF(cancellation);
    int fd = REAL(socket)(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = fd >= 0 ? 0 : errno;
    if (fd >= 0)
        REAL(close)(fd);
    errno = saved;
    return error;
}

bool sources_family_works(sa_family_t family)
{
    return sources_family_error(family) == 0;
}

static bool probe(int fd, const struct ip_address *destination, struct ip_address *source)
{
    struct sockaddr_storage address;
    socklen_t length = address_to_sockaddr(destination, PROBE_PORT, &address);
    if (REAL(connect)(fd, (const struct sockaddr *)&address, length) != 0)
        return false;
    length = sizeof address;
    struct ip_address local;
    if (REAL(getsockname)(fd, (struct sockaddr *)&address, &length) != 0 ||
        !address_from_sockaddr((const struct sockaddr *)&address, length, &local, NULL))
        return false;
    if (source != NULL)
        *source = local;
    return true;
}

void sources_prefer(int fd)
{
    enum source_preference wanted = settings_current()->source;
    if (wanted == SOURCE_SYSTEM)
        return;
    int saved = errno, preference = wanted == SOURCE_PUBLIC ? IPV6_PREFER_SRC_PUBLIC : IPV6_PREFER_SRC_TMP;
    REAL(setsockopt)(fd, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, &preference, sizeof preference);
    errno = saved;
}

bool sources_find(const struct ip_address *destination, struct ip_address *source)
{
    int saved = errno;
    CANCELLATION_OFF(cancellation);
    int fd = REAL(socket)(destination->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && destination->family == AF_INET6)
        sources_prefer(fd);
    bool found = fd >= 0 && probe(fd, destination, source);
    if (fd >= 0)
        REAL(close)(fd);
    errno = saved;
    return found;
}
