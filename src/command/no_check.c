/* v6shim check in a build without it (configure --disable-check): says so. Called by command/main.c. */
#include <string.h>

#include "command/common/command.h"
#include "command/common/options.h"

int check_command(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    if (options_visited(options))
        return EXIT_STATUS_OK;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        puts("usage: v6shim check\n"
             "\n"
             "Not in this build, which was configured with --disable-check.");
        return EXIT_STATUS_OK;
    }
    complain(argv[0], "not in this build, which was configured with --disable-check");
    return EXIT_STATUS_USAGE;
}
