/* Reads the options of a subcommand; called by those that have flags, texts and settings only. */
#include "command/common/options.h"

#include <getopt.h>
#include <stddef.h>

#include "command/common/command.h"
#include "command/common/settings_options.h"

#define LONG_ONLY 256 /* and above: options without a letter, by their place in the list */

/* The list as getopt_long() wants it. */
struct table {
    struct option options[OPTIONS_MAX + SETTINGS_OPTIONS_MAX + 2];
    char letters[2 * OPTIONS_MAX + sizeof "+:h"];
};

static void make_table(struct table *table, const struct command_option *list, enum options_order order,
                       bool settings)
{
    size_t count = 0;
    char *letter = table->letters;
    *table = (struct table){0};
    if (order == OPTIONS_FIRST)
        *letter++ = '+';
    *letter++ = ':';
    *letter++ = 'h';
    for (; count < OPTIONS_MAX && list[count].name != NULL; count++) {
        const struct command_option *option = &list[count];
        int has_value = option->text != NULL ? required_argument : no_argument;
        table->options[count] = (struct option){option->name, has_value, NULL, LONG_ONLY + (int)count};
        if (option->letter == '\0')
            continue;
        table->options[count].val = (unsigned char)option->letter;
        *letter++ = option->letter;
        if (has_value == required_argument)
            *letter++ = ':';
    }
    if (settings)
        count += settings_options_list(table->options + count);
    table->options[count] = (struct option){"help", no_argument, NULL, 'h'};
}

static void take(const struct table *table, const struct command_option *list, int result)
{
    size_t at = 0;
    while (table->options[at].val != result)
        at++;
    if (list[at].text != NULL)
        *list[at].text = optarg;
    else
        *list[at].flag = true;
}

static options_visitor *visit;
static void *visit_context;

void options_visit(options_visitor *visitor, void *context)
{
    visit = visitor;
    visit_context = context;
}

bool options_visited(const struct option *options)
{
    if (visit != NULL)
        visit(visit_context, options);
    return visit != NULL;
}

static int take_all(const char *command, int argc, char **argv, const struct command_option *list,
                    struct table *table, void (*print_help)(void))
{
    int result, status = options_visited(table->options) ? EXIT_STATUS_OK : -1;
    opterr = 0;
    while (status == -1 && (result = getopt_long(argc, argv, table->letters, table->options, NULL)) != -1) {
        if (result == '?' || result == ':') {
            status = complain_option(command, result, argv, table->options);
        } else if (result == 'h') {
            print_help();
            status = EXIT_STATUS_OK;
        } else if (!settings_options_have(result)) {
            take(table, list, result);
        } else if (settings_options_take(command, result) != EXIT_STATUS_OK) {
            status = EXIT_STATUS_USAGE;
        }
    }
    return status;
}

int options_take(const char *command, int argc, char **argv, const struct command_option *list,
                 enum options_order order, void (*print_help)(void))
{
    struct table table;
    make_table(&table, list, order, false);
    return take_all(command, argc, argv, list, &table, print_help);
}

int options_take_with_settings(const char *command, int argc, char **argv, const struct command_option *list,
                               enum options_order order, void (*print_help)(void))
{
    struct table table;
    make_table(&table, list, order, true);
    return take_all(command, argc, argv, list, &table, print_help);
}
