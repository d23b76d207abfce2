/*
 * What is known of the commands for the shells that complete them: their options, as each command takes them, and
 * what values these have.
 */
#ifndef V6SHIM_COMMAND_COMPLETION_FACTS_H
#define V6SHIM_COMMAND_COMPLETION_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "command/common/command.h"

#define FACTS_WORDS_SIZE    256
#define FACTS_SENTENCE_SIZE 160

enum fact_value {
    VALUE_NONE, /* the option takes none */
    VALUE_ANY,  /* one that can't be guessed, or one of `words` */
    VALUE_FILE, /* or one of `words` */
    VALUE_DIRECTORY,
    VALUE_USER,
    VALUE_PROCESS
};

struct fact_option {
    const char *name;
    char letter; /* '\0': it has none */
    enum fact_value value;
    char words[FACTS_WORDS_SIZE];       /* with blanks between; "": none is known */
    char sentence[FACTS_SENTENCE_SIZE]; /* what a setting's help begins with; "" for other options */
};

struct fact_command {
    const struct command *command;
    struct fact_option *options;
    size_t count;
};

struct facts {
    struct fact_command *commands;
    size_t count;
};

/*
 * Asks all commands. False without memory, and where a command did not show its options (it has to call
 * options_visited(), as options_take() does), after a complaint.
 */
bool facts_gather(struct facts *facts);

void facts_free(struct facts *facts);

#endif
