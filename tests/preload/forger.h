/* Datagrams from the world, true and forged (beside support.h). */
#ifndef V6SHIM_TESTS_FORGER_H
#define V6SHIM_TESTS_FORGER_H

#include <stdint.h>

/* A UDP socket of the world's on that address that has sent "word" to that port. */
int world_says(const char *from, const char *to, uint16_t port);

/* An IPv6 packet with any source, as an attacker on the network can make it: "forged". */
void world_forges(const char *from, const char *to, uint16_t port);

/* The same from ::ffff:10.0.0.1 to 2001:db8::1; it has arrived. */
void world_forges_to(uint16_t port);

/* A socket of the program's for datagrams of both families, which doesn't wait. */
int bound_datagrams(uint16_t *port);

/* Takes all that waits, past the library. */
void empty_queue(int fd);

#endif
