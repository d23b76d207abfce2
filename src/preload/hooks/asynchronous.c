/* getaddrinfo_a and its relatives: libc looks the names up by itself, so what would be answered otherwise is done by
   lookups of ours. Other requests stay libc's. */
#include <netdb.h>
#include <signal.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/hooks/awareness.h"
#include "preload/resolve/aware.h"
#include "preload/resolve/lookup_queue.h"
#include "preload/system/real.h"

/* Whether getaddrinfo() would answer any of them otherwise than libc; where not, what they show of the program. */
static bool concern_us(struct gaicb *const list[], int count)
{
    for (int i = 0; i < count; i++)
        if (list[i] != NULL && list[i]->ar_name != NULL && list[i]->ar_request != NULL &&
            list[i]->ar_request->ai_family == AF_INET)
            return true;
    for (int i = 0; i < count; i++)
        if (list[i] != NULL && awareness_shows(list[i]->ar_name, list[i]->ar_request))
            aware_set();
    return false;
}

EXPORT int getaddrinfo_a(int mode, struct gaicb *list[restrict], int count, struct sigevent *restrict event)
{
    int result;
    if (guard_may_act() && (mode == GAI_WAIT || mode == GAI_NOWAIT) && concern_us(list, count) &&
        lookup_queue_add(mode, list, count, event, getaddrinfo, &result))
        return result;
    return REAL(getaddrinfo_a)(mode, list, count, event);
}

EXPORT int gai_suspend(const struct gaicb *const list[], int count, const struct timespec *limit)
{
    return lookup_queue_is_used() ? lookup_queue_wait(list, count, limit) : REAL(gai_suspend)(list, count, limit);
}

EXPORT int gai_cancel(struct gaicb *request)
{
    int result;
    return lookup_queue_is_used() && lookup_queue_cancel(request, &result) ? result : REAL(gai_cancel)(request);
}
