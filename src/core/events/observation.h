/*
 * What `v6shim check --run` hears of a program: one call that matters to IPv6, where it was made, and where the
 * address in it came from. The observer (check/observer) makes a line of JSON of it, the command reads that again.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_EVENTS_OBSERVATION_H
#define V6SHIM_CORE_EVENTS_OBSERVATION_H

#include "core/base/text.h"

/* kind, name in JSON */
#define ORIGIN_KINDS(ORIGIN)                                                                    \
    ORIGIN(NONE, "none")           /* no call that was seen gave it */                          \
    ORIGIN(UNKNOWN, "unknown")     /* as far as is remembered: too many addresses were given */ \
    ORIGIN(RESOLVER, "resolver")   /* a name was looked up */                                   \
    ORIGIN(TEXT, "text")           /* it was read from text */                                  \
    ORIGIN(PEER, "peer")           /* accept, recvfrom, getpeername */                          \
    ORIGIN(LOCAL, "local")         /* getsockname */                                            \
    ORIGIN(INTERFACE, "interface") /* ioctl, getifaddrs */                                      \
    ORIGIN(MADE, "made")           /* inet_makeaddr */

enum origin_kind {
#define ORIGIN(kind, name) ORIGIN_##kind,
    ORIGIN_KINDS(ORIGIN)
#undef ORIGIN
        ORIGIN_KIND_COUNT
};

#define ORIGIN_NAME_SIZE 80u /* of a longer name the beginning is kept */

struct origin {
    enum origin_kind kind;
    bool either_family;          /* the call would have given an IPv6 address just as well */
    bool literal;                /* the text is a constant of the program */
    uint16_t index, count;       /* of a name's addresses: which one, of how many */
    const char *call;            /* that gave it; NULL: none */
    char name[ORIGIN_NAME_SIZE]; /* that was looked up, or the text; "": none */
};

#define OBSERVATION_NONE (-1)

/* What is no call. */
#define OBSERVATION_PROCESS "process" /* the program `name` begins in process `pid`, whose parent is `parent` */
#define OBSERVATION_FORKING "forking" /* `pid` is about to fork() */
#define OBSERVATION_FORK    "fork"    /* `pid` is the child of `parent`, and goes on with its program, `name` */
#define OBSERVATION_CHILD   "child"   /* `fd` is the number of a new process */
#define OBSERVATION_EXEC    "exec"    /* `pid` wants to become the program `name` */

/* What a call doesn't have is NULL, 0 or OBSERVATION_NONE. */
struct observation {
    const char *call;   /* the function's name; or what is no call: see OBSERVATION_PROCESS and the others */
    const char *object; /* the file that made the call; "": the program's own */
    uint64_t offset;    /* in it, as its symbols count: of the call's last byte */
    int64_t pid, parent;
    int fd;
    int family, type;          /* of the socket or lookup: AF_INET, SOCK_STREAM */
    struct ip_address address; /* AF_UNSPEC: none */
    int port;
    int room;          /* that the caller has for an address or its text, in bytes */
    int level, option; /* of setsockopt; the request of ioctl is an option */
    int error;         /* errno of a call that failed; 0 */
    const char *name;
    bool literal; /* the name is a constant of the program */
    const struct origin *origin;
    unsigned lost; /* observations of this process before it that could not be written */
};

/* An observation of this call that has nothing yet. */
struct observation observation_of(const char *call);

/* Room for any of them, line end and NUL included: a pipe takes so much in one piece (PIPE_BUF). */
#define OBSERVATION_LINE_SIZE 4096

/* Adds one JSON object and a line end. */
void observation_to_json(const struct observation *observation, struct text *text);

const char *origin_kind_name(enum origin_kind kind);

#endif
