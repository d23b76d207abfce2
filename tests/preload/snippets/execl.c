#include "snippet.h"

#include <sys/wait.h>

static void try(const char *path, const char *script)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        SAY(execl(path, "name", "-c", script, "one", "", "three", (char *)NULL));
        fflush(stdout);
        _exit(9);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("status %d\n", WEXITSTATUS(status));
}

void snippet(void)
{
    static const char script[] = "echo \"[$0] [$1] [$2] [$A]\"; exit 3";
    setenv("A", "of the program", 1);
    try("/bin/sh", script);
    unsetenv("A");
    try("/bin/sh", script);
    try("/no/such/file", script);
    try("", script);
}
