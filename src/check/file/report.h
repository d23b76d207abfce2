/*
 * What a check found out about one program: the model that the printers (text, JSON) share, whether it was filled by
 * looking at the file or by watching it run.
 *
 * All texts and lists of a report live in the report and are freed with it.
 */
#ifndef V6SHIM_CHECK_FILE_REPORT_H
#define V6SHIM_CHECK_FILE_REPORT_H

#include "check/file/gaps.h"
#include "check/file/verdict.h"

/* One place that shows a gap, or speaks for the program. Any text may be NULL. */
struct evidence {
    const char *symbol;   /* the function called, or what stands for it ("SOCK_RAW", a string) */
    const char *version;  /* its version, "GLIBC_2.2.5" */
    const char *object;   /* the library that calls; NULL: the program itself */
    const char *via;      /* the library's function that the program calls */
    const char *function; /* the calling function's name */
    const char *file;     /* source file */
    unsigned line;        /* 0: unknown */
    uint64_t address;     /* of the call in its object; 0: unknown */
    const char *detail;   /* anything else, for people */
    bool translated;      /* the shim translates what this shows, whatever `symbol` is */
    struct evidence *next;
};

struct report_gap {
    enum gap_number number;
    enum gap_severity severity; /* the catalogue's, or less where the program has the new way too */
    bool covered;
    struct evidence *evidence;
    struct evidence *last;
    unsigned count;      /* of the evidence, whether kept or not */
    bool known;          /* an earlier report, the baseline, has it */
    const char *ignored; /* somebody's reason why nothing is to be done; NULL: none */
    struct report_gap *next;
};

/* Something that speaks for the program. */
struct report_credit {
    const char *text; /* "makes IPv6 sockets" */
    struct evidence evidence;
    struct report_credit *next;
};

/* An address that the program gave to connect, sendto or bind, as it ran. */
struct report_address {
    struct evidence place; /* of the call; its detail is for people: where the address came from */
    const char *address;
    int port;
    const char *origin; /* "resolver", "text", "hard-coded" and so on */
    const char *by;     /* the function that gave it; NULL: none */
    const char *name;   /* that was looked up, the text that was read; NULL: none */
    struct report_address *next;
};

struct report_text {
    const char *text;
    struct report_text *next;
};

struct report {
    const char *path;
    const char *package, *package_version; /* that it came with; NULL: none is known */
    const char *ignored; /* somebody's reason why that nothing can be said of it is no matter; NULL: none */
    const char *error;   /* why it could not be checked; NULL: it was */
    bool skipped;        /* neither a program nor a script: nothing to say about it */
    enum verdict verdict;
    const char *reason; /* why this verdict, one sentence without a full stop */
    const char *kind;   /* "dynamic", "static", "static-pie", "library", "script", "go" */
    const char *machine;
    int bits; /* 32 or 64, 0: not an ELF file */
    const char *interpreter;
    struct report_gap *gaps;
    struct report_credit *credits;
    bool observed;                    /* the program was run, not just looked at */
    struct report_address *addresses; /* where it was run */
    struct report_text *notes;        /* what else a reader should know */
    struct report_text *missing;      /* libraries that were not found */
    struct report_chunk *chunks;      /* where it all lives */
};

/* NULL: no memory. */
struct report *report_new(const char *path);
void report_free(struct report *report);

/* Memory and texts that live as long as the report. Memory is zeroed; running out of it ends the process, which only
   ever checks (and is restarted). */
void *report_allocate(struct report *report, size_t size);
const char *report_copy(struct report *report, const char *text);
const char *report_print(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds evidence for a gap; the gap itself with the first. Past a few per gap they are only counted. Texts are copied.
   Returns the gap. */
struct report_gap *report_add_gap(struct report *report, enum gap_number number, const struct evidence *evidence);
void report_add_credit(struct report *report, const char *text, const struct evidence *evidence);
void report_add_address(struct report *report, const struct report_address *address);
void report_add_note(struct report *report, const char *text);
void report_add_missing(struct report *report, const char *name);

/* The gap's entry, or NULL. */
struct report_gap *report_find_gap(const struct report *report, enum gap_number number);

/* Most important first: errors before warnings, gaps that are not covered before those that are. */
void report_sort(struct report *report);

/* Whether the gap counts: neither known nor ignored. */
bool report_counts(const struct report_gap *gap);

/* Whether nothing can be said of it: it could not be checked, or not be judged. */
bool report_is_open(const struct report *report);

/* Whether it has been looked at before: it has gaps or could not be checked, and none of that counts. */
bool report_is_settled(const struct report *report);

/* Whether a gap of that severity or worse is among them, and counts. */
bool report_has(const struct report *report, enum gap_severity level);

#endif
