/* What became of a connection to a name with several addresses, told as a program sees it. */
#ifndef V6SHIM_TESTS_RACE_OUTCOME_H
#define V6SHIM_TESTS_RACE_OUTCOME_H

#include "support.h"

#define NOBODY     1                   /* a port at which nobody listens */
#define HALF       "half-hole.example" /* IPv6 is silent, IPv4 answers */
#define PATIENT_MS 60000               /* less than the kernel's two minutes for an address that is silent */

/* Settings without a history, in which IPv6 would be known to be dead by the second connection. */
#define NO_HISTORY "V6SHIM_STATE_DIR=/proc/none", "V6SHIM_LOG=quiet"
extern const char *const plain[];

/* The first address of a name; the same name is looked up once: a lookup needs more than some parts leave. */
struct in_addr address_of(const char *name);
/* connect() to a name. */
int go(int fd, const char *name, uint16_t port);
/* Waits for the end of a non-blocking connect() as programs do. Its error, 0 where it is connected. */
int finish(int fd);
/* Prints the name of an error, or the address of the peer where there is none. */
void tell(int fd, int error);
/* Connects a blocking socket and then a non-blocking one, and tells both. Ends the process where that takes for ever.
 */
void both_ways(const char *name, uint16_t port);

#endif
