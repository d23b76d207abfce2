/* What bash completes by: a function, and the lists that it looks into; called by command/completion/completion.c. */
#include <stdio.h>
#include <string.h>

#include "command/completion/shells.h"

/* The first word that is no option ends the options of commands that run a program; what follows is completed as a
   line of its own. Without the package bash-completion there are no words but the lists'. */
static const char completer[] =
    "_v6shim_list() { COMPREPLY=($(compgen -W \"$1\" -- \"$cur\")); }\n"
    "_v6shim_value() {\n"
    "    case $(_v6shim_kind \"$1\") in\n"
    "    file) compopt -o filenames 2>/dev/null\n"
    "        COMPREPLY=($(compgen -W \"$(_v6shim_words \"$1\")\" -- \"$cur\"; compgen -f -- \"$cur\")) ;;\n"
    "    directory) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
    "    user) COMPREPLY=($(compgen -u -- \"$cur\")) ;;\n"
    "    process) _v6shim_list \"$(cd /proc && echo [0-9]*)\" ;;\n"
    "    *) _v6shim_list \"$(_v6shim_words \"$1\")\" ;;\n"
    "    esac\n"
    "}\n"
    "# The place of the program in the line, 0 where there is none yet.\n"
    "_v6shim_program() {\n"
    "    local at=2\n"
    "    while ((at < cword)); do\n"
    "        case ${words[at]} in\n"
    "        --) echo $((at + 1)) && return ;;\n"
    "        --*=*) ;;\n"
    "        -?*) if [[ -n $(_v6shim_kind \"${words[at]}\") ]]; then\n"
    "                ((at++))\n"
    "                [[ ${words[at]} != = ]] || ((at++))\n"
    "            fi ;;\n"
    "        *) echo $at && return ;;\n"
    "        esac\n"
    "        ((at++))\n"
    "    done\n"
    "    ((at > cword)) || [[ $cur == -* ]] && echo 0 || echo $cword\n"
    "}\n"
    "_v6shim_argument() {\n"
    "    case $1 in\n"
    "    program) if declare -F _command_offset >/dev/null; then _command_offset \"$2\"\n"
    "        elif (($2 == cword)) && [[ $cur != */* ]]; then COMPREPLY=($(compgen -c -- \"$cur\"))\n"
    "        else compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")); fi ;;\n"
    "    files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
    "    hosts) COMPREPLY=($(compgen -A hostname -- \"$cur\")) ;;\n"
    "    units) _v6shim_list \"$(systemctl list-unit-files --no-legend --type=service 2>/dev/null | cut -d ' ' -f "
    "1)\" ;;\n"
    "    shells) _v6shim_list 'bash zsh fish' ;;\n"
    "    esac\n"
    "}\n"
    "_v6shim() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD command=${COMP_WORDS[1]} kind at option=\n"
    "    local words=(\"${COMP_WORDS[@]}\")\n"
    "    COMPREPLY=()\n"
    "    if ((cword == 1)); then\n"
    "        _v6shim_list \"$_v6shim_commands help --help --version\"\n"
    "        return\n"
    "    fi\n"
    "    kind=$(_v6shim_takes \"$command\")\n"
    "    if [[ $command == help ]]; then\n"
    "        _v6shim_list \"$_v6shim_commands\"\n"
    "        return\n"
    "    fi\n"
    "    [[ $kind != files_or_program ]] || case \" ${COMP_LINE:0:COMP_POINT} \" in\n"
    "    *' --run '* | *' --observe '*) kind=program ;;\n"
    "    *) kind=files ;;\n"
    "    esac\n"
    "    if [[ $kind == program ]]; then\n"
    "        at=$(_v6shim_program)\n"
    "        ((at == 0)) || { _v6shim_argument program \"$at\"; return; }\n"
    "    fi\n"
    "    # bash makes words of their own of --name, = and the value.\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur= option=${words[cword - 1]}\n"
    "    elif [[ ${words[cword - 1]} == = ]]; then\n"
    "        option=${words[cword - 2]}\n"
    "    elif [[ $cur != -* && -n $(_v6shim_kind \"${words[cword - 1]}\") ]]; then\n"
    "        option=${words[cword - 1]}\n"
    "    fi\n"
    "    if [[ -n $option ]]; then\n"
    "        _v6shim_value \"$option\"\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        _v6shim_list \"$(_v6shim_options \"$command\")\"\n"
    "        [[ ${COMPREPLY-} != *= ]] || compopt -o nospace 2>/dev/null\n"
    "    else\n"
    "        _v6shim_argument \"$kind\"\n"
    "    fi\n"
    "}\n"
    "complete -F _v6shim v6shim\n";

