/* Asks each command for its options; called by command/completion/completion.c. */
#include "command/completion/facts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/common/options.h"
#include "command/common/setting_words.h"
#include "core/settings/config.h"

#define NAME "completion"

/* Options that are no settings, and what they want. A name means the same in all commands. */
static const struct known_value {
    const char *name;
    enum fact_value value;
    const char *words;
} known_values[] = {
    {"user", VALUE_USER, ""},
    {"pid", VALUE_PROCESS, ""},
    {"output", VALUE_FILE, ""},
    {"config", VALUE_FILE, ""},
    {"color", VALUE_ANY, "auto always never"},
    {"fail-on", VALUE_ANY, "note warning error never"},
};

static const struct setting *find_setting(const char *name)
{
    size_t count;
    const struct setting *list = config_list(&count);
    for (size_t index = 0; index < count; index++)
        if (strcmp(list[index].keyword, name) == 0)
            return &list[index];
    return NULL;
}

static bool is_word(const char *text, size_t length)
{
    for (size_t index = 0; index < length; index++)
        if (!islower((unsigned char)text[index]) && !isdigit((unsigned char)text[index]) && text[index] != '-')
            return false;
    return length > 0;
}

/* Of "off|system|file PATH|PREFIX..." those that are words: off and system. */
static void take_words(const char *constraint, char words[FACTS_WORDS_SIZE])
{
    size_t used = 0;
    for (const char *part = constraint; *part != '\0';) {
        size_t length = strcspn(part, "|");
        if (is_word(part, length) && used + length + 1 < FACTS_WORDS_SIZE)
            used += (size_t)snprintf(words + used, FACTS_WORDS_SIZE - used, "%s%.*s", used > 0 ? " " : "",
                                     (int)length, part);
        part += length + (part[length] == '|');
    }
}

static void take_sentence(const char *help, char sentence[FACTS_SENTENCE_SIZE])
{
    const char *end = help;
    while (*end != '\0' && *end != ':' && (*end != '.' || (end[1] != ' ' && end[1] != '\0')))
        end++;
    snprintf(sentence, FACTS_SENTENCE_SIZE, "%.*s", (int)(end - help), help);
}

static void describe_setting(const struct setting *setting, struct fact_option *fact)
{
    bool has_words = setting->kind == SETTING_CHOICE || setting->kind == SETTING_CHOICE_OR_FILE ||
                     setting->kind == SETTING_NAT64 || setting->kind == SETTING_PORTS;
    const struct setting_words *words = setting_words(setting);
    if (setting->kind == SETTING_PATH)
        fact->value = strcmp(words->metavariable, "FILE") == 0 ? VALUE_FILE : VALUE_DIRECTORY;
    if (setting->kind == SETTING_CHOICE_OR_FILE)
        fact->value = VALUE_FILE;
    if (has_words)
        take_words(setting->constraint, fact->words);
    take_sentence(words->help, fact->sentence);
}

static void describe(const struct option *option, struct fact_option *fact)
{
    *fact = (struct fact_option){.name = option->name};
    if (option->val > 0 && option->val <= 0x7f && isgraph(option->val))
        fact->letter = (char)option->val;
    if (option->has_arg == no_argument)
        return;
    fact->value = VALUE_ANY;
    const struct setting *setting = find_setting(option->name);
    if (setting != NULL) {
        describe_setting(setting, fact);
        return;
    }
    for (size_t index = 0; index < sizeof known_values / sizeof known_values[0]; index++)
        if (strcmp(known_values[index].name, option->name) == 0) {
            fact->value = known_values[index].value;
            strcpy(fact->words, known_values[index].words);
        }
}

static void take_options(void *context, const struct option *options)
{
    struct fact_command *command = context;
    size_t count = 0;
    while (options[count].name != NULL)
        count++;
    free(command->options);
    command->options = calloc(count, sizeof *command->options);
    command->count = command->options != NULL ? count : 0;
    for (size_t index = 0; index < command->count; index++)
        describe(&options[index], &command->options[index]);
}

/* With --help, so that a command that shows no list does no harm. */
static void ask(struct fact_command *fact)
{
    char name[] = NAME, option[] = "--help";
    char *arguments[] = {name, option, NULL};
    options_visit(take_options, fact);
    fact->command->run(2, arguments);
    options_visit(NULL, NULL);
}

bool facts_gather(struct facts *facts)
{
    const struct command *list = command_list(&facts->count);
    facts->commands = calloc(facts->count, sizeof *facts->commands);
    if (facts->commands == NULL) {
        complain(NAME, "no memory");
        return false;
    }
    for (size_t index = 0; index < facts->count; index++) {
        facts->commands[index].command = &list[index];
        ask(&facts->commands[index]);
        if (facts->commands[index].count == 0) {
            complain(NAME, "no memory, or v6shim %s shows no list of options", list[index].name);
            return false;
        }
    }
    return true;
}

void facts_free(struct facts *facts)
{
    for (size_t index = 0; facts->commands != NULL && index < facts->count; index++)
        free(facts->commands[index].options);
    free(facts->commands);
    *facts = (struct facts){0};
}
