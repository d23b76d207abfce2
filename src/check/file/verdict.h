/*
 * From what was seen of a program to the verdict on it. Pure.
 */
#ifndef V6SHIM_CHECK_FILE_VERDICT_H
#define V6SHIM_CHECK_FILE_VERDICT_H

#include "check/file/calls.h"

enum verdict {
    VERDICT_READY,        /* speaks IPv6 by itself */
    VERDICT_SHIM,         /* IPv4 only; works under the shim */
    VERDICT_PARTLY,       /* IPv4 only; works under the shim but for something */
    VERDICT_OUT_OF_REACH, /* IPv4 only, and the shim can't help */
    VERDICT_NO_NETWORK,   /* nothing to judge */
    VERDICT_UNKNOWN,      /* what would decide it can't be read */
    VERDICT_COUNT
};

/* Which way a set of facts points. */
enum stance { STANCE_NONE, STANCE_IPV4, STANCE_DUAL };

enum stance stance_of(facts_t facts);

/* Whether the facts show sockets of the Internet that carry traffic, not just names or ioctls. */
bool facts_have_transport(facts_t facts);

/* Whether packets made or captured by hand are all that an IPv4 program does on the network. */
bool facts_are_packets_only(facts_t facts);

/* Its name in reports ("out-of-reach"), and a line for people ("out of reach"). */
const char *verdict_name(enum verdict verdict);
const char *verdict_title(enum verdict verdict);

/* VERDICT_COUNT for an unknown name. */
enum verdict verdict_parse(const char *name);

#endif
