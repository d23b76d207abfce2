/* Questions that a program has libc put to name servers: res_query() and its kin, by all their names. */
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/connect/race_thread.h"
#include "preload/libc/libc_object.h"
#include "preload/queries/library.h"
#include "preload/system/real.h"

static int ask(const struct library_call *call)
{
    GUARD(guard);
    if (!GUARD_ENTER_LOOKUP(guard) || guard.in_lookup)
        return library_call_plainly(call);
    race_thread_prepare();
    return library_ask(call);
}

/* Since glibc 2.34 those with underscores are found by their version alone, and are the same functions. */
static inline bool is_newer(void)
{
    return libc_object_function("res_query") != NULL;
}
#define OLD_OR_NEW(name) (is_newer() ? REAL(name) : REAL(__##name))

#define QUERIES(hook, kind, real)                                                                            \
    EXPORT int hook(const char *name, int class, int type, unsigned char *answer, int size)                  \
    {                                                                                                        \
        return ask(&(struct library_call){kind, NULL, (void *)real, name, NULL, class, type, answer, size}); \
    }
#define QUERIES_DOMAIN(hook, real)                                                                              \
    EXPORT int hook(const char *name, const char *domain, int class, int type, unsigned char *answer, int size) \
    {                                                                                                           \
        return ask(&(struct library_call){LIBRARY_QUERYDOMAIN, NULL, (void *)real, name, domain, class, type,   \
                                          answer, size});                                                       \
    }

QUERIES(res_query, LIBRARY_QUERY, REAL(res_query))
QUERIES(res_search, LIBRARY_SEARCH, REAL(res_search))
QUERIES_DOMAIN(res_querydomain, REAL(res_querydomain))

#ifdef __GLIBC__
#define QUERIES_OF(hook, kind, real)                                                                          \
    EXPORT int hook(struct __res_state *state, const char *name, int class, int type, unsigned char *answer,  \
                    int size)                                                                                 \
    {                                                                                                         \
        return ask(&(struct library_call){kind, state, (void *)real, name, NULL, class, type, answer, size}); \
    }
#define QUERIES_DOMAIN_OF(hook, real)                                                                          \
    EXPORT int hook(struct __res_state *state, const char *name, const char *domain, int class, int type,      \
                    unsigned char *answer, int size)                                                           \
    {                                                                                                          \
        return ask(&(struct library_call){LIBRARY_QUERYDOMAIN, state, (void *)real, name, domain, class, type, \
                                          answer, size});                                                      \
    }
#define SENDS(hook, real)                                                                       \
    EXPORT int hook(const unsigned char *question, int length, unsigned char *answer, int size) \
    {                                                                                           \
        GUARD(guard);                                                                           \
        return !GUARD_ENTER_LOOKUP(guard) || guard.in_lookup                                    \
                   ? (real)(question, length, answer, size)                                     \
                   : library_send_question(real, question, length, answer, size);               \
    }

SENDS(res_send, REAL(res_send))
QUERIES_OF(res_nquery, LIBRARY_QUERY, REAL(res_nquery))
QUERIES_OF(res_nsearch, LIBRARY_SEARCH, REAL(res_nsearch))
QUERIES_DOMAIN_OF(res_nquerydomain, REAL(res_nquerydomain))

/* What programs that were linked before glibc 2.34 ask for. */
QUERIES(__res_query, LIBRARY_QUERY, OLD_OR_NEW(res_query))
QUERIES(__res_search, LIBRARY_SEARCH, OLD_OR_NEW(res_search))
QUERIES_DOMAIN(__res_querydomain, OLD_OR_NEW(res_querydomain))
SENDS(__res_send, OLD_OR_NEW(res_send))
QUERIES_OF(__res_nquery, LIBRARY_QUERY, OLD_OR_NEW(res_nquery))
QUERIES_OF(__res_nsearch, LIBRARY_SEARCH, OLD_OR_NEW(res_nsearch))
QUERIES_DOMAIN_OF(__res_nquerydomain, OLD_OR_NEW(res_nquerydomain))
#endif
