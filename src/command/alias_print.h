/*
 * The output of `v6shim alias`: columns for a person, or one JSON array, an object on each line.
 */
#ifndef V6SHIM_COMMAND_ALIAS_PRINT_H
#define V6SHIM_COMMAND_ALIAS_PRINT_H

#include <stdbool.h>

#include "core/alias/alias.h"

struct alias_print {
    bool json;
    unsigned long count; /* printed so far */
    uint32_t boot;       /* this one, as records have it */
    bool headed;         /* the list has its head */
};

void alias_print_begin(struct alias_print *print, bool json);
void alias_print_end(struct alias_print *print);

/* What was asked for, as typed, and what it is. */
void alias_print_answer(struct alias_print *print, const char *asked, struct in_addr alias,
                        const struct ip_address *address);
/* The same, by another table than the one that was opened. */
void alias_print_answer_of(struct alias_print *print, struct in_addr alias, const struct ip_address *address,
                           const char *table);
/* JSON only: a person has it from standard error. */
void alias_print_failure(struct alias_print *print, const char *asked, const char *reason);
/* The head of the list, unless it is there. */
void alias_print_head(struct alias_print *print);
/* A line of the list, under its head. */
void alias_print_record(struct alias_print *print, struct in_addr alias, const struct alias_record *record);

#endif
