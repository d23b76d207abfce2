/* New programs: they get the library too, where this one has cleaned the environment. */
#include <spawn.h>
#include <stdarg.h>
#include <unistd.h>

#include "runtime/background.h"
#include "runtime/follow.h"
#include "runtime/guard.h"
#include "runtime/hook.h"
#include "runtime/real.h"

/* This program ends here, and our thread with it: a race can't go on in the next one, and what was found out about
   addresses is written down. Not in a vfork() child, whose memory is its parent's. */
static void leave(void)
{
    if (guard_may_act())
        background_leave();
}

EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    leave();
    char *const *followed = FOLLOW(environment);
    return REAL(execve)(path, arguments, followed);
}

EXPORT int execv(const char *path, char *const arguments[])
{
    leave();
    char *const *followed = FOLLOW(environ);
    return REAL(execve)(path, arguments, followed);
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    leave();
    char *const *followed = FOLLOW(environment);
    return REAL(execvpe)(file, arguments, followed);
}

EXPORT int execvp(const char *file, char *const arguments[])
{
    leave();
    char *const *followed = FOLLOW(environ);
    return REAL(execvpe)(file, arguments, followed);
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    leave();
    char *const *followed = FOLLOW(environment);
    return REAL(fexecve)(fd, arguments, followed);
}

EXPORT int execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags)
{
    leave();
    char *const *followed = FOLLOW(environment);
    return REAL(execveat)(directory, path, arguments, followed, flags);
}

/* The arguments of execl() and its kind as an array in the frame of the hook; `list` is then behind the NULL. */
static size_t count_arguments(va_list list)
{
    size_t count = 1;
    while (va_arg(list, const char *) != NULL)
        count++;
    return count;
}

static void take_arguments(va_list list, const char *first, size_t count, char **arguments)
{
    arguments[0] = (char *)(uintptr_t)first;
    for (size_t i = 1; i <= count; i++) /* the NULL too */
        arguments[i] = va_arg(list, char *);
}

#define COLLECT(list, first)                                              \
    va_list list;                                                         \
    va_start(list, first);                                                \
    size_t count = first != NULL ? count_arguments(list) : 0;             \
    va_end(list);                                                         \
    char **arguments = __builtin_alloca((count + 1) * sizeof *arguments); \
    arguments[0] = NULL;                                                  \
    va_start(list, first);                                                \
    if (count > 0)                                                        \
    take_arguments(list, first, count, arguments)

EXPORT int execl(const char *path, const char *argument, ...)
{
    COLLECT(list, argument);
    va_end(list);
    leave();
    char *const *followed = FOLLOW(environ);
    return REAL(execve)(path, arguments, followed);
}

EXPORT int execlp(const char *file, const char *argument, ...)
{
    COLLECT(list, argument);
    va_end(list);
    leave();
    char *const *followed = FOLLOW(environ);
    return REAL(execvpe)(file, arguments, followed);
}

EXPORT int execle(const char *path, const char *argument, ...)
{
    COLLECT(list, argument);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    leave();
    char *const *followed = FOLLOW(environment);
    return REAL(execve)(path, arguments, followed);
}

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                       char *const environment[restrict])
{
    char *const *followed = FOLLOW(environment);
    return REAL(posix_spawn)(pid, path, actions, attributes, arguments, followed);
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                        char *const environment[restrict])
{
    char *const *followed = FOLLOW(environment);
    return REAL(posix_spawnp)(pid, file, actions, attributes, arguments, followed);
}
