#include "snippet.h"

#include <sys/wait.h>

static void try(const char *path, const char *script, char **environment)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        SAY(execle(path, "name", "-c", script, "one", "", "three", (char *)NULL, environment));
        fflush(stdout);
        _exit(9);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("status %d\n", WEXITSTATUS(status));
}

void snippet(void)
{
    static const char script[] = "echo \"[$0] [$1] [$2] [$A] [${B-unset}]\"; exit 3";
    char *environment[] = {"A=first", "B=", NULL}, *empty[] = {NULL};
    setenv("A", "of the program", 1);
    try("/bin/sh", script, environment);
    try("/bin/sh", script, empty);
    try("/no/such/file", script, environment);
    try("", script, environment);
}
