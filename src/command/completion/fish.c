/* What fish completes by: a line for each option of each command; called by command/completion/completion.c. */
#include <stdio.h>

#include "command/completion/shells.h"

/* Text inside '...'. */
static void print_quoted(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
}

static void print_option(const char *command, const struct fact_option *option)
{
    printf("complete -c v6shim -n '__v6shim_options_of %s' -l %s", command, option->name);
    if (option->letter != '\0')
        printf(" -s %c", option->letter);
    switch (option->value) {
    case VALUE_NONE:
        break;
    case VALUE_FILE:
        printf(option->words[0] != '\0' ? " -r -F -a '%s'" : " -r -F%s", option->words);
        break;
    case VALUE_DIRECTORY:
        fputs(" -x -a '(__fish_complete_directories)'", stdout);
        break;
    case VALUE_USER:
        fputs(" -x -a '(__fish_complete_users)'", stdout);
        break;
    case VALUE_PROCESS:
        fputs(" -x -a '(__fish_complete_pids)'", stdout);
        break;
    case VALUE_ANY:
        printf(option->words[0] != '\0' ? " -x -a '%s'" : " -x%s", option->words);
        break;
    }
    if (option->sentence[0] != '\0') {
        fputs(" -d '", stdout);
        print_quoted(option->sentence);
        putchar('\'');
    }
    putchar('\n');
}

static void print_words(const struct command *command)
{
    const char *name = command->name;
    switch (command->words) {
    case WORDS_PROGRAM:
        printf("complete -c v6shim -n '__v6shim_command %s' -x -a '(__v6shim_program)'\n", name);
        break;
    case WORDS_FILES_OR_PROGRAM:
        printf("complete -c v6shim -n '__v6shim_command %s; and __v6shim_runs' -x -a '(__v6shim_program)'\n"
               "complete -c v6shim -n '__v6shim_command %s; and not __v6shim_runs' -F\n",
               name, name);
        break;
    case WORDS_FILES:
        printf("complete -c v6shim -n '__v6shim_command %s' -F\n", name);
        break;
    case WORDS_HOSTS:
        printf("complete -c v6shim -n '__v6shim_command %s' -a '(__fish_print_hostnames)'\n", name);
        break;
    case WORDS_UNITS:
        printf("complete -c v6shim -n '__v6shim_command %s' "
               "-a '(systemctl list-unit-files --no-legend --type=service 2>/dev/null | string split -f 1 \" \")'\n",
               name);
        break;
    case WORDS_SHELLS:
        printf("complete -c v6shim -n '__v6shim_command %s' -a 'bash zsh fish'\n", name);
        break;
    case WORDS_NONE:
        break;
    }
}

static void print_valued(const struct facts *facts)
{
    fputs("set -g __v6shim_valued", stdout);
    for (size_t index = 0; index < facts->count; index++)
        for (size_t at = 0; at < facts->commands[index].count; at++) {
            const struct fact_option *option = &facts->commands[index].options[at];
            if (option->value == VALUE_NONE)
                continue;
            printf(" --%s", option->name);
            if (option->letter != '\0')
                printf(" -%c", option->letter);
        }
    putchar('\n');
}

static const char functions[] = "function __v6shim_command\n"
                                "    set -l words (commandline -opc)\n"
                                "    test (count $words) -ge 2; and test $words[2] = $argv[1]\n"
                                "end\n"
                                "function __v6shim_runs\n"
                                "    string match -qr -- '^--(run|observe)$' (commandline -opc)\n"
                                "end\n"
                                "# The words from the program on; nothing before it.\n"
                                "function __v6shim_line\n"
                                "    set -l words (commandline -opc)\n"
                                "    set -e words[1..2]\n"
                                "    while set -q words[1]\n"
                                "        switch $words[1]\n"
                                "            case --\n"
                                "                set -e words[1]\n"
                                "                break\n"
                                "            case '--*=*'\n"
                                "                set -e words[1]\n"
                                "            case '-*'\n"
                                "                if contains -- $words[1] $__v6shim_valued; and set -q words[2]\n"
                                "                    set -e words[1]\n"
                                "                end\n"
                                "                set -e words[1]\n"
                                "            case '*'\n"
                                "                break\n"
                                "        end\n"
                                "    end\n"
                                "    string join \\n -- $words\n"
                                "end\n"
                                "function __v6shim_program\n"
                                "    set -l line (string escape -- (__v6shim_line)) (commandline -ct)\n"
                                "    complete -C \"$line\"\n"
                                "end\n"
                                "# In the options of that command, and not in those of the program that it runs.\n"
                                "function __v6shim_options_of\n"
                                "    __v6shim_command $argv[1]; or return\n"
                                "    if contains -- $argv[1] $__v6shim_runners; or __v6shim_runs\n"
                                "        test -z \"$(__v6shim_line)\"\n"
                                "    end\n"
                                "end\n";

void completion_fish(const struct facts *facts)
{
    puts("# Made by `v6shim completion fish` of the command's own lists.");
    print_valued(facts);
    fputs("set -g __v6shim_runners", stdout);
    for (size_t index = 0; index < facts->count; index++)
        if (facts->commands[index].command->words == WORDS_PROGRAM)
            printf(" %s", facts->commands[index].command->name);
    putchar('\n');
    fputs(functions, stdout);
    puts("complete -c v6shim -f\n"
         "complete -c v6shim -n __fish_use_subcommand -l version -s V\n"
         "complete -c v6shim -n __fish_use_subcommand -l help -s h");
    for (size_t index = 0; index < facts->count; index++) {
        const struct command *command = facts->commands[index].command;
        printf("complete -c v6shim -n 'test (count (commandline -opc)) -eq 1; or __v6shim_command help' -a %s -d '",
               command->name);
        print_quoted(command->summary);
        puts("'");
        for (size_t at = 0; at < facts->commands[index].count; at++)
            print_option(command->name, &facts->commands[index].options[at]);
        print_words(command);
    }
}
