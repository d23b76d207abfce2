/* Reads the options of a subcommand; called by those that have flags and texts only. */
#include "command/common/options.h"

#include <getopt.h>
#include <stddef.h>

#include "command/common/command.h"

#define LONG_ONLY 256 /* and above: options without a letter, by their place in the list */

/* The list as getopt_long() wants it. */
struct table {
    struct option options[OPTIONS_MAX + 2];
    char letters[2 * OPTIONS_MAX + sizeof "+:h"];
};

static void make_table(struct table *table, const struct command_option *list, enum options_order order)
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

int options_take(const char *command, int argc, char **argv, const struct command_option *list,
                 enum options_order order, void (*print_help)(void))
{
    struct table table;
    int result;
    make_table(&table, list, order);
    opterr = 0;
    while ((result = getopt_long(argc, argv, table.letters, table.options, NULL)) != -1) {
        if (result == '?' || result == ':')
            return complain_option(command, result, argv, table.options);
        if (result == 'h') {
            print_help();
            return EXIT_STATUS_OK;
        }
        take(&table, list, result);
    }
    return -1;
}
