/* The kernel's tables of IPv4 sockets, read as files. Looked for in paths that could be opened, since those are known
   to be strings. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "check/observer/next.h"
#include "check/observer/report.h"

static bool is_table(const char *path)
{
    static const char *const names[] = {"tcp", "udp", "raw", "tcp6", "udp6", "raw6"};
    const char *room = strncmp(path, "/proc/", strlen("/proc/")) == 0 ? strstr(path, "/net/") : NULL;
    for (size_t i = 0; room != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(room + strlen("/net/"), names[i]) == 0)
            return true;
    return false;
}

static void tell_opened(const char *call, const char *path, const void *caller)
{
    if (!tell_wanted() || !is_table(path))
        return;
    int saved = errno;
    struct observation observation = observation_of(call);
    observation.name = path;
    tell(&observation, caller);
    errno = saved;
}

EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
    FILE *file = NEXT(fopen)(path, mode);
    if (file != NULL)
        tell_opened("fopen", path, CALLER);
    return file;
}

EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode)
{
    FILE *file = NEXT(fopen64)(path, mode);
    if (file != NULL)
        tell_opened("fopen", path, CALLER);
    return file;
}

/* open()'s third argument, where there is one. */
#define MODE_OF(flags)                                                \
    mode_t mode = 0;                                                  \
    if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) { \
        va_list list;                                                 \
        va_start(list, flags);                                        \
        mode = va_arg(list, mode_t);                                  \
        va_end(list);                                                 \
    }

EXPORT int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    int fd = NEXT(open)(path, flags, mode);
    if (fd >= 0)
        tell_opened("open", path, CALLER);
    return fd;
}

EXPORT int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    int fd = NEXT(open64)(path, flags, mode);
    if (fd >= 0)
        tell_opened("open", path, CALLER);
    return fd;
}

EXPORT int __open_2(const char *path, int flags)
{
    int fd = NEXT(__open_2)(path, flags);
    if (fd >= 0)
        tell_opened("open", path, CALLER);
    return fd;
}

EXPORT int __open64_2(const char *path, int flags)
{
    int fd = NEXT(__open64_2)(path, flags);
    if (fd >= 0)
        tell_opened("open", path, CALLER);
    return fd;
}
