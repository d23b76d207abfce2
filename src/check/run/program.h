/*
 * What was observed, by program: processes that ran the same file are one program, each line is kept once.
 */
#ifndef V6SHIM_CHECK_RUN_PROGRAM_H
#define V6SHIM_CHECK_RUN_PROGRAM_H

#include "check/run/line.h"
#include "command/common/watch.h"

/* What is kept. Each line of a program is compared with its others, so that one that writes lines without end would
   keep the command busy as long; what is beyond is counted as lost. */
#define RUN_LINES_OF_PROGRAM 16384u
#define RUN_LINES            131072u
#define RUN_PROGRAMS         4096u
#define RUN_PROCESSES        65536u

struct run_program {
    const char *path;
    struct run_line *lines, *last; /* in the order in which they came */
    size_t count;
    struct run_line **table; /* by hash, to find a line again */
    size_t table_size;
    struct run_program *next;
};

struct run_process {
    int64_t pid;
    struct run_program *program;
    struct run_process *next;
};

struct run_programs {
    struct run_program *list, *last; /* in the order in which they were started */
    size_t count;
    struct run_program *started; /* what exec was asked for: names as they were given, without lines */
    size_t started_count;
    struct run_process *processes; /* the latest first */
    size_t process_count;
    int alive[WATCH_OTHERS_MAX]; /* pidfds of processes that may be running */
    size_t alive_count;
    size_t lines;       /* of all programs */
    size_t expected;    /* children that have not introduced themselves yet, or that fork() failed to make */
    unsigned long lost; /* lines that could not be written, as far as that was told, or kept */
};

/* Takes the line over. */
void run_programs_take(struct run_programs *programs, struct run_line *line);

/* Leaves those in `alive` that run still. */
void run_programs_sweep(struct run_programs *programs);

void run_programs_free(struct run_programs *programs);

#endif
