/*
 * What the commands of v6shim share: their list, exit statuses, and how they complain.
 */
#ifndef V6SHIM_COMMAND_COMMON_COMMAND_H
#define V6SHIM_COMMAND_COMMON_COMMAND_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Of any command, unless its own page says otherwise. The last two are the shell's. */
enum exit_status {
    EXIT_STATUS_OK = 0,
    EXIT_STATUS_FAILED = 1,
    EXIT_STATUS_USAGE = 2, /* an unknown option, a bad value: nothing was done */
    EXIT_STATUS_NOT_EXECUTABLE = 126,
    EXIT_STATUS_NOT_FOUND = 127,
};

/* What a command's words are that are no options, for the shells that complete them. */
enum command_words {
    WORDS_NONE,
    WORDS_PROGRAM,          /* a program, and its arguments */
    WORDS_FILES,            /* programs, directories, texts */
    WORDS_FILES_OR_PROGRAM, /* the second after --run or --observe */
    WORDS_HOSTS,            /* names and addresses */
    WORDS_UNITS,            /* services of systemd */
    WORDS_SHELLS            /* those of v6shim completion */
};

/* One command. `run` gets its name as argv[0] and returns the exit status; `--help` after it is its own to answer. */
struct command {
    const char *name;
    const char *summary; /* one line of `v6shim --help` */
    int (*run)(int argc, char **argv);
    enum command_words words;
};

/* All commands, in the order of `v6shim --help`. */
const struct command *command_list(size_t *count);

int run_command(int argc, char **argv);
int shell_command(int argc, char **argv);
int enable_command(int argc, char **argv);
int disable_command(int argc, char **argv);
int alias_command(int argc, char **argv);
int decode_command(int argc, char **argv);
int check_command(int argc, char **argv);
int doctor_command(int argc, char **argv);
int config_command(int argc, char **argv);
int nat64_command(int argc, char **argv);
int policy_command(int argc, char **argv);
int history_command(int argc, char **argv);
int status_command(int argc, char **argv);
int trace_command(int argc, char **argv);
int completion_command(int argc, char **argv);

/* Prints `v6shim COMMAND: MESSAGE` and a line end to standard error, control characters made harmless. `command` may
   be NULL. */
void complain(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Writes what waits for standard output. Where that, or an earlier write to it, failed, false, after a complaint at
 * the first time: a full disk must not pass for success, nor for the answer "no".
 */
bool output_arrived(void);

/*
 * Says what getopt_long() (opterr 0, a short option string that starts with "+:" or ":") didn't like when it returned
 * '?' or ':', with the nearest long option for an unknown one. Returns EXIT_STATUS_USAGE.
 */
int complain_option(const char *command, int result, char **argv, const struct option *options);

/* The length of the UTF-8 character at the start of the text (RFC 3629 section 4), 0 for what is none. */
size_t character_length(const char *text);

/* Whether the character, of that many bytes, changes the direction of the text around it or ends its line (Unicode's
   bidirectional controls; U+2028, U+2029): with it a name can look like another. */
bool character_turns_text(const char *character, size_t length);

/* Prints text from outside: control characters, those that turn text, and what is no UTF-8 as \xHH, so that a file
   name can't steer the terminal; anything else as it is. */
void print_harmless(FILE *stream, const char *text);

/* The width of the terminal, or that which the user names in COLUMNS; 0 where there is neither. */
unsigned terminal_columns(FILE *stream);

/* Prints one line, broken at blanks to fit `columns`; `indent` blanks, fewer than that, before what follows its first
   part. A word that is longer stays whole. */
void print_hanging(FILE *stream, const char *line, unsigned columns, unsigned indent);

/* Prints the text to standard output, `indent` blanks before each line, broken at blanks to fit 79 columns. */
void print_wrapped(const char *text, int indent);

#endif
