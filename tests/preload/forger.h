/* Datagrams from the world, true and forged (beside support.h). */
#ifndef V6SHIM_TESTS_FORGER_H
#define V6SHIM_TESTS_FORGER_H

#include <stdint.h>

/* A UDP socket of the world's on that address that has sent "word" to that port. */
int world_says(const char *from, const char *to, uint16_t port);

/* An IPv6 packet with any source, as an attacker on the network can make it: "forged". */
void world_forges(const char *from, const char *to, uint16_t port);

#endif
