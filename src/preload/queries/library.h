/*
 * Questions to name servers by libc's res_query() and its kin, whose sockets pass no hook: the answer gets the
 * aliases of the name's IPv6 addresses, which are looked up beside it as for gethostbyname()
 * (preload/resolve/resolve.h). The name of an alias is asked for as that of its IPv6 address.
 *
 * For name lookups only: allocates, waits, is not async-signal-safe. The caller has entered a guard for lookups.
 */
#ifndef V6SHIM_PRELOAD_QUERIES_LIBRARY_H
#define V6SHIM_PRELOAD_QUERIES_LIBRARY_H

#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>

/* Which of them, without the underscores that some have before their names. */
enum library_function { LIBRARY_QUERY, LIBRARY_SEARCH, LIBRARY_QUERYDOMAIN };

/* A call, and the real function for it. */
struct library_call {
    enum library_function which;
    struct __res_state *state; /* of those that take one, else NULL */
    void *function;            /* of that type, with a state where there is one */
    const char *name, *domain; /* the latter for LIBRARY_QUERYDOMAIN */
    int class, type;
    unsigned char *answer;
    int size;
};

/* Makes the call as it is. */
int library_call_plainly(const struct library_call *call);
/* The same with what is added to the answer. As the function: the length that the answer has, even where it doesn't
   fit; h_errno, and that of the state. */
int library_ask(const struct library_call *call);

/* res_send(). */
typedef int library_send(const unsigned char *question, int length, unsigned char *answer, int size);
int library_send_question(library_send *function, const unsigned char *question, int length, unsigned char *answer,
                          int size);

#endif
