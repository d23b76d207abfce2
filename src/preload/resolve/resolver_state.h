/*
 * The state of libc's resolver, _res, is each thread's own. What a program has set in its own (options, name servers,
 * search list: resolver(3)) is to hold for a lookup that is made for it on another thread too.
 *
 * For name lookups only: allocates, not async-signal-safe. errno kept.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_RESOLVER_STATE_H
#define V6SHIM_PRELOAD_RESOLVE_RESOLVER_STATE_H

#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>

#define RESOLVER_SEARCH_SIZE 1024 /* of all domains to search, each with its end */

struct resolver_state {
    bool is_set; /* false: the thread has not looked anything up, and its state is the system's */
    unsigned long options;
    int retrans, retry;
    unsigned ndots;
    int server_count;
    struct sockaddr_in servers[MAXNS];   /* family 0: see the next */
    struct sockaddr_in6 servers6[MAXNS]; /* family 0: none */
    unsigned domain_count;
    char domains[RESOLVER_SEARCH_SIZE]; /* one after the other, each with its end */
};

/* Reads the calling thread's, once libc has brought it up to date with /etc/resolv.conf where the program has not
   changed it. */
void resolver_state_read(struct resolver_state *state);

/*
 * On a thread of ours, around a lookup of IPv6 addresses: makes the state this thread's where it differs from the
 * system's. With `options no-aaaa` no name server is asked (libc would ask it for IPv4 addresses, to know whether the
 * name exists; other services, as the hosts file, do answer). The first returns whether the name servers are the
 * program's own.
 */
bool resolver_state_begin(const struct resolver_state *state);
void resolver_state_end(void);

#endif
