/* Prints complaints and usage in one form; called by all subcommands. */
#include "command/common/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/error_text.h"
#include "core/settings/suggest.h"

#define LINE_SIZE       4096
#define COLUMNS_DECIMAL 10
#define LINE_COLUMNS    79

size_t character_length(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] < 0x80)
        return 1;
    size_t length = bytes[0] >= 0xc2 && bytes[0] <= 0xdf ? 2 : (bytes[0] & 0xf0) == 0xe0 ? 3 : 0;
    if (bytes[0] >= 0xf0 && bytes[0] <= 0xf4)
        length = 4;
    for (size_t index = 1; index < length; index++)
        if ((bytes[index] & 0xc0) != 0x80)
            return 0;
    bool overlong = (bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xf0 && bytes[1] < 0x90);
    bool outside = (bytes[0] == 0xed && bytes[1] > 0x9f) || (bytes[0] == 0xf4 && bytes[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

/* U+0080 to U+009F: some terminals obey them as they obey escape sequences. */
static bool is_control(const char *character, size_t length)
{
    return length == 1 ? iscntrl((unsigned char)*character) != 0
                       : length == 2 && (unsigned char)character[0] == 0xc2 && (unsigned char)character[1] < 0xa0;
}

bool character_turns_text(const char *character, size_t length)
{
    static const char *const turning[] = {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b",
                                          "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"};
    for (size_t index = 0; index < sizeof turning / sizeof turning[0]; index++)
        if (length == strlen(turning[index]) && memcmp(character, turning[index], length) == 0)
            return true;
    return false;
}

void print_harmless(FILE *stream, const char *text)
{
    while (*text != '\0') {
        size_t length = character_length(text), taken = length == 0 ? 1 : length;
        if (length > 0 && !is_control(text, length) && !character_turns_text(text, length))
            fwrite(text, 1, taken, stream);
        else
            for (size_t index = 0; index < taken; index++)
                fprintf(stream, "\\x%02x", (unsigned char)text[index]);
        text += taken;
    }
}

/* errno of the first write to standard output that failed here: libc forgets it, and what was to be written. */
static int output_error;

static void flush_output(void)
{
    if (fflush(stdout) != 0 && output_error == 0)
        output_error = errno;
}

bool output_arrived(void)
{
    static bool told;
    flush_output();
    bool arrived = output_error == 0 && !ferror(stdout);
    if (!arrived && !told) {
        told = true;
        complain(NULL, "cannot write to standard output%s%s", output_error != 0 ? ": " : "",
                 output_error != 0 ? error_words(output_error) : "");
    }
    return arrived;
}

void complain(const char *command, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    flush_output();
    fprintf(stderr, command == NULL ? "v6shim: " : "v6shim %s: ", command);
    print_harmless(stderr, line);
    putc('\n', stderr);
}

/* "--name" out of "--name=value". */
static size_t name_length(const char *word)
{
    return strcspn(word, "=");
}

int complain_option(const char *command, int result, char **argv, const struct option *options)
{
    const char *word = argv[optind - 1];
    if (result == ':') {
        complain(command, "%.*s wants a value", (int)name_length(word), word);
        return EXIT_STATUS_USAGE;
    }
    if (optopt != 0 && strncmp(word, "--", 2) == 0) { /* getopt_long tells so of a flag that was given a value */
        complain(command, "%.*s takes no value", (int)name_length(word), word);
        return EXIT_STATUS_USAGE;
    }
    if (optopt != 0) {
        complain(command, "there is no option -%c; see v6shim %s --help", optopt, command);
        return EXIT_STATUS_USAGE;
    }
    struct suggestion suggestion = suggest_for(word + 2, name_length(word) - 2);
    const char *begun = NULL; /* an option that begins so: getopt_long takes it where it is the only one */
    for (const struct option *option = options; option->name != NULL; option++) {
        suggest_consider(&suggestion, option->name);
        if (strncmp(option->name, word + 2, name_length(word) - 2) != 0)
            continue;
        if (begun != NULL) {
            complain(command, "%.*s may be --%s or --%s: say which", (int)name_length(word), word, begun,
                     option->name);
            return EXIT_STATUS_USAGE;
        }
        begun = option->name;
    }
    if (suggestion.nearest != NULL)
        complain(command, "there is no option %.*s; did you mean --%s?", (int)name_length(word), word,
                 suggestion.nearest);
    else
        complain(command, "there is no option %.*s; see v6shim %s --help", (int)name_length(word), word, command);
    return EXIT_STATUS_USAGE;
}

unsigned terminal_columns(FILE *stream)
{
    struct winsize size;
    const char *variable = getenv("COLUMNS");
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    long columns = variable != NULL ? strtol(variable, NULL, COLUMNS_DECIMAL) : 0;
    return columns > 0 && columns <= UINT16_MAX ? (unsigned)columns : 0;
}

void print_hanging(FILE *stream, const char *line, unsigned columns, unsigned indent)
{
    size_t room = columns;
    for (;;) {
        size_t length = strcspn(line, "\n"), at = length;
        if (length > room)
            for (at = room; at > 0 && line[at] != ' '; at--)
                ;
        if (at == 0)
            at = strcspn(line, " \n");
        fprintf(stream, "%.*s\n", (int)at, line);
        line += at;
        line += strspn(line, " \n");
        if (*line == '\0')
            return;
        fprintf(stream, "%*s", (int)indent, "");
        room = columns - indent;
    }
}

void print_wrapped(const char *text, int indent)
{
    int room = LINE_COLUMNS - indent;
    while (*text != '\0') {
        int length = (int)strlen(text);
        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ')
                length--;
            if (length == 0)
                length = (int)strcspn(text, " ");
        }
        printf("%*s%.*s\n", indent, "", length, text);
        text += length;
        text += strspn(text, " ");
    }
}
