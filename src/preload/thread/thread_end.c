/* Gives up what a thread of the program holds when it ends; armed by races, time limits and lookups. */
#include "preload/thread/thread_end.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>

#include "core/linker/start.h"
#include "preload/log/log.h"
#include "preload/thread/signal_handler.h"

/* So many have their room in each thread from its beginning: PTHREAD_KEY_2NDLEVEL_SIZE in glibc's nptl. */
#define KEYS_WITH_ROOM 32

static pthread_key_t key START_DATA;
static bool have_key START_DATA;
static const struct thread_end *actions START_DATA;

/* The key's value points to the place of the round of destructors in which it is used up. */
static const char rounds[PTHREAD_DESTRUCTOR_ITERATIONS];

/* The thread sanitizer forgets a thread in the very last one; no code that it looks at may run after that. */
#ifdef __SANITIZE_THREAD__
#define LAST_ROUND (PTHREAD_DESTRUCTOR_ITERATIONS - 2)
#else
#define LAST_ROUND (PTHREAD_DESTRUCTOR_ITERATIONS - 1)
#endif

/* The process ends in the last round, when the program's destructors have run, as libc would end it. */
static void thread_ends(void *round)
{
    int saved = errno;
    for (void (*const *clean_up)(void) = actions->clean_up; *clean_up != NULL; clean_up++)
        (*clean_up)();
    if (actions->has_company()) {
        if ((const char *)round == &rounds[LAST_ROUND])
            actions->end_process();
        else
            pthread_setspecific(key, (const char *)round + 1);
    }
    errno = saved;
}

START_CODE void thread_end_start(const struct thread_end *wanted)
{
    if (have_key)
        return;
    actions = wanted;
    have_key = pthread_key_create(&key, thread_ends) == 0;
    if (!have_key)
        log_message(LOG_LEVEL_WARNING, "no key for thread-specific data is left: a thread that is cancelled while it "
                                       "connects leaves its sockets open");
}

void thread_end_watch(enum thread_end_caller caller)
{
    if (!have_key || pthread_getspecific(key) != NULL)
        return;
    if (key < KEYS_WITH_ROOM || caller == THREAD_END_NO_HANDLER || !signal_handler_may_run())
        pthread_setspecific(key, rounds);
}
