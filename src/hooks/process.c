/* Calls that the kernel refuses to a process with several threads: ours ends first. */
#include <sched.h>

#include "runtime/background.h"
#include "runtime/guard.h"
#include "runtime/hook.h"
#include "runtime/race_thread.h"
#include "runtime/real.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* unshare(2), setns(2): what wants a process of one thread, or file system information that nobody else uses. Any
   kind of namespace may be meant by 0. */
#define UNSHARED_ALONE (CLONE_NEWUSER | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define ENTERED_ALONE  (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWTIME)

/* A race goes on as one socket would where the thread may not stay. */
static void end_our_thread(bool has_to)
{
    int saved = errno;
    if (guard_may_act()) {
        if (has_to)
            background_leave();
        race_thread_end();
    }
    errno = saved;
}

EXPORT int unshare(int flags)
{
    end_our_thread((flags & UNSHARED_ALONE) != 0);
    return REAL(unshare)(flags);
}

EXPORT int setns(int fd, int kind)
{
    end_our_thread(kind == 0 || (kind & ENTERED_ALONE) != 0);
    return REAL(setns)(fd, kind);
}
