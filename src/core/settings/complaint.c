/* Says what is wrong with a configuration; called by config.c and config_file.c. */
#include "core/settings/complaint.h"

#include "core/settings/suggest.h"

#include <string.h>

/* The longest message: what is expected and the shown part of the value, each byte of it as \xHH. */
#define MESSAGE_SIZE 640

#define VARIABLE_PREFIX_LENGTH (sizeof SETTING_VARIABLE_PREFIX - 1)

#define SEE_MANUAL " (see v6shim.conf(5))"

void complain_of(const struct complaint_place *place, size_t offset, bool voids_block, const char *message)
{
    const struct config_problem problem = {.source = place->source,
                                           .line = place->line,
                                           .column = (unsigned)offset + 1,
                                           .message = message,
                                           .voids_block = voids_block};
    if (place->reader->report != NULL)
        place->reader->report(place->reader->context, &problem);
}

void complain_of_value(const struct complaint_place *place, size_t offset, const struct setting *setting,
                       const char *value, const struct setting_fault *fault)
{
    char message[MESSAGE_SIZE];
    struct text text = text_on(message, sizeof message);
    text_add(&text, setting->keyword);
    text_add(&text, ": ");
    setting_explain(setting, value, fault, &text);
    complain_of(place, offset + fault->offset, false, message);
}

const char *complaint_nearest(const char *word, size_t length, bool program_too)
{
    size_t count;
    const struct setting *list = config_list(&count);
    struct suggestion suggestion = suggest_for(word, length);
    for (size_t index = 0; index < count; index++)
        suggest_consider(&suggestion, list[index].keyword);
    if (program_too)
        suggest_consider(&suggestion, PROGRAM_KEYWORD);
    return suggestion.nearest;
}

/* The similar word; where there is none, where to look. */
static void add_suggestion(const char *similar, struct text *text)
{
    if (similar == NULL) {
        text_add(text, SEE_MANUAL);
        return;
    }
    text_add(text, " (did you mean ");
    text_add(text, similar);
    text_add(text, "?)");
}

void complain_of_keyword(const struct complaint_place *place, size_t offset, const char *word, size_t length,
                         const char *similar, bool voids_block)
{
    char message[MESSAGE_SIZE];
    struct text text = text_on(message, sizeof message);
    if (word[0] == '[' || word[0] == '<') {
        text_add(&text, "expected a setting, or " PROGRAM_KEYWORD " NAME as the head of a block, found ");
        setting_quote(word, length, &text);
    } else {
        text_add(&text, "no setting is called ");
        setting_quote(word, length, &text);
        add_suggestion(similar, &text);
    }
    complain_of(place, offset, voids_block, message);
}

void complain_of_variable(const struct complaint_place *place, const char *name, size_t length)
{
    char message[MESSAGE_SIZE], variable[SETTING_VARIABLE_SIZE];
    struct text text = text_on(message, sizeof message);
    const char *keyword = complaint_nearest(name + VARIABLE_PREFIX_LENGTH, length - VARIABLE_PREFIX_LENGTH, false);
    const struct setting *similar = keyword == NULL ? NULL : config_find(keyword, strlen(keyword));
    if (similar != NULL)
        setting_variable(similar, variable);
    text_add(&text, "no setting has this variable");
    add_suggestion(similar == NULL ? NULL : variable, &text);
    complain_of(place, 0, false, message);
}
