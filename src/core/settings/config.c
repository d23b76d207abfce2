/* Reads settings from text; called by preload/system/settings.c and v6shim run. */
#include "core/settings/config.h"

#include "core/settings/suggest.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* what some editors put before UTF-8 text */

/* The longest message: what is expected and the shown part of the value, each byte of it as \xHH. */
#define MESSAGE_SIZE 640

static const struct setting list[] = {
#define SETTING(keyword_, field_, kind_, initial_, constraint_, metavariable_, help_) \
    {.keyword = keyword_,                                                             \
     .initial = initial_,                                                             \
     .constraint = constraint_,                                                       \
     .metavariable = metavariable_,                                                   \
     .help = help_,                                                                   \
     .kind = SETTING_##kind_,                                                         \
     .offset = offsetof(struct settings, field_),                                     \
     .size = sizeof((struct settings *)0)->field_},
#include "core/settings/settings.def"
#undef SETTING
};

#define DIGITS_OF(number) #number
#define DIGITS(macro)     DIGITS_OF(macro)

#define LIST_LENGTH (sizeof list / sizeof list[0])

#define VARIABLE_PREFIX_LENGTH (sizeof SETTING_VARIABLE_PREFIX - 1)

/* Variables that are no settings: read elsewhere, or passed from the command to the library. */
static const char *const internal_variables[] = {"V6SHIM_CONF", "V6SHIM_LIBRARY", "V6SHIM_OBSERVE", "V6SHIM_TRACE"};

/* Where a text comes from, and who hears about what is wrong with it. */
struct origin {
    const char *source;
    config_report *report;
    void *context;
};

const struct setting *config_list(size_t *count)
{
    *count = LIST_LENGTH;
    return list;
}

const struct setting *config_find(const char *keyword, size_t length)
{
    for (size_t index = 0; index < LIST_LENGTH; index++)
        if (strlen(list[index].keyword) == length && memcmp(list[index].keyword, keyword, length) == 0)
            return &list[index];
    return NULL;
}

void config_defaults(struct settings *settings)
{
    for (size_t index = 0; index < LIST_LENGTH; index++)
        if (list[index].initial[0] != '\0')
            setting_reset(&list[index], settings);
}

static void complain(const struct origin *origin, unsigned line, size_t offset, const char *message)
{
    if (origin->report != NULL)
        origin->report(origin->context, &(struct config_problem){.source = origin->source,
                                                                 .line = line,
                                                                 .column = (unsigned)offset + 1,
                                                                 .message = message});
}

static void complain_value(const struct origin *origin, unsigned line, size_t value_offset,
                           const struct setting *setting, const char *value, const struct setting_fault *fault)
{
    char message[MESSAGE_SIZE];
    struct text text = text_on(message, sizeof message);
    text_add(&text, setting->keyword);
    text_add(&text, ": ");
    setting_explain(setting, value, fault, &text);
    complain(origin, line, value_offset + fault->offset, message);
}

/* The nearest keyword, or the variable of it; where none is near, where to look. */
static void add_suggestion(const char *keyword, size_t length, bool as_variable, struct text *text)
{
    char variable[SETTING_VARIABLE_SIZE];
    struct suggestion suggestion = suggest_for(keyword, length);
    for (size_t index = 0; index < LIST_LENGTH; index++)
        suggest_consider(&suggestion, list[index].keyword);
    if (suggestion.nearest == NULL) {
        text_add(text, " (see libv6shim(7))");
        return;
    }
    text_add(text, " (did you mean ");
    const struct setting *nearest = config_find(suggestion.nearest, strlen(suggestion.nearest));
    if (as_variable && nearest != NULL) {
        setting_variable(nearest, variable);
        text_add(text, variable);
    } else {
        text_add(text, suggestion.nearest);
    }
    text_add(text, "?)");
}

static void complain_keyword(const struct origin *origin, unsigned line, size_t offset, const char *keyword,
                             size_t length)
{
    char message[MESSAGE_SIZE];
    struct text text = text_on(message, sizeof message);
    text_add(&text, "no setting is called ");
    setting_quote(keyword, length, &text);
    add_suggestion(keyword, length, false, &text);
    complain(origin, line, offset, message);
}

