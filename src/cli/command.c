#include "cli/command.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/suggest.h"

#define LINE_SIZE     4096
#define LINE_COLUMNS  79
#define ESCAPED_BYTES 4 /* \xHH */

void print_harmless(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++)
        if (iscntrl((unsigned char)*text))
            fprintf(stream, "\\x%02x", (unsigned char)*text);
        else
            putc(*text, stream);
}

void complain(const char *command, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fflush(stdout);
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
    for (const struct option *option = options; option->name != NULL; option++)
        suggest_consider(&suggestion, option->name);
    if (suggestion.nearest != NULL)
        complain(command, "there is no option %.*s; did you mean --%s?", (int)name_length(word), word,
                 suggestion.nearest);
    else
        complain(command, "there is no option %.*s; see v6shim %s --help", (int)name_length(word), word, command);
    return EXIT_STATUS_USAGE;
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
