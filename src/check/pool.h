/*
 * Checks many files at once, each in one of a few worker processes: a file that makes the reading code crash or hang
 * costs its own answer and nothing else.
 */
#ifndef V6SHIM_CHECK_POOL_H
#define V6SHIM_CHECK_POOL_H

#include "check/file/report.h"
#include "check/file/target.h"
#include "command/common/program.h"

/* Gets the report of targets->list[index], in any order; it is the receiver's to free. */
typedef void check_done(size_t index, struct report *report, void *context);

/* Called now and then with how many are done, and what is being looked at. */
typedef void check_progress(size_t done, const char *path, void *context);

/*
 * Checks all targets with at most `jobs` workers; `native` is from checker_know_native(). `stop` may become true (in
 * a signal handler) to end early. Returns 0, or -errno where not even one worker can be started.
 */
int check_pool_run(const struct check_targets *targets, const struct program *native, unsigned jobs, check_done *done,
                   check_progress *progress, void *context, const volatile int *stop);

/* How many processors this process may use. */
unsigned check_pool_processors(void);

#endif
