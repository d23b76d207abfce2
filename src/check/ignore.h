/*
 * --ignore: findings that somebody has looked at, with the reason why nothing is to be done.
 */
#ifndef V6SHIM_CHECK_IGNORE_H
#define V6SHIM_CHECK_IGNORE_H

#include "check/file/report.h"

struct ignore_list;

/*
 * Reads the file: lines PATTERN [GAP] # REASON, where PATTERN is as in fnmatch(3), its blanks after backslashes, and
 * without GAP all of a program is ignored; empty lines and those that begin with # are skipped. Returns NULL after a
 * complaint that names the line.
 */
struct ignore_list *ignore_read(const char *command, const char *file);
void ignore_free(struct ignore_list *list);

/* Sets `ignored` of the gaps, and of reports with an error, to the reason. NULLs among the reports are left out. */
void ignore_mark(const struct ignore_list *list, struct report *const *reports, size_t count);

#endif
