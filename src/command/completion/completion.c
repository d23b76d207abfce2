/* v6shim completion: what bash, zsh and fish complete the command's words by, made of the lists of its options. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command/common/command.h"
#include "command/common/options.h"
#include "command/completion/facts.h"
#include "command/completion/shells.h"

#define NAME "completion"

static const struct shell {
    const char *name;
    void (*print)(const struct facts *facts);
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

#define SHELL_COUNT (sizeof shells / sizeof shells[0])

static void print_help(void)
{
    puts("usage: v6shim completion bash|zsh|fish\n"
         "\n"
         "Prints what that shell completes v6shim's commands, options and values by. make\n"
         "install puts it where the shells look; without that, for bash:\n"
         "\n"
         "  eval \"$(v6shim completion bash)\"\n"
         "\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0, or 2 for a bad option or another shell.");
}

static int print_for(const char *name)
{
    for (size_t index = 0; index < SHELL_COUNT; index++) {
        struct facts facts = {0};
        if (strcmp(shells[index].name, name) != 0)
            continue;
        bool gathered = facts_gather(&facts);
        if (gathered)
            shells[index].print(&facts);
        facts_free(&facts);
        return gathered ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
    }
    complain(NAME, "there is none for %s: bash, zsh or fish", name);
    return EXIT_STATUS_USAGE;
}

int completion_command(int argc, char **argv)
{
    const struct command_option options[] = {{0}};
    int status = options_take(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    if (optind + 1 != argc) {
        complain(NAME, "for which shell? v6shim completion bash|zsh|fish");
        return EXIT_STATUS_USAGE;
    }
    return print_for(argv[optind]);
}
