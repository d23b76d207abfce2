/*
 * What v6shim doctor finds: one finding is one line, with what to do about it.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_FINDING_H
#define V6SHIM_COMMAND_DOCTOR_FINDING_H

#include <stdbool.h>
#include <stddef.h>

enum finding_severity {
    FINDING_GOOD,
    FINDING_NOTE, /* worth knowing; nothing to mend, or nothing that can be */
    FINDING_WRONG /* something to mend: the exit status is 1 */
};

struct finding {
    enum finding_severity severity;
    const char *topic; /* a word for scripts, the same in all versions */
    char *text;
    const char *remedy; /* "": none */
};

/* All zero at first. */
struct findings {
    struct finding *list;
    size_t count;
};

/* Adds one. `topic` and `remedy` have to stay; the text is the format's. Without memory it is lost, after a
 * complaint.
 */
void finding_add(struct findings *findings, enum finding_severity severity, const char *topic, const char *remedy,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Prints all: a line each, "SEVERITY  TEXT: REMEDY", broken where a terminal is narrower; or a JSON array. */
void findings_print(const struct findings *findings);
void findings_print_json(const struct findings *findings);

bool findings_have_wrong(const struct findings *findings);
void findings_free(struct findings *findings);

#endif
