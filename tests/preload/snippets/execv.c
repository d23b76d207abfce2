#include "snippet.h"

#include <sys/wait.h>

static void try(const char *path, char **arguments)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        SAY(execv(path, arguments));
        fflush(stdout);
        _exit(9);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("status %d\n", WEXITSTATUS(status));
}

void snippet(void)
{
    char *arguments[] = {"name", "-c", "echo \"[$0] [$1] [$2] [$A] [${B-unset}]\"; exit 3", "one", "", "three", NULL};
    setenv("A", "of the program", 1);
    try("/bin/sh", arguments);
    unsetenv("A");
    try("/bin/sh", arguments);
    try("/no/such/file", arguments);
    try("", arguments);
    clearenv();
    try("/bin/sh", arguments);
}
