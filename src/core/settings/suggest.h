/*
 * "Did you mean ...?": the known word nearest to a mistyped one.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_SETTINGS_SUGGEST_H
#define V6SHIM_CORE_SETTINGS_SUGGEST_H

#include <stddef.h>

/* Longer words are never near anything. */
#define SUGGEST_WORD_LENGTH 32

struct suggestion {
    const char *typed; /* not NUL-terminated */
    size_t length;
    const char *nearest; /* the best word so far that is near enough, else NULL */
    size_t distance;
};

struct suggestion suggest_for(const char *typed, size_t length);

/*
 * Compares one known word. Near enough means that at most a third of the typed characters (at least one) have to be
 * inserted, removed, replaced or swapped with their neighbour (optimal string alignment distance). Letter case, and
 * '_' for '-', don't count. Of words equally near the first stays.
 */
void suggest_consider(struct suggestion *suggestion, const char *word);

#endif
