/* The texts of settings.def; called for the help of the commands, and by v6shim config. */
#include "command/common/setting_words.h"

#include <stdio.h>

/* Of each setting a row with its words, behind one with the group where a new one begins. */
struct row {
    const char *group;
    struct setting_words words;
};

static const struct row rows[] = {
#define SETTING_GROUP(title_) {.group = title_},
#define SETTING(keyword_, field_, kind_, initial_, constraint_, metavariable_, help_) \
    {.words = {.initial = initial_, .metavariable = metavariable_, .help = help_}},
#include "core/settings/settings.def"
#undef SETTING
#undef SETTING_GROUP
};

const struct setting_words *setting_words(const struct setting *setting)
{
    static struct setting_words found;
    size_t count, left = (size_t)(setting - config_list(&count));
    const char *group = NULL;
    for (const struct row *row = rows;; row++) {
        if (row->group != NULL) {
            group = row->group;
            continue;
        }
        if (left-- == 0) {
            found = row->words;
            found.group = group;
            return &found;
        }
        group = NULL;
    }
}

const char *setting_placeholder(const struct setting *setting, char *buffer, size_t size)
{
    if (setting->kind == SETTING_CHOICE)
        return setting->constraint;
    if (setting->kind != SETTING_CHOICE_OR_FILE)
        return setting_words(setting)->metavariable;
    snprintf(buffer, size, "%s|%s", setting->constraint, "PATH");
    return buffer;
}
