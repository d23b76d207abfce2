/*
 * The options of v6shim check.
 */
#ifndef V6SHIM_CHECK_OPTIONS_H
#define V6SHIM_CHECK_OPTIONS_H

#include "check/file/target.h"
#include "check/report/format.h"
#include "check/run/run.h"

enum check_status { STATUS_NO_GAP, STATUS_GAPS, STATUS_NOT_CHECKED };

struct check_arguments {
    bool runs; /* --run */
    struct check_run run;
    bool waits; /* --wait */
    bool sets;  /* a setting */
    bool all, details, nul;
    enum check_format format;
    const char *baseline, *diff, *ignore; /* files; NULL: none */
    const char *root;                     /* --root; NULL: this system */
    bool fails;                           /* --fail-on never: false */
    enum gap_severity fail_on;
    const char *color;
    unsigned jobs;
    struct check_targets targets;
};

/* Takes the options; what is wrong with them is said. Returns -1 to go on, else the exit status. Names begin at
   argv[optind]. */
int check_options_take(int argc, char **argv, struct check_arguments *arguments);

/* What is wrong with the options together, or with the names behind them; NULL: nothing. An option that would do
   nothing is a misunderstanding. */
const char *check_options_misfit(const struct check_arguments *arguments, char **names);

#endif
