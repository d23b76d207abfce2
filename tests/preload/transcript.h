/*
 * What a server sees, call by call: run bare with an IPv4 client, and under the library with an IPv4 and with an IPv6
 * client. The three transcripts are the same, byte for byte, but for the clients' addresses.
 */
#ifndef V6SHIM_TESTS_TRANSCRIPT_H
#define V6SHIM_TESTS_TRANSCRIPT_H

#include "support.h"

/* ---- The client: nothing that it does goes by the library */

bool over_ipv6(void);
/* A socket bound to one of these addresses, by the family of this run; it waits for two seconds at most. */
long world_socket(int type, const char *from4, const char *from6);
/* A word to the server, which is 192.0.2.1 and 2001:db8::1. */
void world_sends(long fd, const char *word, uint16_t port);
/* Writes down what comes. */
void world_hears(long fd);

/* ---- What is written down */

/* An address of the client's or our own, of either family, as one word. */
const char *shown(struct in_addr address);
/* The result of a call, and errno where it is negative. */
void say(const char *what, long result);

/* A socket of the server's on 0.0.0.0, with a flag of SOL_SOCKET set unless it is 0; for port 0, a free one. */
int listening(int type, int option, uint16_t *port);

/* Runs the part three times. */
void assert_same_transcript(const char *part);
#define TRANSCRIPT(part)                  \
    static void test_##part(void **state) \
    {                                     \
        (void)state;                      \
        assert_same_transcript(#part);    \
    }

#endif
