/* The settings as options; called by the commands that start a program or show what settings do. */
#include "command/common/settings_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/setting_words.h"

/* What getopt_long() returns: above all letters, and above what the commands have for options of their own. */
#define OPTION_CONFIG  0x1000
#define OPTION_SETTING 0x1001 /* and the number of the setting */
#define MESSAGE_SIZE   1024

static bool given[SETTINGS_OPTIONS_MAX], any_given;

size_t settings_options_list(struct option options[SETTINGS_OPTIONS_MAX])
{
    size_t count;
    const struct setting *list = config_list(&count);
    for (size_t index = 0; index < count && index + 1 < SETTINGS_OPTIONS_MAX; index++)
        options[index] = (struct option){
            .name = list[index].keyword, .has_arg = required_argument, .val = OPTION_SETTING + (int)index};
    options[count] = (struct option){.name = "config", .has_arg = required_argument, .val = OPTION_CONFIG};
    return count + 1;
}

bool settings_options_have(int result)
{
    return result >= OPTION_CONFIG;
}

bool settings_options_given(const struct setting *setting)
{
    size_t count;
    return given[setting - config_list(&count)];
}

bool settings_options_any_given(void)
{
    return any_given;
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

void settings_options_print_help(void)
{
    size_t count;
    const struct setting *list = config_list(&count);
    for (size_t index = 0; index < count; index++)
        print_setting(&list[index]);
    puts("\n"
         "  --config=FILE\n"
         "      Reads this file in the place of /etc/v6shim.conf and ~/.config/v6shim.conf.");
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

static int take_setting(const char *command, const struct setting *setting, const char *text)
{
    char message[MESSAGE_SIZE];
    struct text explained = text_on(message, sizeof message);
    struct setting_fault fault;
    char *value = make_absolute(setting, text);
    int status = EXIT_STATUS_USAGE;
    if (value == NULL) {
        complain(command, "no memory");
    } else if (!setting_parse(setting, value, strlen(value), NULL, &fault)) {
        setting_explain(setting, value, &fault, &explained);
        complain(command, "--%s: %s", setting->keyword, message);
    } else if (!set_variable(setting, value)) {
        complain(command, "no memory");
    } else {
        status = EXIT_STATUS_OK;
    }
    free(value);
    return status;
}

/* A file that isn't there is said here, once, and not by each process that the program starts. */
static int take_config(const char *command, const char *path)
{
    char *absolute = realpath(path, NULL);
    int status = EXIT_STATUS_USAGE;
    if (absolute == NULL || access(absolute, R_OK) != 0)
        complain(command, "--config: cannot read %s: %m", path);
    else if (setenv("V6SHIM_CONF", absolute, 1) != 0)
        complain(command, "no memory");
    else
        status = EXIT_STATUS_OK;
    free(absolute);
    return status;
}

int settings_options_take(const char *command, int result)
{
    size_t count;
    const struct setting *list = config_list(&count);
    any_given = true;
    if (result == OPTION_CONFIG)
        return take_config(command, optarg);
    given[result - OPTION_SETTING] = true;
    return take_setting(command, &list[result - OPTION_SETTING], optarg);
}
