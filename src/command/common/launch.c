/* Starts a program under the library; called by v6shim run, and by trace and check --run through watch.c. */
#include "command/common/launch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/advise.h"
#include "command/common/command.h"
#include "command/common/preload.h"
#include "command/common/program.h"

int launch_find(const char *command, const char *name, char path[PATH_MAX])
{
    int error = program_find(name, path);
    if (error == -ENOENT) {
        complain(command, "%s is not found", name[0] != '\0' ? name : "a program without a name");
        return EXIT_STATUS_NOT_FOUND;
    }
    if (error != 0) {
        complain(command, "cannot run %s: %s", path, strerror(-error));
        return EXIT_STATUS_NOT_EXECUTABLE;
    }
    return EXIT_STATUS_OK;
}

static bool wants_warnings(void)
{
    const char *log = getenv("V6SHIM_LOG");
    return log == NULL || (strcmp(log, "quiet") != 0 && strcmp(log, "error") != 0);
}

void launch_set_preload(const char *command, const char *program_path)
{
    char path[PATH_MAX], file[PATH_MAX];
    struct program library;
    if (!preload_find_for(command, program_path, path, file) || program_read(file, &library) != 0) {
        complain(command, "cannot find libv6shim.so (%s); V6SHIM_LIBRARY can name it; running without the shim",
                 path);
        return;
    }
    if (strpbrk(path, " :") != NULL) {
        complain(command, "LD_PRELOAD cannot hold a path with a blank or a colon (%s); running without the shim",
                 path);
        return;
    }
    if (wants_warnings())
        advise(command, program_path, &library);
    char *value = preload_join(getenv("LD_PRELOAD"), path);
    if (value == NULL || setenv("LD_PRELOAD", value, 1) != 0)
        complain(command, "no memory for LD_PRELOAD; running without the shim");
    free(value);
}

int launch_execute(const char *command, const char *path, char **argv)
{
    struct program program;
    execvp(path, argv); /* has a slash: no second search, but /bin/sh for a text file */
    int error = errno;
    if (error == ENOENT && program_read(path, &program) == 0 && program.interpreter[0] != '\0')
        complain(command, "cannot run %s: its interpreter %s is not there", path, program.interpreter);
    else
        complain(command, "cannot run %s: %s", path, strerror(error));
    return EXIT_STATUS_NOT_EXECUTABLE;
}