static const char *words_name(enum command_words words)
{
    static const char *const names[] = {[WORDS_NONE] = "none",    [WORDS_PROGRAM] = "program",
                                        [WORDS_FILES] = "files",  [WORDS_FILES_OR_PROGRAM] = "files_or_program",
                                        [WORDS_HOSTS] = "hosts",  [WORDS_UNITS] = "units",
                                        [WORDS_SHELLS] = "shells"};
    return names[words];
}

static void print_options(const struct facts *facts)
{
    puts("_v6shim_options() {\n    case $1 in");
    for (size_t index = 0; index < facts->count; index++) {
        const struct fact_command *command = &facts->commands[index];
        printf("    %s) echo '", command->command->name);
        for (size_t at = 0; at < command->count; at++)
            printf("%s--%s%s", at > 0 ? " " : "", command->options[at].name,
                   command->options[at].value != VALUE_NONE ? "=" : "");
        puts("' ;;");
    }
    puts("    esac\n}");
}

/* A name means the same in all commands, so that each is printed once. */
static bool was_before(const struct facts *facts, size_t command, size_t option)
{
    const char *name = facts->commands[command].options[option].name;
    for (size_t index = 0; index < command; index++)
        for (size_t at = 0; at < facts->commands[index].count; at++)
            if (strcmp(facts->commands[index].options[at].name, name) == 0)
                return true;
    return false;
}

static void print_value(const struct fact_option *option, bool kind)
{
    static const char *const kinds[] = {[VALUE_ANY] = "any",
                                        [VALUE_FILE] = "file",
                                        [VALUE_DIRECTORY] = "directory",
                                        [VALUE_USER] = "user",
                                        [VALUE_PROCESS] = "process"};
    if (option->value == VALUE_NONE || (!kind && option->words[0] == '\0'))
        return;
    printf("    --%s", option->name);
    if (option->letter != '\0')
        printf(" | -%c", option->letter);
    printf(") echo '%s' ;;\n", kind ? kinds[option->value] : option->words);
}

static void print_values(const struct facts *facts, const char *function, bool kind)
{
    printf("%s() {\n    case $1 in\n", function);
    for (size_t index = 0; index < facts->count; index++)
        for (size_t at = 0; at < facts->commands[index].count; at++)
            if (!was_before(facts, index, at))
                print_value(&facts->commands[index].options[at], kind);
    puts("    esac\n}");
}

void completion_bash(const struct facts *facts)
{
    puts("# shellcheck shell=bash disable=SC2207\n# Made by `v6shim completion bash` of the command's own lists.");
    printf("_v6shim_commands='");
    for (size_t index = 0; index < facts->count; index++)
        printf("%s%s", index > 0 ? " " : "", facts->commands[index].command->name);
    puts("'\n_v6shim_takes() {\n    case $1 in");
    for (size_t index = 0; index < facts->count; index++)
        printf("    %s) echo %s ;;\n", facts->commands[index].command->name,
               words_name(facts->commands[index].command->words));
    puts("    esac\n}");
    print_options(facts);
    print_values(facts, "_v6shim_kind", true);
    print_values(facts, "_v6shim_words", false);
    fputs(completer, stdout);
}
