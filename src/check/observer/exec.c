/* New programs: they are observed too, also where this one has cleaned the environment for them; and those that can't
   be (static ones, say) are known by name. */
#include <spawn.h>
#include <unistd.h>

#include "check/observer/next.h"
#include "check/observer/report.h"
#include "preload/base/arguments.h"
#include "preload/base/pointer.h"
#include "preload/system/follow.h"

static void tell_program(const char *name, const void *caller)
{
    if (!tell_wanted() || !pointer_can_read_text(name))
        return;
    struct observation observation = observation_of(OBSERVATION_EXEC);
    observation.name = name;
    tell(&observation, caller);
}

EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    tell_program(path, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), environment);
    return NEXT(execve)(path, arguments, followed);
}

EXPORT int execv(const char *path, char *const arguments[])
{
    tell_program(path, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), __environ);
    return NEXT(execve)(path, arguments, followed);
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    tell_program(file, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), environment);
    return NEXT(execvpe)(file, arguments, followed);
}

EXPORT int execvp(const char *file, char *const arguments[])
{
    tell_program(file, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), __environ);
    return NEXT(execvpe)(file, arguments, followed);
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    char *const *followed = FOLLOW(tell_wanted(), environment);
    return NEXT(fexecve)(fd, arguments, followed);
}

EXPORT int execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags)
{
    char *const *followed = FOLLOW(tell_wanted(), environment);
    return NEXT(execveat)(directory, path, arguments, followed, flags);
}

EXPORT int execl(const char *path, const char *argument, ...)
{
    COLLECT(list, argument);
    va_end(list);
    tell_program(path, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), __environ);
    return NEXT(execve)(path, arguments, followed);
}

EXPORT int execlp(const char *file, const char *argument, ...)
{
    COLLECT(list, argument);
    va_end(list);
    tell_program(file, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), __environ);
    return NEXT(execvpe)(file, arguments, followed);
}

EXPORT int execle(const char *path, const char *argument, ...)
{
    COLLECT(list, argument);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    tell_program(path, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), environment);
    return NEXT(execve)(path, arguments, followed);
}

/* The number of the child is for us to know, whether the program wants it or not. */
#define SPAWN(call)                 \
    pid_t child = 0;                \
    int result = (call);            \
    if (result == 0 && pid != NULL) \
        *pid = child;               \
    if (result == 0)                \
        tell_child(child);          \
    return result

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                       char *const environment[restrict])
{
    tell_program(path, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), environment);
    SPAWN(NEXT(posix_spawn)(&child, path, actions, attributes, arguments, followed));
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                        char *const environment[restrict])
{
    tell_program(file, CALLER);
    char *const *followed = FOLLOW(tell_wanted(), environment);
    SPAWN(NEXT(posix_spawnp)(&child, file, actions, attributes, arguments, followed));
}
