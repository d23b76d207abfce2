/* New programs: they get the library too, where this one has cleaned the environment. */
#include <spawn.h>
#include <unistd.h>

#include "preload/base/arguments.h"
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/connect/background.h"
#include "preload/socket/holders.h"
#include "preload/system/follow.h"
#include "preload/system/real.h"

/* This program ends here, and our thread with it: a race can't go on in the next one, and what was found out about
   addresses is written down. Not in a vfork() child, whose memory is its parent's. */
static void leave(void)
{
    if (!guard_may_act())
        return;
    background_leave();
    if (!owns_memory()) /* the parent of a vfork() child shares its sockets from here on */
        holders_note_child();
}

static int spawned(int result)
{
    if (result == 0)
        holders_note_child();
    return result;
}

EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    leave();
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return REAL(execve)(path, arguments, followed);
}

EXPORT int execv(const char *path, char *const arguments[])
{
    leave();
    char *const *followed = FOLLOW(guard_may_act(), __environ);
    return REAL(execve)(path, arguments, followed);
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    leave();
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return REAL(execvpe)(file, arguments, followed);
}

EXPORT int execvp(const char *file, char *const arguments[])
{
    leave();
    char *const *followed = FOLLOW(guard_may_act(), __environ);
    return REAL(execvpe)(file, arguments, followed);
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    leave();
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return REAL(fexecve)(fd, arguments, followed);
}

EXPORT int execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags)
{
    leave();
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return REAL(execveat)(directory, path, arguments, followed, flags);
}

EXPORT int execl(const char *path, const char *argument, ...)
{
    COLLECT(list, argument);
    va_end(list);
    leave();
    char *const *followed = FOLLOW(guard_may_act(), __environ);
    return REAL(execve)(path, arguments, followed);
}

EXPORT int execlp(const char *file, const char *argument, ...)
{
    COLLECT(list, argument);
    va_end(list);
    leave();
    char *const *followed = FOLLOW(guard_may_act(), __environ);
    return REAL(execvpe)(file, arguments, followed);
}

EXPORT int execle(const char *path, const char *argument, ...)
{
    COLLECT(list, argument);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    leave();
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return REAL(execve)(path, arguments, followed);
}

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                       char *const environment[restrict])
{
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return spawned(REAL(posix_spawn)(pid, path, actions, attributes, arguments, followed));
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                        char *const environment[restrict])
{
    char *const *followed = FOLLOW(guard_may_act(), environment);
    return spawned(REAL(posix_spawnp)(pid, file, actions, attributes, arguments, followed));
}
