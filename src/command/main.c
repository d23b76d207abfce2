/* v6shim: finds the command and runs it. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/common/command.h"
#include "core/settings/suggest.h"

/* Those first that a newcomer needs first. */
static const struct command commands[] = {
    {"run", "run a program with libv6shim preloaded", run_command, WORDS_PROGRAM},
    {"shell", "start a shell whose programs have libv6shim preloaded", shell_command, WORDS_NONE},
    {"enable", "put a service of systemd under the shim", enable_command, WORDS_UNITS},
    {"disable", "take it out again", disable_command, WORDS_UNITS},
    {"check", "say what keeps programs from IPv6", check_command, WORDS_FILES_OR_PROGRAM},
    {"doctor", "say what this host can do, what is wrong, and what to do", doctor_command, WORDS_PROGRAM},
    {"config", "show which settings are in force, and check them", config_command, WORDS_PROGRAM},
    {"status", "list the processes that have libv6shim, and their sockets", status_command, WORDS_NONE},
    {"trace", "run a program and show each decision, with times", trace_command, WORDS_PROGRAM},
    {"alias", "say which IPv6 address an alias stands for", alias_command, WORDS_HOSTS},
    {"decode", "put IPv6 addresses in the place of aliases in text", decode_command, WORDS_FILES},
    {"policy", "show in which order addresses are tried, and why", policy_command, WORDS_HOSTS},
    {"history", "show which addresses lost lately, and are tried last", history_command, WORDS_HOSTS},
    {"nat64", "show by which prefix IPv4 is reached through IPv6", nat64_command, WORDS_NONE},
    {"completion", "print what a shell completes these commands by", completion_command, WORDS_SHELLS},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

const struct command *command_list(size_t *count)
{
    *count = COMMAND_COUNT;
    return commands;
}

static const struct command *find_command(const char *name)
{
    for (size_t index = 0; index < COMMAND_COUNT; index++)
        if (strcmp(commands[index].name, name) == 0)
            return &commands[index];
    return NULL;
}

static int complain_unknown(const char *name)
{
    struct suggestion suggestion = suggest_for(name, strlen(name));
    for (size_t index = 0; index < COMMAND_COUNT; index++)
        suggest_consider(&suggestion, commands[index].name);
    suggest_consider(&suggestion, "help");
    if (suggestion.nearest != NULL)
        complain(NULL, "there is no command %s; did you mean %s?", name, suggestion.nearest);
    else
        complain(NULL, "there is no command %s; see v6shim --help", name);
    return EXIT_STATUS_USAGE;
}

static void print_usage(FILE *stream)
{
    fputs("usage: v6shim COMMAND [OPTION]... [ARGUMENT]...\n"
          "       v6shim help [COMMAND]\n"
          "       v6shim --version\n"
          "\n"
          "Lets programs that only know IPv4 use IPv6, unmodified.\n"
          "\n"
          "Commands:\n",
          stream);
    for (size_t index = 0; index < COMMAND_COUNT; index++)
        fprintf(stream, "  %-10s %s\n", commands[index].name, commands[index].summary);
    fputs("\n"
          "`v6shim help COMMAND` tells more; the manual pages v6shim(1), v6shim.conf(5) and\n"
          "libv6shim(7) tell all.\n",
          stream);
}

/* `v6shim help`, and `v6shim help COMMAND`, which is `v6shim COMMAND --help`. */
static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stdout);
        return EXIT_STATUS_OK;
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL && strcmp(argv[1], "help") == 0)
        return help(1, argv);
    if (command == NULL)
        return complain_unknown(argv[1]);
    char option[] = "--help";
    char *arguments[] = {argv[1], option, NULL};
    return command->run(2, arguments);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_STATUS_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("v6shim " PACKAGE_VERSION);
        return EXIT_STATUS_OK;
    }
    if (name[0] == '-') {
        complain(NULL, "there is no option %s before a command; see v6shim --help", name);
        return EXIT_STATUS_USAGE;
    }
    const struct command *command = find_command(name);
    return command == NULL ? complain_unknown(name) : command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    return !output_arrived() && status == EXIT_STATUS_OK ? EXIT_STATUS_FAILED : status;
}
