/* New programs: they are observed too, also where this one has cleaned the environment for them; and those that can't
   be (static ones, say) are known by name. */
#include <errno.h>
#include <string.h>

#include "observer/next.h"
#include "observer/tell.h"
#include "runtime/arguments.h"
#include "runtime/follow.h"

#define VARIABLE_LENGTH strlen("V6SHIM_OBSERVE=")

static size_t count_variables(char *const environment[])
{
    size_t count = 0;
    while (environment != NULL && environment[count] != NULL)
        count++;
    return count;
}

static bool lacks_variable(char *const environment[])
{
    const char *variable = tell_variable();
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
        if (variable != NULL && strncmp(environment[i], variable, VARIABLE_LENGTH) == 0)
            return false;
    return variable != NULL;
}

static char *const *with_variable(char *const environment[], char **room)
{
    size_t count = count_variables(environment);
    if (count > 0)
        memcpy(room, environment, count * sizeof *room);
    room[count] = (char *)(uintptr_t)tell_variable();
    room[count + 1] = NULL;
    return room;
}

/* The environment for a new program, in the frame of the function that uses this macro. */
#define OBSERVABLE(environment)                                                                            \
    __extension__({                                                                                        \
        char *const *given = (environment);                                                                \
        if (lacks_variable(given))                                                                         \
            given = with_variable(given, __builtin_alloca((count_variables(given) + 2) * sizeof(char *))); \
        size_t follow_size = tell_wanted() ? follow_room(given) : 0;                                       \
        follow_size == 0 ? given : follow_copy(given, __builtin_alloca(follow_size));                      \
    })

static void tell_program(const char *name, const void *caller)
{
    if (!tell_wanted() || name == NULL)
        return;
    struct observation observation = observation_of(OBSERVATION_EXEC);
    observation.name = name;
    tell(&observation, caller);
}

EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    tell_program(path, CALLER);
    char *const *observable = OBSERVABLE(environment);
    return NEXT(execve)(path, arguments, observable);
}

EXPORT int execv(const char *path, char *const arguments[])
{
    tell_program(path, CALLER);
    char *const *observable = OBSERVABLE(__environ);
    return NEXT(execve)(path, arguments, observable);
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    tell_program(file, CALLER);
    char *const *observable = OBSERVABLE(environment);
    return NEXT(execvpe)(file, arguments, observable);
}

EXPORT int execvp(const char *file, char *const arguments[])
{
    tell_program(file, CALLER);
    char *const *observable = OBSERVABLE(__environ);
    return NEXT(execvpe)(file, arguments, observable);
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    char *const *observable = OBSERVABLE(environment);
    return NEXT(fexecve)(fd, arguments, observable);
}

EXPORT int execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags)
{
    char *const *observable = OBSERVABLE(environment);
    return NEXT(execveat)(directory, path, arguments, observable, flags);
}

EXPORT int execl(const char *path, const char *argument, ...)
{
    COLLECT(list, argument);
    va_end(list);
    tell_program(path, CALLER);
    char *const *observable = OBSERVABLE(__environ);
    return NEXT(execve)(path, arguments, observable);
}

EXPORT int execlp(const char *file, const char *argument, ...)
{
    COLLECT(list, argument);
    va_end(list);
    tell_program(file, CALLER);
    char *const *observable = OBSERVABLE(__environ);
    return NEXT(execvpe)(file, arguments, observable);
}

EXPORT int execle(const char *path, const char *argument, ...)
{
    COLLECT(list, argument);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    tell_program(path, CALLER);
    char *const *observable = OBSERVABLE(environment);
    return NEXT(execve)(path, arguments, observable);
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
    char *const *observable = OBSERVABLE(environment);
    SPAWN(NEXT(posix_spawn)(&child, path, actions, attributes, arguments, observable));
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                        char *const environment[restrict])
{
    tell_program(file, CALLER);
    char *const *observable = OBSERVABLE(environment);
    SPAWN(NEXT(posix_spawnp)(&child, file, actions, attributes, arguments, observable));
}
