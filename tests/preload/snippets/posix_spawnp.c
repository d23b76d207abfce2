#include "snippet.h"

#include <spawn.h>
#include <sys/wait.h>

static void try(const char *path, char **arguments, char **environment)
{
    pid_t child = -1;
    int status = 0;
    fflush(stdout);
    if (SAY(posix_spawnp(&child, path, NULL, NULL, arguments, environment)) == 0) {
        waitpid(child, &status, 0);
        printf("status %d\n", WEXITSTATUS(status));
    }
}

void snippet(void)
{
    char *arguments[] = {"name", "-c", "echo \"[$0] [$1] [$2] [$A] [${B-unset}]\"; exit 3", "one", "", "three", NULL};
    char *environment[] = {"A=first", "B=", NULL}, *empty[] = {NULL};
    try("sh", arguments, environment);
    try("/bin/sh", arguments, empty);
    try("/no/such/file", arguments, environment);
    try("", arguments, environment);
    try(plain_script(), arguments, environment);
}