static void complain_variable(const struct origin *origin, const char *name, size_t length)
{
    char message[MESSAGE_SIZE];
    struct text text = text_on(message, sizeof message);
    text_add(&text, "no setting has this variable");
    add_suggestion(name + VARIABLE_PREFIX_LENGTH, length - VARIABLE_PREFIX_LENGTH, true, &text);
    complain(origin, 0, 0, message);
}

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

static void parse_line(const char *line, size_t length, unsigned number, struct settings *settings,
                       const struct origin *origin)
{
    const char *nul = length == 0 ? NULL : memchr(line, '\0', length);
    if (nul != NULL) {
        complain(origin, number, (size_t)(nul - line), "a NUL byte; expected text");
        return;
    }
    if (length > CONFIG_LINE_LENGTH) {
        complain(origin, number, CONFIG_LINE_LENGTH,
                 "the line is too long; expected at most " DIGITS(CONFIG_LINE_LENGTH) " bytes");
        return;
    }
    length = strip_line(line, length);
    size_t start = 0;
    while (start < length && is_blank(line[start]))
        start++;
    size_t end = start;
    while (end < length && !is_blank(line[end]))
        end++;
    if (start == end)
        return;
    size_t value = end;
    while (value < length && is_blank(line[value]))
        value++;

    const struct setting *setting = config_find(line + start, end - start);
    struct setting_fault fault;
    if (setting == NULL)
        complain_keyword(origin, number, start, line + start, end - start);
    else if (!setting_parse(setting, line + value, length - value, settings, &fault))
        complain_value(origin, number, value, setting, line + value, &fault);
}

void config_parse(const char *text, size_t length, const char *source, struct settings *settings,
                  config_report *report, void *context)
{
    const struct origin origin = {.source = source, .report = report, .context = context};
    const size_t mark = sizeof BYTE_ORDER_MARK - 1;
    size_t place = length >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0 ? mark : 0;
    for (unsigned number = 1; place < length; number++) {
        const char *end = memchr(text + place, '\n', length - place);
        size_t line_length = end == NULL ? length - place : (size_t)(end - (text + place));
        parse_line(text + place, line_length, number, settings, &origin);
        place += line_length + 1;
    }
}

static bool is_internal(const char *name, size_t length)
{
    for (size_t index = 0; index < sizeof internal_variables / sizeof internal_variables[0]; index++) {
        const char *known = internal_variables[index];
        size_t known_length = strcspn(known, "*");
        bool whole = known[known_length] == '\0';
        if ((whole ? length == known_length : length >= known_length) && memcmp(name, known, known_length) == 0)
            return true;
    }
    return false;
}

static const struct setting *find_variable(const char *name, size_t length)
{
    char known[SETTING_VARIABLE_SIZE];
    for (size_t index = 0; index < LIST_LENGTH; index++) {
        setting_variable(&list[index], known);
        if (strlen(known) == length && memcmp(known, name, length) == 0)
            return &list[index];
    }
    return NULL;
}

bool config_is_variable(const char *name, size_t length)
{
    return length > VARIABLE_PREFIX_LENGTH && memcmp(name, SETTING_VARIABLE_PREFIX, VARIABLE_PREFIX_LENGTH) == 0 &&
           !is_internal(name, length);
}

void config_set_variable(const char *name, size_t name_length, const char *value, struct settings *settings,
                         config_report *report, void *context)
{
    char source[4 * SETTING_VARIABLE_SIZE];
    struct text text = text_on(source, sizeof source);
    const struct origin origin = {.source = source, .report = report, .context = context};
    size_t start = strspn(value, " \t"), length = strlen(value);
    if (length == 0)
        return;
    while (length > start && is_blank(value[length - 1]))
        length--;
    setting_show(name, name_length, &text);

    const struct setting *setting = find_variable(name, name_length);
    struct setting_fault fault;
    if (setting == NULL) {
        complain_variable(&origin, name, name_length);
    } else if (!setting_parse(setting, value + start, length - start, NULL, &fault)) {
        complain_value(&origin, 0, start, setting, value + start, &fault);
    } else {
        setting_reset(setting, settings); /* a map starts anew */
        setting_parse(setting, value + start, length - start, settings, &fault);
    }
}
