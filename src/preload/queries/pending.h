/*
 * Questions that a program has put to a name server by itself, until they are answered.
 *
 * A fixed table. An entry is used by one thread at a time: whoever finds it in use passes it over, and nobody waits.
 * One that is left behind (a thread that was cancelled, a fork in the middle of it) is free again after a minute.
 * Async-signal-safe; errno kept.
 */
#ifndef V6SHIM_PRELOAD_QUERIES_PENDING_H
#define V6SHIM_PRELOAD_QUERIES_PENDING_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/dns/dns_query.h"
#include "preload/base/hook.h"

#define PENDING_MOST    32
#define PENDING_MESSAGE 4096 /* a longer answer isn't kept */

enum pending_kind {
    PENDING_ADDRESSES, /* `query` was sent as it is, and `other` beside it */
    PENDING_NAME,      /* `other` was sent in the place of `query` */
};

struct pending {
    _Atomic uint32_t socket; /* the serial number of its socket; 0: free */
    _Atomic uint32_t used;
    _Atomic int64_t asked_ms;
    enum pending_kind kind;
    struct sockaddr_in server; /* port 0: the peer that the socket is connected to */
    struct dns_query query;    /* the program's */
    struct dns_question other;
    uint16_t other_id;
    bool answered;                        /* the program has its answer; that to `other` is still to be thrown away */
    int64_t answer_ms;                    /* when `answer` came */
    struct sockaddr_in source;            /* of it, as the program is shown it */
    uint16_t answer_length, other_length; /* 0: not here */
    uint8_t answer[PENDING_MESSAGE], other_answer[PENDING_MESSAGE];
};

/* Whether there has ever been one. */
extern atomic_bool pending_any NEARBY;

/* The same question of the same socket once more, or a new entry; the caller has it. NULL where there is no room. */
struct pending *pending_take(uint32_t socket, const struct sockaddr_in *server, const struct dns_query *query);

/* The entry at this place if it is one of this socket's: the caller has it then. Else NULL. */
struct pending *pending_of(uint32_t socket, unsigned place);

/* Whether the socket has any, as far as can be seen without having them. */
bool pending_has(uint32_t socket);

/* The caller has it no longer. */
void pending_give(struct pending *pending);
/* Nor does anybody. */
void pending_end(struct pending *pending);

#endif
