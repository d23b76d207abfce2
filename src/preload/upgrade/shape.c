/* Decides whether a caller is shown IPv4 on a descriptor; called by every hook that hands out an address. */
#include "preload/upgrade/shape.h"

#include "preload/resolve/aware.h"
#include "preload/socket/sockets.h"
#include "preload/system/imports.h"
#include "preload/system/settings.h"
#include "preload/upgrade/adoption.h"

/* The observer of v6shim check --run, where it is loaded, stands between us and who calls: it knows. */
extern const void *v6shim_observed_caller(void) __attribute__((weak));

static const void *true_caller(const void *caller)
{
    const void *observed = v6shim_observed_caller != NULL ? v6shim_observed_caller() : NULL;
    return observed != NULL ? observed : caller;
}

bool shape_is_ipv4(int fd, socklen_t room, const void *caller)
{
    if (sockets_has(fd, SOCKET_UPGRADED))
        return true;
    if (sockets_is_native(fd))
        return false;
    if (adoption_try(fd))
        return true;
    if (settings_current()->shape != SHAPE_AUTO)
        return settings_current()->shape == SHAPE_IPV4;
    if (aware_is())
        return false;
    if (room > 0 && room < sizeof(struct sockaddr_in6))
        return true;
    return imports_of(true_caller(caller)) == IMPORTS_IPV4_ONLY;
}
