/* getaddrinfo and getnameinfo. */
#include <netdb.h>
#include <string.h>

#include "preload/alias/aliases.h"
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/connect/race_thread.h"
#include "preload/hooks/awareness.h"
#include "preload/resolve/aware.h"
#include "preload/resolve/getaddrinfo.h"
#include "preload/resolve/preference.h"
#include "preload/system/real.h"

EXPORT int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                       struct addrinfo **restrict result)
{
    GUARD(guard);
    if (!GUARD_ENTER_LOOKUP(guard))
        return REAL(getaddrinfo)(node, service, hints, result);
    race_thread_prepare();
    if (hints == NULL || hints->ai_family == AF_UNSPEC || hints->ai_family == AF_INET6) {
        if (!guard.in_lookup && awareness_shows(node, hints))
            aware_set();
        int error = REAL(getaddrinfo)(node, service, hints, result);
        if (error == 0 && node != NULL)
            resolve_info_note(node, *result);
        if (error == 0 && node != NULL && preference_is_explicit())
            resolve_info_reorder(result);
        return error;
    }
    if (hints->ai_family == AF_INET && node != NULL)
        return resolve_info(node, service, hints, result);
    return REAL(getaddrinfo)(node, service, hints, result);
}

EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t length, char *restrict host,
                       socklen_t host_size, char *restrict service, socklen_t service_size, int flags)
{
    GUARD(guard);
    struct sockaddr_in alias;
    if (!GUARD_ENTER_LOOKUP(guard) || address == NULL || length < sizeof alias || address->sa_family != AF_INET)
        return REAL(getnameinfo)(address, length, host, host_size, service, service_size, flags);
    memcpy(&alias, address, sizeof alias);
    if (!aliases_contains(alias.sin_addr))
        return REAL(getnameinfo)(address, length, host, host_size, service, service_size, flags);
    return resolve_name_of_alias(&alias, host, host_size, service, service_size, flags);
}
