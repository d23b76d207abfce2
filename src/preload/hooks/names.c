/* The gethostbyname family. Each hook: guard, is it ours, do it. */
#include <netdb.h>
#include <string.h>

#include "preload/alias/aliases.h"
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/connect/race_thread.h"
#include "preload/resolve/aware.h"
#include "preload/resolve/gethostbyname.h"
#include "preload/system/real.h"

EXPORT struct hostent *gethostbyname(const char *name)
{
    GUARD(guard);
    if (!GUARD_ENTER_LOOKUP(guard) || name == NULL)
        return REAL(gethostbyname)(name);
    race_thread_prepare();
    return resolve_by_name(name);
}

EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    GUARD(guard);
    if (!GUARD_ENTER_LOOKUP(guard) || name == NULL)
        return REAL(gethostbyname2)(name, family);
    if (family == AF_INET) {
        race_thread_prepare();
        return resolve_by_name(name);
    }
    if (!guard.in_lookup)
        aware_set();
    return REAL(gethostbyname2)(name, family);
}

EXPORT int gethostbyname_r(const char *restrict name, struct hostent *restrict result, char *restrict buffer,
                           size_t size, struct hostent **restrict found, int *restrict error)
{
    GUARD(guard);
    if (!GUARD_ENTER_LOOKUP(guard) || name == NULL)
        return REAL(gethostbyname_r)(name, result, buffer, size, found, error);
    race_thread_prepare();
    struct resolve_buffer into = {result, buffer, size};
    return resolve_by_name_r(name, &into, found, error);
}

EXPORT int gethostbyname2_r(const char *restrict name, int family, struct hostent *restrict result,
                            char *restrict buffer, size_t size, struct hostent **restrict found, int *restrict error)
{
    GUARD(guard);
    if (!GUARD_ENTER_LOOKUP(guard) || name == NULL)
        return REAL(gethostbyname2_r)(name, family, result, buffer, size, found, error);
    if (family == AF_INET) {
        race_thread_prepare();
        struct resolve_buffer into = {result, buffer, size};
        return resolve_by_name_r(name, &into, found, error);
    }
    if (!guard.in_lookup)
        aware_set();
    return REAL(gethostbyname2_r)(name, family, result, buffer, size, found, error);
}

/* The alias that a reverse lookup asks about, if it does. */
static bool asks_about_alias(const void *address, socklen_t length, int family, struct in_addr *alias)
{
    if (family != AF_INET || address == NULL || length != sizeof *alias)
        return false;
    memcpy(alias, address, sizeof *alias);
    return aliases_contains(*alias);
}

EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t length, int family)
{
    GUARD(guard);
    struct in_addr alias;
    if (!GUARD_ENTER_LOOKUP(guard) || !asks_about_alias(address, length, family, &alias))
        return REAL(gethostbyaddr)(address, length, family);
    return resolve_by_alias(alias);
}

EXPORT int gethostbyaddr_r(const void *restrict address, socklen_t length, int family,
                           struct hostent *restrict result, char *restrict buffer, size_t size,
                           struct hostent **restrict found, int *restrict error)
{
    GUARD(guard);
    struct in_addr alias;
    if (!GUARD_ENTER_LOOKUP(guard) || !asks_about_alias(address, length, family, &alias))
        return REAL(gethostbyaddr_r)(address, length, family, result, buffer, size, found, error);
    struct resolve_buffer into = {result, buffer, size};
    return resolve_by_alias_r(alias, &into, found, error);
}
