/*
 * The options of a command whose options are flags, texts and settings, and --help.
 */
#ifndef V6SHIM_COMMAND_COMMON_OPTIONS_H
#define V6SHIM_COMMAND_COMMON_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#define OPTIONS_MAX 8

/* One option. One of `flag` and `text` is not NULL: with `text` the option takes a value. */
struct command_option {
    const char *name;
    char letter; /* '\0': it has none */
    bool *flag;
    const char **text;
};

enum options_order {
    OPTIONS_ANYWHERE,
    OPTIONS_FIRST /* what comes after the first other word belongs to a program */
};

/*
 * Takes the options, a list that ends with a name of NULL and has OPTIONS_MAX entries at most, and leaves getopt's
 * optind at the first other word. Returns -1 to go on, else the exit status: after --help, which is in every list by
 * itself, or after a complaint.
 */
int options_take(const char *command, int argc, char **argv, const struct command_option *list,
                 enum options_order order, void (*print_help)(void));

/* The same, and the settings as options (settings_options.h). */
int options_take_with_settings(const char *command, int argc, char **argv, const struct command_option *list,
                               enum options_order order, void (*print_help)(void));

/* Is shown the options of a command, with --help, as getopt_long() wants them. The list may be gone afterwards, its
   names stay. */
typedef void options_visitor(void *context, const struct option *options);

/* From now on each command that begins to take its options shows them to `visitor`, and then does nothing; NULL: no
   more. v6shim completion asks so. */
void options_visit(options_visitor *visitor, void *context);

/* For what takes options without options_take(): whether only the list was asked for. The command then ends, with
   EXIT_STATUS_OK. */
bool options_visited(const struct option *options);

#endif
