/* What zsh completes by: a call of _arguments for each command; called by command/completion/completion.c. */
#include <stdio.h>
#include <string.h>

#include "command/completion/shells.h"

/* Text inside '...' and, within that, inside the [...] or between the colons of _arguments. */
static void print_quoted(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text) != NULL)
            printf("\\%c", *text);
        else
            putchar(*text);
}

static void print_action(const struct fact_option *option)
{
    switch (option->value) {
    case VALUE_FILE:
        printf(option->words[0] != '\0' ? "{_alternative \"words\\:word\\:(%s)\" files\\:file\\:_files}" : "_files%s",
               option->words);
        break;
    case VALUE_DIRECTORY:
        fputs("_files -/", stdout);
        break;
    case VALUE_USER:
        fputs("_users", stdout);
        break;
    case VALUE_PROCESS:
        fputs("_pids", stdout);
        break;
    default:
        printf(option->words[0] != '\0' ? "(%s)" : " %s", option->words);
        break;
    }
}

static void print_option(const struct fact_option *option)
{
    fputs("        ", stdout);
    if (option->letter != '\0')
        printf("'(-%c --%s)'{-%c,--%s%s}'", option->letter, option->name, option->letter, option->name,
               option->value != VALUE_NONE ? "=" : "");
    else
        printf("'--%s%s", option->name, option->value != VALUE_NONE ? "=" : "");
    if (option->sentence[0] != '\0') {
        putchar('[');
        print_quoted(option->sentence);
        putchar(']');
    }
    if (option->value != VALUE_NONE) {
        printf(":%s:", option->name);
        print_action(option);
    }
    fputs("' \\\n", stdout);
}

static const char *words_of(enum command_words words)
{
    switch (words) {
    case WORDS_PROGRAM:
        return "'*:: :_normal -p v6shim'";
    case WORDS_FILES:
        return "'*:file:_files'";
    case WORDS_FILES_OR_PROGRAM:
        return "$program";
    case WORDS_HOSTS:
        return "'*:host:_hosts'";
    case WORDS_UNITS:
        return "'*:unit:{compadd -- ${${(f)\"$(systemctl list-unit-files --no-legend --type=service "
               "2>/dev/null)\"}%% *}}'";
    case WORDS_SHELLS:
        return "':shell:(bash zsh fish)'";
    case WORDS_NONE:
        break;
    }
    return "";
}

void completion_zsh(const struct facts *facts)
{
    puts("#compdef v6shim\n# Made by `v6shim completion zsh` of the command's own lists.\n_v6shim() {\n"
         "    local -a names program=('*:file:_files')\n"
         "    names=(");
    for (size_t index = 0; index < facts->count; index++) {
        printf("        '%s:", facts->commands[index].command->name);
        print_quoted(facts->commands[index].command->summary);
        puts("'");
    }
    puts("    )\n"
         "    if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then\n"
         "        _describe -t commands 'v6shim command' names\n"
         "        return\n"
         "    fi\n"
         "    if (( $words[(I)--run] || $words[(I)--observe] )); then\n"
         "        program=('*:: :_normal -p v6shim')\n"
         "    fi\n"
         "    local command=$words[2]\n"
         "    shift words\n"
         "    (( CURRENT-- ))\n"
         "    case $command in");
    for (size_t index = 0; index < facts->count; index++) {
        const struct fact_command *command = &facts->commands[index];
        bool runs = command->command->words == WORDS_PROGRAM;
        printf("    %s)\n        _arguments -s -S%s \\\n", command->command->name, runs ? " -A '-*'" : "");
        for (size_t at = 0; at < command->count; at++)
            print_option(&command->options[at]);
        printf("        %s\n        ;;\n", words_of(command->command->words));
    }
    puts("    esac\n}\n"
         "if [[ $funcstack[1] == _v6shim ]]; then _v6shim \"$@\"; else compdef _v6shim v6shim; fi");
}
