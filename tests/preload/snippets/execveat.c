#include "snippet.h"

#include <sys/wait.h>

static void try(int directory, const char *path, char **arguments, char **environment)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        SAY(execveat(directory, path, arguments, environment, 0));
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
    int bin = open("/bin", O_RDONLY | O_DIRECTORY);
    try(bin, "sh", arguments, environment);
    try(AT_FDCWD, "/bin/sh", arguments, empty);
    try(bin, "no-such-file", arguments, environment);
    try(-1, "sh", arguments, environment);
}
