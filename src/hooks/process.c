/* Calls that the kernel refuses to a process with several threads: ours ends first, where it has nothing to do. */
#include <sched.h>

#include "runtime/guard.h"
#include "runtime/hook.h"
#include "runtime/race_thread.h"
#include "runtime/real.h"

static void end_our_thread(void)
{
    int saved = errno;
    if (guard_may_act())
        race_thread_end();
    errno = saved;
}

EXPORT int unshare(int flags)
{
    end_our_thread();
    return REAL(unshare)(flags);
}

EXPORT int setns(int fd, int kind)
{
    end_our_thread();
    return REAL(setns)(fd, kind);
}
