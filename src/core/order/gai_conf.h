/*
 * The text form of an address policy: /etc/gai.conf, gai.conf(5).
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_ORDER_GAI_CONF_H
#define V6SHIM_CORE_ORDER_GAI_CONF_H

#include "core/order/policy.h"

/* What is wrong with a line of gai.conf text. The pointers are good during the call only. */
struct gai_conf_problem {
    unsigned line, column; /* from 1; the column counts bytes */
    const char *expected;  /* what should stand there, as the end of the sentence "expected ..." */
    const char *found;     /* the word that does stand there (not NUL-terminated; empty at the end of the line) */
    size_t found_length;
    bool applied; /* the line counts all the same, as it does for glibc */
};
typedef void gai_conf_report(const struct gai_conf_problem *problem, void *context);

/*
 * Reads gai.conf text of `length` bytes into `policy`, as glibc reads the file: '#' starts a comment; `label` and
 * `precedence` take an IPv6 prefix and a number, `scopev4` an IPv4 or IPv4-mapped prefix and a number, `reload` yes
 * or no; any row replaces the whole built-in table of its kind; where such a table has no row for ::/0, label 1,
 * precedence 40 or scope 14 is added. glibc passes over bad lines in silence: here each is reported (`report` may be
 * NULL), once, for the first thing wrong with it. Returns how many were reported. `policy` is always usable.
 *
 * A prefix without "/length" means the whole address. glibc 2.36 reads such a line by chance (an uninitialised
 * pointer; `scopev4` crashes it), so it is reported, and applied.
 */
size_t gai_conf_parse(struct policy *policy, const char *text, size_t length, gai_conf_report *report, void *context);

/*
 * The same for a file that libc doesn't read: each line may also be a row of three columns, prefix, precedence and
 * label, as RFC 6724 section 2.1 and `v6shim policy` have them, or precedence, label and prefix, as netsh has them.
 * Headings, and lines of dashes, are passed over.
 */
size_t gai_conf_parse_table(struct policy *policy, const char *text, size_t length, gai_conf_report *report,
                            void *context);

#endif
