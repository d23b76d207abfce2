/* Runs programs of the system and reads what they print; called by v6shim doctor. */
#include "command/doctor/tool.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/common/command.h"

#define PATH_SIZE   64
#define ROOM_FIRST  4096u
#define OUTPUT_MOST (16u * 1024u * 1024u)

static bool find_tool(const char *name, char path[PATH_SIZE])
{
    static const char *const directories[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin"};
    for (size_t index = 0; index < sizeof directories / sizeof directories[0]; index++) {
        snprintf(path, PATH_SIZE, "%s/%s", directories[index], name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

bool tool_is_there(const char *name)
{
    char path[PATH_SIZE];
    return find_tool(name, path);
}

__attribute__((noreturn)) static void become(char *path, const char *const *options, int output)
{
    char *arguments[TOOL_OPTIONS_MAX + 2] = {path};
    char locale[] = "LC_ALL=C", *environment[] = {locale, NULL};
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (size_t count = 0; count < TOOL_OPTIONS_MAX && options[count] != NULL; count++)
        arguments[count + 1] = (char *)(uintptr_t)options[count];
    if (nowhere >= 0 && dup2(nowhere, STDIN_FILENO) >= 0 && dup2(nowhere, STDERR_FILENO) >= 0 &&
        dup2(output, STDOUT_FILENO) >= 0)
        execve(path, arguments, environment);
    _exit(EXIT_STATUS_NOT_EXECUTABLE);
}

static char *read_all(int fd)
{
    size_t length = 0, room = ROOM_FIRST;
    char *text = malloc(room);
    ssize_t got = 1;
    while (text != NULL && got > 0) {
        got = read(fd, text + length, room - length - 1);
        length += got > 0 ? (size_t)got : 0;
        if (length < room - 1)
            continue;
        char *more = room < OUTPUT_MOST ? realloc(text, 2 * room) : NULL;
        if (more == NULL)
            free(text);
        text = more;
        room *= 2;
    }
    if (text != NULL)
        text[length] = '\0';
    return text;
}

char *tool_output(const char *name, const char *const *options)
{
    char path[PATH_SIZE];
    int ends[2], status = -1;
    if (!find_tool(name, path) || pipe2(ends, O_CLOEXEC) != 0)
        return NULL;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        become(path, options, ends[1]);
    close(ends[1]);
    char *text = child > 0 ? read_all(ends[0]) : NULL;
    close(ends[0]);
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return text;
    free(text);
    return NULL;
}
