/*
 * A program that is started and listened to: a FIFO that its processes write lines into (preload/log/channel.h), its
 * signals handed on, its end. For v6shim trace and v6shim check --run.
 *
 * The program is the caller's child and nothing else: standard input and output, terminal, process group and signal
 * mask are as if it had been started alone.
 */
#ifndef V6SHIM_COMMAND_COMMON_WATCH_H
#define V6SHIM_COMMAND_COMMON_WATCH_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WATCH_LINE_SIZE  4096 /* PIPE_BUF: what comes in one piece */
#define WATCH_OTHERS_MAX 512  /* descriptors that are waited for besides */

/* A line without its end. */
typedef void watch_line(const char *line, size_t length, void *context);

struct watch {
    const char *command; /* that complains */
    watch_line *take;
    void *context;
    char directory[PATH_MAX], path[PATH_MAX];
    int fifo, signals;
    sigset_t mask; /* of the program */
    pid_t program;
    int status;                    /* of the program, as waitpid() says */
    char pending[WATCH_LINE_SIZE]; /* a line of which the rest has not come yet */
    size_t pending_length;
};

/* Makes the FIFO and puts its path into the environment. EXIT_STATUS_OK, or the exit status after a complaint. */
int watch_open(struct watch *watch, const char *variable);

/* Starts the program in a child. EXIT_STATUS_OK, or the exit status after a complaint. */
int watch_start(struct watch *watch, const char *path, char **argv);

/* Takes lines until the program has ended; its children may go on. */
void watch_follow(struct watch *watch);

enum watch_end { WATCH_READABLE, WATCH_OVER, WATCH_TOLD };

/* After that: takes lines until one of these descriptors (WATCH_OTHERS_MAX at most) is readable, the time is over
   (-1: never), or a signal has come that would end a program. */
enum watch_end watch_linger(struct watch *watch, const int *descriptors, size_t count, int timeout_ms);

/* Takes what has come. */
void watch_read(struct watch *watch);

/* Removes the FIFO: who still writes into it stops. */
void watch_close(struct watch *watch);

/* Ends as the program ended, by the same signal if it was one; else returns its exit status. */
int watch_end_like(int status);

#endif
