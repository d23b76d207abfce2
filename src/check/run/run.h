/*
 * v6shim check --run: the check of a program by running it.
 */
#ifndef V6SHIM_CHECK_RUN_RUN_H
#define V6SHIM_CHECK_RUN_RUN_H

#include <stdbool.h>

#include "check/file/gaps.h"
#include "check/report/format.h"

struct check_run {
    bool bare; /* the shim is not loaded: --observe */
    enum check_format format;
    bool all;   /* also list programs with nothing to do */
    bool color; /* wanted whatever the output is; else on a terminal */
    bool plain; /* never wanted */
    bool fails; /* gaps decide the exit status; else the program does */
    enum gap_severity fail_on;
    int wait_ms;        /* for processes that the program leaves behind; -1: until they end */
    const char *output; /* a file for the report; NULL: standard error */
};

/* Runs the program and reports. Returns the exit status of the command. */
int check_run(const struct check_run *run, char **argv);

#endif
