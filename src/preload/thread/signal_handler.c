/* Says whether the caller may be in a signal handler; called before a thread is made. */
#include "preload/thread/signal_handler.h"

#include <pthread.h>
#include <signal.h>

#include "core/linker/start.h"

static sigset_t mask_at_start START_DATA;

START_CODE void signal_handler_start(void)
{
    pthread_sigmask(SIG_SETMASK, NULL, &mask_at_start);
}

bool signal_handler_may_have_run(const sigset_t *mask)
{
    for (int number = 1; number < NSIG; number++)
        if (sigismember(mask, number) == 1 && sigismember(&mask_at_start, number) != 1)
            return true;
    return false;
}

bool signal_handler_may_run(void)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return signal_handler_may_have_run(&mask);
}
