#include "runtime/thread_end.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "runtime/observe.h"
#include "runtime/race.h"
#include "runtime/resolve.h"

static pthread_key_t key;
static bool have_key;

static void thread_ends(void *unused)
{
    (void)unused;
    int saved = errno;
    race_abandon_all();
    resolve_abandon_all();
    errno = saved;
}

void thread_end_start(void)
{
    if (have_key)
        return;
    have_key = pthread_key_create(&key, thread_ends) == 0;
    if (!have_key)
        observe(OBSERVE_WARNING, "no key for thread-specific data is left: a thread that is cancelled while it "
                                 "connects leaves its sockets open");
}

void thread_end_watch(void)
{
    if (have_key)
        pthread_setspecific(key, &key);
}
