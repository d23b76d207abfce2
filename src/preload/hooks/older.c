/*
 * Hooks of functions of which libc has an older version too (older.def), for programs that ask for that one. The
 * version script gives the names of hooks.def the newer version, and to these, older_NAME, the older one.
 */
#include <netdb.h>
#include <spawn.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/system/follow.h"
#include "preload/system/older.h"

#define OLDER(type, name, parameters, version, newer) \
    EXPORT type older_##name parameters;              \
    __asm__(".symver older_" #name "," #name "@" version "\n");
#include "preload/older.def"
#undef OLDER

/* These hand a script without #! to the shell (POSIX has only posix_spawnp() do that). */
#ifdef OLDER_SPAWN
int older_posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                      char *const environment[restrict])
{
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return REAL_OLDER(posix_spawn)(pid, path, actions, attributes, arguments, followed);
}

int older_posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                       char *const environment[restrict])
{
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return REAL_OLDER(posix_spawnp)(pid, file, actions, attributes, arguments, followed);
}
#endif

/* These tell of an error by -1 and errno, instead of its number. Libc makes them of the newer ones too. */
#ifdef OLDER_LOOKUP
static int as_older(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

int older_gethostbyname_r(const char *restrict name, struct hostent *restrict result, char *restrict buffer,
                          size_t size, struct hostent **restrict found, int *restrict error)
{
    return as_older(gethostbyname_r(name, result, buffer, size, found, error));
}

int older_gethostbyname2_r(const char *restrict name, int family, struct hostent *restrict result,
                           char *restrict buffer, size_t size, struct hostent **restrict found, int *restrict error)
{
    return as_older(gethostbyname2_r(name, family, result, buffer, size, found, error));
}

int older_gethostbyaddr_r(const void *restrict address, socklen_t length, int family, struct hostent *restrict result,
                          char *restrict buffer, size_t size, struct hostent **restrict found, int *restrict error)
{
    return as_older(gethostbyaddr_r(address, length, family, result, buffer, size, found, error));
}
#endif
