/* v6shim run: starts a program with the library preloaded and its settings in the environment. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/launch.h"
#include "command/common/options.h"
#include "command/common/settings_options.h"

#define LOG_FILE_MODE 0600

static void print_help(void)
{
    puts("usage: v6shim run [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
         "\n"
         "Runs PROGRAM with libv6shim.so added to LD_PRELOAD. Each option sets the variable\n"
         "of its name for the program and its children: --resolution-delay=20 is\n"
         "V6SHIM_RESOLUTION_DELAY=20. Variables go before the configuration files.\n"
         "A relative path is made absolute.");
    settings_options_print_help();
    puts("\n"
         "  --argv0=NAME\n"
         "      Starts PROGRAM under this name, as inetd and tcpd do: rules for the service, and\n"
         "      programs that go by their name, see it. A script never does.\n"
         "  -h, --help\n"
         "      Prints this.\n"
         "\n"
         "Exit status: that of PROGRAM; 2 for a bad option, 126 where PROGRAM cannot be\n"
         "run, 127 where it is not found.");
}

/* A log file that can't be written is said here, once, and not by each process that the program starts. */
static void check_log_file(void)
{
    const char *path = getenv("V6SHIM_LOG_FILE");
    if (path == NULL || path[0] != '/')
        return;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, LOG_FILE_MODE);
    if (fd >= 0)
        close(fd);
    if (fd >= 0 || errno == ENXIO) /* a socket, as /dev/log is */
        return;
    complain("run", "cannot write to the log file %s: %m; logging to standard error", path);
    unsetenv("V6SHIM_LOG_FILE");
}

int run_command(int argc, char **argv)
{
    char path[PATH_MAX];
    const char *name = NULL;
    const struct command_option options[] = {{"argv0", 0, NULL, &name}, {0}};
    int status = options_take_with_settings("run", argc, argv, options, OPTIONS_FIRST, print_help);
    if (status != -1)
        return status;
    if (optind == argc) {
        complain("run", "no program given; usage: v6shim run [OPTION]... [--] PROGRAM [ARGUMENT]...");
        return EXIT_STATUS_USAGE;
    }
    status = launch_find("run", argv[optind], path);
    if (status != EXIT_STATUS_OK)
        return status;
    check_log_file();
    launch_set_preload("run", path);
    char *own_name = name != NULL ? strdup(name) : argv[optind];
    if (own_name == NULL) {
        complain("run", "no memory");
        return EXIT_STATUS_FAILED;
    }
    argv[optind] = own_name;
    return launch_execute("run", path, argv + optind);
}
