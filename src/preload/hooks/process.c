/* Calls that the kernel refuses to a process with several threads: ours end first. */
#include <sched.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/connect/background.h"
#include "preload/connect/race_thread.h"
#include "preload/last_thread.h"
#include "preload/system/real.h"
#include "preload/thread/worker_thread.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* unshare(2), setns(2): what wants a process of one thread, or file system information that nobody else uses. Any
   kind of namespace may be meant by 0. */
#define UNSHARED_ALONE (CLONE_NEWUSER | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define ENTERED_ALONE  (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWTIME)

/* libc's resolver waits a second for each of three name servers at most; what goes on longer waits for another name
   service, or by TCP. */
#define QUESTIONS_END_MS 5000

/* A race goes on as one socket would where the thread may not stay. A lookup that is left has nobody who waits for
   it: with a thread of the program's that does, the kernel refuses the call bare as well. */
static void end_our_threads(bool have_to)
{
    int saved = errno;
    if (guard_may_act()) {
        if (have_to)
            background_leave();
        race_thread_end();
        if (have_to && worker_thread_is_there() && last_thread_is_alone())
            worker_thread_end_questions(QUESTIONS_END_MS);
    }
    errno = saved;
}

EXPORT int unshare(int flags)
{
    end_our_threads((flags & UNSHARED_ALONE) != 0);
    return REAL(unshare)(flags);
}

EXPORT int setns(int fd, int kind)
{
    end_our_threads(kind == 0 || (kind & ENTERED_ALONE) != 0);
    return REAL(setns)(fd, kind);
}
