/*
 * The lines `program PATTERN...` of a configuration: which programs the lines below them are for.
 *
 * A pattern (pattern.h) without a slash is compared with names, one with a slash with paths; one with `!` before it
 * is for programs that the line is not for. The line is for a program where at least one pattern without `!` stands
 * for it, and none with `!`.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_SETTINGS_PROGRAM_H
#define V6SHIM_CORE_SETTINGS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define PROGRAM_KEYWORD "program"

/* A program as the kernel knows it; NULL for what is not known, or not to be trusted. */
struct program_name {
    const char *executable; /* the real path of what runs: /usr/bin/perl5.36 */
    const char *started;    /* what was given to execve(): a script, a link; its path counts where it is absolute */
};

/* What is wrong with a program line, in words; NULL: nothing. */
struct program_fault {
    const char *message;
    size_t offset; /* in bytes, from the start of the patterns */
};

/* Reads what stands behind `program`, without surrounding blanks. False: it can't be used, and `fault` says why. */
bool program_line_check(const char *patterns, size_t length, struct program_fault *fault);

/* Whether the line is for that program. Only for what program_line_check() took. */
bool program_line_matches(const char *patterns, size_t length, const struct program_name *program);

#endif
