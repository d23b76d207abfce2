/*
 * The complaints about a configuration, in words: made here for files and variables alike.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_SETTINGS_COMPLAINT_H
#define V6SHIM_CORE_SETTINGS_COMPLAINT_H

#include "core/settings/config.h"

/* A place in a text that is being read, and who reads it. */
struct complaint_place {
    const char *source;
    unsigned line; /* 0: of a variable */
    const struct config_reader *reader;
};

/* The message as it is. `offset` in bytes from 0. */
void complain_of(const struct complaint_place *place, size_t offset, bool voids_block, const char *message);

/* A value that setting_parse() refused; it starts at `offset`. */
void complain_of_value(const struct complaint_place *place, size_t offset, const struct setting *setting,
                       const char *value, const struct setting_fault *fault);

/* A word that is no keyword. `similar` is the nearest that is one, or NULL. */
void complain_of_keyword(const struct complaint_place *place, size_t offset, const char *word, size_t length,
                         const char *similar, bool voids_block);

/* A variable of no setting. */
void complain_of_variable(const struct complaint_place *place, const char *name, size_t length);

/* The nearest keyword, PROGRAM_KEYWORD among them where that is wanted, or NULL. */
const char *complaint_nearest(const char *word, size_t length, bool program_too);

#endif
