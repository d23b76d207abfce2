/*
 * One decision of the shim, as the log and the trace tell it: a line of JSON for `v6shim trace` (docs/trace-json.md),
 * a line of words for the log.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_EVENTS_EVENT_H
#define V6SHIM_CORE_EVENTS_EVENT_H

#include "core/base/text.h"

/* type, name in JSON */
#define EVENT_TYPES(EVENT)                                                                                 \
    EVENT(PROCESS, "process")         /* the library is ready in it: `name` is the program's */            \
    EVENT(LOOKUP, "lookup")           /* `name` is looked up */                                            \
    EVENT(ANSWER, "answer")           /* its candidates, in the order in which they are to be tried */     \
    EVENT(NO_IPV6, "no-ipv6")         /* no IPv6 address was found, libc's own answer stands */            \
    EVENT(LATE, "late")               /* the same, since the resolver did not answer in time */            \
    EVENT(SILENT, "silent")           /* the same, not asked: the resolver has not answered lately */      \
    EVENT(ATTEMPT, "attempt")         /* to connect: result -EINPROGRESS, started; else what came of it */ \
    EVENT(WON, "won")                 /* the race of `fd` */                                               \
    EVENT(FAILED, "failed")           /* all attempts of `fd` */                                           \
    EVENT(INTERRUPTED, "interrupted") /* the program stopped waiting (a signal, SO_SNDTIMEO) */            \
    EVENT(HANDED, "handed-over")      /* one attempt goes on as the program's own, unobserved from here */ \
    EVENT(CANCELLED, "cancelled")     /* the program closed `fd` while it was connecting */                \
    EVENT(ORDER, "order")             /* no race could be had: the candidates are tried in turn */         \
    EVENT(KEPT, "kept")               /* `fd` could not be made an IPv6 socket: result says why */         \
    EVENT(SEND, "send")               /* a datagram to this candidate of an alias */                       \
    EVENT(BEHIND, "behind")           /* the history puts this candidate after the others */               \
    EVENT(LISTENING, "listening")     /* `fd` serves IPv6: `candidate` is what it is bound to */           \
    EVENT(IPV4_ONLY, "ipv4-only")     /* `fd` is bound and stays with IPv4: `reason` says why */           \
    EVENT(ACCEPTED, "accepted")       /* `fd` is a connection from `candidate` */                          \
    EVENT(RECEIVED, "received")       /* a datagram from `candidate` */

enum event_type {
#define EVENT(type, name) EVENT_##type,
    EVENT_TYPES(EVENT)
#undef EVENT
        EVENT_TYPE_COUNT
};

#define EVENT_NO_FD (-1)

/* The error of an attempt that is left for the program to read. Not an error number of any system. */
#define EVENT_UNKNOWN_ERROR 0xffff

struct event {
    enum event_type type;
    int64_t time_us; /* of the monotonic clock */
    int64_t pid;
    const char *name; /* of a host or a program; NULL: none */
    int fd;           /* the program's number; EVENT_NO_FD: none */
    const struct ip_address *candidates;
    size_t candidate_count;
    uint16_t port;                   /* 0: none */
    int result;                      /* 0, -EINPROGRESS or -errno; ATTEMPT, FAILED, KEPT and SEND have one */
    unsigned lost;                   /* events of this process before it that could not be written */
    bool datagram;                   /* LISTENING and IPV4_ONLY: the socket is one of UDP */
    const struct ip_address *shown;  /* as what the program sees the candidate; NULL: as it is */
    const struct ip_address *winner; /* BEHIND: to whom the candidate has lost */
    unsigned seconds;                /* BEHIND: how long that counts yet */
    const char *reason;              /* IPV4_ONLY: the end of a sentence */
};

/* Room for any event in either form, line end and NUL included: a pipe takes so much in one piece (PIPE_BUF). */
#define EVENT_LINE_SIZE 2048
/* More of a list is left out. */
#define EVENT_CANDIDATES_MAX 16

const char *event_type_name(enum event_type type);

/* Adds one JSON object and a line end. */
void event_to_json(const struct event *event, struct text *text);

/* Adds a line without its end; nothing for what the log doesn't tell. */
void event_to_log(const struct event *event, struct text *text);

#endif
