/*
 * The static check of one file.
 */
#ifndef V6SHIM_CHECK_FILE_FILE_H
#define V6SHIM_CHECK_FILE_FILE_H

#include "check/file/library.h"
#include "check/file/report.h"

/* What checks share: not for several threads at once. */
struct checker {
    struct libraries *libraries;
    struct program native; /* this very command: the class and machine that the installed shim is for */
};

/* What `native` of a checker is to hold: this very command. elf_class is ELFCLASSNONE where that isn't told. */
void checker_know_native(struct program *native);

/* Returns false without memory. `native` is from checker_know_native(). */
bool checker_begin(struct checker *checker, const struct program *native);
void checker_end(struct checker *checker);

/* One object that a running process has mapped, for --pid. */
struct check_mapping {
    const char *path;
    struct check_mapping *next;
};

/*
 * Looks at the file and says what it found, also about what went wrong. `mappings` are libraries that count as needed
 * besides those that the file names; NULL: none. The report is the caller's to free.
 */
struct report *check_file(struct checker *checker, const char *path, const struct check_mapping *mappings);

/* The parts of it, each for one kind of file; the report has path, kind and machine. */
void check_dynamic(struct checker *checker, struct report *report, const struct elf_image *image,
                   const struct check_mapping *mappings);
void check_static(struct report *report, const struct elf_image *image);
void check_script(struct checker *checker, struct report *report, const struct program *program);

/* Whether the Go tool chain built it; and the check of such a program. Returns false where Go's part of it does
   nothing on the network: then parts in C, which its imports show, may still. */
bool check_is_go(const struct elf_image *image);
bool check_go(struct report *report, const struct elf_image *image);

/* For a program that only knows IPv4: adds the gaps that show in the texts of its data. */
void check_texts(struct report *report, const struct elf_image *image);

/* Whether the name is among the dynamic symbols: imported, or its own (then it stands in libc's way, and asks for
   what comes behind it). */
bool check_has_symbol(const struct elf_image *image, const char *name);

/* A function of libc for the network that is no symbol of the program, and that it seems to ask dlsym for: a text of
   that name. NULL: none. */
const char *check_dlsym_name(const struct elf_image *image);

/* Whether its texts name IPv6: what takes captured packets apart by itself shows nothing else of it. */
bool check_names_inet6(const struct elf_image *image);

/*
 * Sets the verdict for what points to IPv4 only, from the gaps and obstacles in the report. `facts` are all that
 * were seen.
 */
void check_conclude_ipv4(struct report *report, facts_t facts);

/* Adds the obstacles that keep the shim away from this program: privileges, another libc, another machine. */
void check_obstacles(struct checker *checker, struct report *report, const struct program *program);

/* "looks names up for IPv4 only, makes IPv4 sockets": up to three of the facts in the set, in the catalogue's order.
 */
const char *check_describe(struct report *report, facts_t facts);

/* The facts that are gaps, and those that speak for a program. */
extern const facts_t facts_against, facts_for;

#endif
