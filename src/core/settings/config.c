/* The list of settings, and what variables say of them; called by preload/system/settings.c and the command. */
#include "core/settings/config.h"

#include "core/linker/start.h"
#include "core/settings/complaint.h"

#include <string.h>

static const struct setting list[] = {
#define SETTING_GROUP(title_)
#define SETTING(keyword_, field_, kind_, initial_, constraint_, metavariable_, help_) \
    {.keyword = keyword_,                                                             \
     .constraint = constraint_,                                                       \
     .kind = SETTING_##kind_,                                                         \
     .offset = offsetof(struct settings, field_),                                     \
     .size = sizeof((struct settings *)0)->field_},
#include "core/settings/settings.def"
#undef SETTING
#undef SETTING_GROUP
};

#define LIST_LENGTH (sizeof list / sizeof list[0])

#define VARIABLE_PREFIX_LENGTH (sizeof SETTING_VARIABLE_PREFIX - 1)

/* Variables that are no settings: read elsewhere, or passed from the command to the library. */
static const char internal_variables[][sizeof "V6SHIM_LIBRARY"] = {"V6SHIM_CONF", "V6SHIM_LIBRARY", "V6SHIM_OBSERVE",
                                                                   "V6SHIM_TRACE"};

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

/* What is not zero of them. tests/command/common/test_setting_words.c compares each with its text in settings.def. */
START_CODE void config_defaults(struct settings *settings)
{
    settings->resolution_delay_ms = 50;
    settings->attempt_delay_ms = 250;
    settings->silence_limit_ms = 2000;
    settings->alias_pool = (struct ipv4_prefix){.address.s_addr = htonl(0xf0400000), .length = 10}; /* 240.64.0.0 */
    settings->nat64_inbound.mode = NAT64_OFF;
    settings->log = LOG_LEVEL_WARNING;
    settings->ftp_ports = (struct port_list){.count = 1, .ports = {21}};
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

static bool is_internal(const char *name, size_t length)
{
    for (size_t index = 0; index < sizeof internal_variables / sizeof internal_variables[0]; index++)
        if (strlen(internal_variables[index]) == length && memcmp(name, internal_variables[index], length) == 0)
            return true;
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

void config_set_variable(const char *name, size_t name_length, const char *value, const struct config_reader *reader)
{
    char source[4 * SETTING_VARIABLE_SIZE];
    struct text text = text_on(source, sizeof source);
    const struct complaint_place place = {.source = source, .reader = reader};
    size_t start = strspn(value, " \t"), length = strlen(value);
    if (length == 0)
        return;
    while (length > start && is_blank(value[length - 1]))
        length--;
    setting_show(name, name_length, &text);

    const struct setting *setting = find_variable(name, name_length);
    struct setting_fault fault;
    if (setting == NULL) {
        complain_of_variable(&place, name, name_length);
    } else if (!setting_parse(setting, value + start, length - start, NULL, &fault)) {
        complain_of_value(&place, start, setting, value + start, &fault);
    } else if (reader->settings != NULL) {
        setting_clear(setting, reader->settings); /* a map starts anew */
        setting_parse(setting, value + start, length - start, reader->settings, &fault);
        if (reader->taken != NULL)
            reader->taken(
                reader->context, setting,
                &(struct config_origin){.source = source, .value = value + start, .length = length - start});
    }
}
