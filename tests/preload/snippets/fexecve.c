#include "snippet.h"

#include <sys/wait.h>

static void try(int fd, char **arguments, char **environment)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        SAY(fexecve(fd, arguments, environment));
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
    int shell = open("/bin/sh", O_RDONLY | O_CLOEXEC), file = open("/etc/hosts", O_RDONLY);
    try(shell, arguments, environment);
    try(shell, arguments, empty);
    try(file, arguments, environment);
    try(-1, arguments, environment);
}
