/*
 * The IPv4 addresses that name lookups have shown to the program: for each, beside which IPv6 addresses. An IPv4
 * address stands for those too only as long as there is no doubt whose it is: many names may have one IPv4 address
 * (virtual hosts, a shared front end), each with IPv6 addresses of its own or with none.
 *
 * A table that only grows, on memory that the caller gives, zero at the start. One writer at a time (the caller sees
 * to that); readers take no lock and may run in signal handlers and beside the writer. What doesn't fit is not in it.
 *
 * Pure, errno left alone.
 */
#ifndef V6SHIM_CORE_NAMES_FACES_H
#define V6SHIM_CORE_NAMES_FACES_H

#include <netinet/in.h>
#include <stdatomic.h>

#define FACES_MAX     16384
#define FACES_BUCKETS 4096

/* The IPv6 half of an answer as a number (candidates_others_hash): none there, or none known. */
#define FACES_NO_OTHERS 0

struct face {
    _Atomic uint32_t ipv4;  /* network byte order */
    _Atomic uint32_t older; /* 1 + place of the next older face of the same bucket; 0 ends the chain */
    _Atomic uint64_t name;
    _Atomic uint64_t others;
};

struct faces {
    _Atomic uint64_t secret; /* of the process: what it was shown must not lie in one chain by somebody's choice */
    _Atomic uint32_t count;
    _Atomic uint32_t buckets[FACES_BUCKETS]; /* 1 + place */
    struct face entries[FACES_MAX];
};

enum face_state {
    FACE_UNKNOWN, /* never shown, or there was no room */
    FACE_OWN,     /* shown for one name, or for several with the same IPv6 addresses */
    FACE_SHARED,  /* two names with different IPv6 addresses have shown it: it means itself alone, for good */
};

/*
 * A lookup of `name` (a hash that nobody can collide) has shown the address. `others` is a number for the set of its
 * IPv6 addresses, or FACES_NO_OTHERS: where the same name was looked up before, that means that they are not known
 * now. Writer.
 */
void faces_show(struct faces *faces, struct in_addr shown, uint64_t name, uint64_t others);

/* Reader. */
enum face_state faces_state(const struct faces *faces, struct in_addr address);

#endif
