/* v6shim shell: starts the user's shell with the library preloaded, and a prompt that says so. */
#include "config.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/launch.h"
#include "command/common/options.h"

#define NAME          "shell"
#define MARK          "(v6shim) "
#define SHELL_DEFAULT "/bin/sh"
#define NAME_SIZE     32

static void print_help(void)
{
    puts("usage: v6shim shell [OPTION]...\n"
         "\n"
         "Starts your shell ($SHELL) with libv6shim.so added to LD_PRELOAD, so that each\n"
         "program that you start in it is one under the shim. The prompt says so: it begins\n"
         "with " MARK "in bash, fish and the shells that read $ENV (dash, ksh, mksh).\n"
         "\n"
         "The options of v6shim run set up the library for them.\n"
         "\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: that of the shell; 126 where it cannot be run, 127 where it is not\n"
         "found.");
}

static const char *choose_shell(void)
{
    const char *shell = getenv("SHELL");
    if (shell != NULL && shell[0] != '\0')
        return shell;
    const struct passwd *user = getpwuid(getuid());
    return user != NULL && user->pw_shell[0] != '\0' ? user->pw_shell : SHELL_DEFAULT;
}

/* A file in memory, which the shell reads when it starts by a name in /proc, and closes with its last line. */
struct start_file {
    FILE *stream; /* NULL: can't be had */
    char name[NAME_SIZE];
};

static struct start_file start_file_begin(void)
{
    struct start_file file = {0};
    int fd = memfd_create("v6shim", 0);
    if (fd < 0)
        return file;
    file.stream = fdopen(fd, "w");
    snprintf(file.name, sizeof file.name, "/proc/self/fd/%d", fd);
    return file;
}

/* Not closed: its descriptor is the shell's to read. */
static bool start_file_end(const struct start_file *file)
{
    fprintf(file->stream, "PS1=\"" MARK "$PS1\"\nexec %d<&-\n", fileno(file->stream));
    return fflush(file->stream) == 0;
}

/* bash reads its file instead of the user's, which is read from there. */
static void prepare_bash(char **argv)
{
    static struct start_file file;
    file = start_file_begin();
    if (file.stream == NULL)
        return;
    fputs("[ ! -r ~/.bashrc ] || . ~/.bashrc\n", file.stream);
    if (!start_file_end(&file))
        return;
    static char option[] = "--rcfile";
    argv[1] = option;
    argv[2] = file.name;
}

static void prepare_fish(char **argv)
{
    static char option[] = "-C", commands[] = "functions -c fish_prompt v6shim_prompt; "
                                              "function fish_prompt; echo -n '" MARK "'; v6shim_prompt; end";
    argv[1] = option;
    argv[2] = commands;
}

/* As a word of the shell: what is in single quotes stands for itself. */
static void print_quoted(FILE *stream, const char *text)
{
    putc('\'', stream);
    for (; *text != '\0'; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, stream);
    putc('\'', stream);
}

/* POSIX: an interactive shell reads the file that ENV names. There it is put back, for the programs that the shell
 * starts. */
static void prepare_posix(void)
{
    const char *before = getenv("ENV");
    struct start_file file = start_file_begin();
    if (file.stream == NULL)
        return;
    if (before != NULL) {
        fputs("ENV=", file.stream);
        print_quoted(file.stream, before);
        fputs("; [ ! -r \"$ENV\" ] || . \"$ENV\"\n", file.stream);
    } else {
        fputs("unset ENV\n", file.stream);
    }
    if (start_file_end(&file))
        setenv("ENV", file.name, 1);
}

/* By the shell's name. Of any other (zsh, csh) the prompt stays as it is. */
static void prepare_prompt(const char *path, char **argv)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    if (strcmp(name, "bash") == 0)
        prepare_bash(argv);
    else if (strcmp(name, "fish") == 0)
        prepare_fish(argv);
    else if (strcmp(name, "sh") == 0 || strcmp(name, "dash") == 0 || strstr(name, "ksh") != NULL)
        prepare_posix();
}

int shell_command(int argc, char **argv)
{
    static const struct command_option options[] = {{0}};
    char path[PATH_MAX];
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_FIRST, print_help);
    if (status != -1)
        return status;
    if (optind < argc) {
        complain(NAME, "takes no program; to run one: v6shim run [--] PROGRAM [ARGUMENT]...");
        return EXIT_STATUS_USAGE;
    }
    const char *shell = choose_shell();
    status = launch_find(NAME, shell, path);
    if (status != EXIT_STATUS_OK)
        return status;
    char *arguments[] = {path, NULL, NULL, NULL};
    if (isatty(STDIN_FILENO)) {
        prepare_prompt(path, arguments);
        fprintf(stderr, "Programs that you start in this shell have libv6shim; exit ends it.\n");
    }
    launch_set_preload(NAME, path);
    return launch_execute(NAME, path, arguments);
}
