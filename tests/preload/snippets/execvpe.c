#include "snippet.h"

#include <sys/wait.h>

static void try(const char *file, char **arguments, char **environment)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        SAY(execvpe(file, arguments, environment));
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
    char *environment[] = {"A=first", "B=", NULL}, *empty[] = {NULL};
    try("sh", arguments, environment);
    try("/bin/sh", arguments, empty);
    try("no-such-file", arguments, environment);
    try("", arguments, environment);
    setenv("PATH", "/nowhere:/etc", 1);
    try("sh", arguments, environment);
}
