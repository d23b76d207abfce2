/* Reads the text of a configuration file; called by preload/system/settings.c and the command. */
#include "core/settings/complaint.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* what some editors put before UTF-8 text */

#define DIGITS_OF(number) #number
#define DIGITS(macro)     DIGITS_OF(macro)

/* Whether lines are in force. */
enum scope {
    SCOPE_THIS_PROGRAM,
    SCOPE_OTHER_PROGRAMS,
    SCOPE_NOBODY /* the head of the block was not understood */
};

/* One line, and where its two parts are in it: both empty for a blank line or a comment. */
struct line {
    struct complaint_place place;
    const char *text;
    size_t keyword, keyword_length;
    size_t value, value_length;
};

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

/* How much of the line is left without comment, trailing blanks and the CR of a CRLF. */
static size_t strip_line(const char *line, size_t length)
{
    for (size_t index = 0; index < length; index++)
        if (line[index] == '#' && (index == 0 || is_blank(line[index - 1])))
            length = index;
    while (length > 0 && (is_blank(line[length - 1]) || line[length - 1] == '\r'))
        length--;
    return length;
}

static void find_parts(struct line *line, size_t length)
{
    length = strip_line(line->text, length);
    size_t at = 0;
    while (at < length && is_blank(line->text[at]))
        at++;
    line->keyword = at;
    while (at < length && !is_blank(line->text[at]))
        at++;
    line->keyword_length = at - line->keyword;
    while (at < length && is_blank(line->text[at]))
        at++;
    line->value = at;
    line->value_length = length - at;
}

static bool is_program_line(const struct line *line)
{
    return line->keyword_length == sizeof PROGRAM_KEYWORD - 1 &&
           memcmp(line->text + line->keyword, PROGRAM_KEYWORD, line->keyword_length) == 0;
}

static bool is_comment(const struct line *line, size_t length)
{
    size_t at = 0;
    while (at < length && is_blank(line->text[at]))
        at++;
    return at < length && line->text[at] == '#';
}

/* For a line that can't be read as one: of what scope the lines below it are. It may have been the head of a block.
 */
static enum scope refuse_line(const struct line *line, size_t length, enum scope scope, size_t offset,
                              const char *message)
{
    bool is_head = config_find(line->text + line->keyword, line->keyword_length) == NULL && !is_comment(line, length);
    complain_of(&line->place, offset, is_head, message);
    return is_head ? SCOPE_NOBODY : scope;
}

static enum scope begin_block(const struct line *line)
{
    static const struct program_name unknown = {NULL, NULL};
    const struct config_reader *reader = line->place.reader;
    const char *patterns = line->text + line->value;
    struct program_fault fault;
    if (!program_line_check(patterns, line->value_length, &fault)) {
        complain_of(&line->place, line->value + fault.offset, true, fault.message);
        return SCOPE_NOBODY;
    }
    const struct program_name *program = reader->program != NULL ? reader->program(reader->context) : &unknown;
    return program_line_matches(patterns, line->value_length, program) ? SCOPE_THIS_PROGRAM : SCOPE_OTHER_PROGRAMS;
}

/* A mistyped setting is one line; any other word may be what another program's configuration has for a head. */
static enum scope refuse_keyword(const struct line *line, enum scope scope)
{
    const char *word = line->text + line->keyword;
    const char *similar = complaint_nearest(word, line->keyword_length, true);
    bool is_head = similar == NULL || strcmp(similar, PROGRAM_KEYWORD) == 0;
    complain_of_keyword(&line->place, line->keyword, word, line->keyword_length, similar, is_head);
    return is_head ? SCOPE_NOBODY : scope;
}

static void take_value(const struct line *line, const struct setting *setting, enum scope scope)
{
    const struct config_reader *reader = line->place.reader;
    const char *value = line->text + line->value;
    struct settings *settings = scope == SCOPE_THIS_PROGRAM ? reader->settings : NULL;
    struct setting_fault fault;
    if (!setting_parse(setting, value, line->value_length, settings, &fault))
        complain_of_value(&line->place, line->value, setting, value, &fault);
    else if (settings != NULL && reader->taken != NULL)
        reader->taken(reader->context, setting,
                      &(struct config_origin){.source = line->place.source,
                                              .line = line->place.line,
                                              .value = value,
                                              .length = line->value_length});
}

/* Returns the scope of the lines below. */
static enum scope parse_line(struct line *line, size_t length, enum scope scope)
{
    const char *nul = length == 0 ? NULL : memchr(line->text, '\0', length);
    bool too_long = length > CONFIG_LINE_LENGTH;
    if (too_long)
        length = CONFIG_LINE_LENGTH;
    find_parts(line, length);
    if (nul != NULL)
        return refuse_line(line, length, scope, (size_t)(nul - line->text), "a NUL byte; expected text");
    if (too_long)
        return refuse_line(line, length, scope, length,
                           "the line is too long; expected at most " DIGITS(CONFIG_LINE_LENGTH) " bytes");
    if (line->keyword_length == 0)
        return scope;
    if (is_program_line(line))
        return begin_block(line);
    const struct setting *setting = config_find(line->text + line->keyword, line->keyword_length);
    if (setting == NULL)
        return refuse_keyword(line, scope);
    take_value(line, setting, scope);
    return scope;
}

void config_parse(const char *text, size_t length, const char *source, const struct config_reader *reader)
{
    const size_t mark = sizeof BYTE_ORDER_MARK - 1;
    size_t at = length >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0 ? mark : 0;
    enum scope scope = SCOPE_THIS_PROGRAM;
    for (unsigned number = 1; at < length; number++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line_length = end == NULL ? length - at : (size_t)(end - (text + at));
        struct line line = {.place = {.source = source, .line = number, .reader = reader}, .text = text + at};
        scope = parse_line(&line, line_length, scope);
        at += line_length + 1;
    }
}
