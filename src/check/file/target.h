/*
 * The files that a check is asked to look at: named ones, whole directories, lists on standard input, processes.
 */
#ifndef V6SHIM_CHECK_FILE_TARGET_H
#define V6SHIM_CHECK_FILE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct check_target {
    char *path; /* also of a process: where its program is */
    pid_t pid;  /* 0: a file */
    bool named; /* asked for by name: an answer is due whatever it is */
};

/* Called now and then while a directory is read, with what is in the list. */
typedef void check_listing(size_t count, const char *path, void *context);

struct check_targets {
    struct check_target *list;
    size_t count, size;
    const volatile int *stop; /* may become true, in a signal handler: then a list or directory ends early */
    check_listing *listing;   /* NULL: nobody wants to know */
    void *context;
};

/* All return 0 or -ENOMEM; what can't be read becomes a target, so that the check says why. */

/* A file, or all executable files of a directory and those below it; symbolic links in it are not followed. */
int check_targets_add(struct check_targets *targets, const char *path);

/* A list of files, each ended by `delimiter`. What is neither executable nor ELF is left out, and so are directories:
   a package's list holds all its files and directories. */
int check_targets_add_list(struct check_targets *targets, FILE *stream, int delimiter);

/* Its path is that of its program, "process N" where that isn't told. */
int check_targets_add_process(struct check_targets *targets, pid_t pid);

void check_targets_free(struct check_targets *targets);

#endif
