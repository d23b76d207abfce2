/* v6shim run: starts a program with the library preloaded and its settings in the environment. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/launch.h"
#include "command/common/setting_words.h"
#include "core/settings/config.h"

#define OPTION_HELP    'h'
#define OPTION_SETTING 0x100 /* and the number of the setting */
#define LOG_FILE_MODE  0600
#define MESSAGE_SIZE   1024

/* The options for getopt_long: --help and one for each setting; NULL without memory. */
static struct option *make_options(void)
{
    size_t count;
    const struct setting *list = config_list(&count);
    struct option *options = calloc(count + 2, sizeof *options);
    if (options == NULL)
        return NULL;
    for (size_t index = 0; index < count; index++)
        options[index] = (struct option){
            .name = list[index].keyword, .has_arg = required_argument, .val = OPTION_SETTING + (int)index};
    options[count] = (struct option){.name = "help", .has_arg = no_argument, .val = OPTION_HELP};
    return options;
}

static void print_setting(const struct setting *setting)
{
    char expected[MESSAGE_SIZE], placeholder[MESSAGE_SIZE];
    struct text text = text_on(expected, sizeof expected);
    const struct setting_words *words = setting_words(setting);
    if (words->group != NULL)
        printf("\n%s:\n", words->group);
    printf("  --%s=%s", setting->keyword, setting_placeholder(setting, placeholder, sizeof placeholder));
    if (words->initial[0] != '\0')
        printf("  (default %s)", words->initial);
    putchar('\n');
    print_wrapped(words->help, 6);
    if (setting->kind == SETTING_CHOICE || setting->kind == SETTING_PATH)
        return;
    text_add(&text, "Takes ");
    setting_describe(setting, &text);
    text_add(&text, ".");
    print_wrapped(expected, 6);
}

static int print_help(void)
{
    size_t count;
    const struct setting *list = config_list(&count);
    puts("usage: v6shim run [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
         "\n"
         "Runs PROGRAM with libv6shim.so added to LD_PRELOAD. Each option sets the variable\n"
         "of its name for the program and its children: --resolution-delay=20 is\n"
         "V6SHIM_RESOLUTION_DELAY=20. Variables go before the configuration file.\n"
         "A relative path is made absolute.");
    for (size_t index = 0; index < count; index++)
        print_setting(&list[index]);
    puts("\n"
         "  -h, --help\n"
         "      Prints this.\n"
         "\n"
         "Exit status: that of PROGRAM; 2 for a bad option, 126 where PROGRAM cannot be\n"
         "run, 127 where it is not found.");
    return EXIT_STATUS_OK;
}

/* Where a path begins in the value of a setting; at its end where there is none. */
static size_t path_in(const struct setting *setting, const char *value)
{
    static const char word[] = "file ";
    if (setting->kind == SETTING_PATH)
        return 0;
    if (setting->kind != SETTING_CHOICE_OR_FILE)
        return strlen(value);
    if (strncmp(value, word, sizeof word - 1) == 0)
        return sizeof word - 1 + strspn(value + sizeof word - 1, " ");
    return strchr(value, '/') != NULL ? 0 : strlen(value);
}

/* A relative path as an absolute one, any other value as it is, in new memory. */
static char *make_absolute(const struct setting *setting, const char *value)
{
    char *absolute = NULL, *directory;
    const char *path = value + path_in(setting, value);
    if (path[0] == '/' || path[0] == '\0' || (directory = getcwd(NULL, 0)) == NULL)
        return strdup(value);
    int length = asprintf(&absolute, "%.*s%s/%s", (int)(path - value), value, directory, path);
    free(directory);
    return length < 0 ? NULL : absolute;
}

/* Settings of which each line of a file adds entries. */
static bool adds_up(const struct setting *setting)
{
    return setting->kind == SETTING_PREFIX_MAP || setting->kind == SETTING_REDIRECTS;
}

/* Puts a value into the environment; entries of a list are added to those there. */
static bool set_variable(const struct setting *setting, const char *value)
{
    char variable[SETTING_VARIABLE_SIZE], *joined;
    setting_variable(setting, variable);
    const char *before = getenv(variable);
    if (!adds_up(setting) || before == NULL || before[0] == '\0')
        return setenv(variable, value, 1) == 0;
    if (asprintf(&joined, "%s, %s", before, value) < 0)
        return false;
    bool set = setenv(variable, joined, 1) == 0;
    free(joined);
    return set;
}

static int take_setting(const struct setting *setting, const char *given)
{
    char message[MESSAGE_SIZE];
    struct text text = text_on(message, sizeof message);
    struct setting_fault fault;
    char *value = make_absolute(setting, given);
    int status = EXIT_STATUS_USAGE;
    if (value == NULL) {
        complain("run", "no memory");
    } else if (!setting_parse(setting, value, strlen(value), NULL, &fault)) {
        setting_explain(setting, value, &fault, &text);
        complain("run", "--%s: %s", setting->keyword, message);
    } else if (!set_variable(setting, value)) {
        complain("run", "no memory");
    } else {
        status = EXIT_STATUS_OK;
    }
    free(value);
    return status;
}

/* Takes the options up to the program; -1 to go on, else the exit status. */
static int take_options(int argc, char **argv)
{
    size_t count;
    const struct setting *list = config_list(&count);
    struct option *options = make_options();
    int result, status = options == NULL ? EXIT_STATUS_FAILED : -1;
    if (options == NULL)
        complain("run", "no memory");
    opterr = 0;
    while (status < 0 && (result = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
        if (result == OPTION_HELP)
            status = print_help();
        else if (result < OPTION_SETTING)
            status = complain_option("run", result, argv, options);
        else if (take_setting(&list[result - OPTION_SETTING], optarg) != EXIT_STATUS_OK)
            status = EXIT_STATUS_USAGE;
    }
    free(options);
    return status;
}

/* A log file that can't be written is said here, once, and not by each process that the program starts. */
static void check_log_file(void)
{
    const char *path = getenv("V6SHIM_LOG_FILE");
    if (path == NULL || path[0] != '/')
        return;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, LOG_FILE_MODE);
    if (fd >= 0) {
        close(fd);
        return;
    }
    complain("run", "cannot write to the log file %s: %m; logging to standard error", path);
    unsetenv("V6SHIM_LOG_FILE");
}

int run_command(int argc, char **argv)
{
    char path[PATH_MAX];
    int status = take_options(argc, argv);
    if (status >= 0)
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
    return launch_execute("run", path, argv + optind);
}
