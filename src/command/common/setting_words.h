/*
 * What people read of the settings: their defaults as text, and their help. The library has no use for it.
 */
#ifndef V6SHIM_COMMAND_COMMON_SETTING_WORDS_H
#define V6SHIM_COMMAND_COMMON_SETTING_WORDS_H

#include "core/settings/config.h"

struct setting_words {
    const char *group;   /* "Servers": of its first setting, otherwise NULL */
    const char *initial; /* the default, as text; "" is none */
    const char *metavariable;
    const char *help; /* sentences */
};

/* Those of a setting of config_list(). */
const struct setting_words *setting_words(const struct setting *setting);

/* What the help shows for the value: "policy|ipv6|ipv4", "MS"; in the buffer. */
const char *setting_placeholder(const struct setting *setting, char *buffer, size_t size);

#endif
