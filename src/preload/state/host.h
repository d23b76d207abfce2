/*
 * What tells this host and this boot from others, and the time: what records of the state files refer to.
 *
 * Async-signal-safe, no lock, errno kept. Files are read by the first call only, the results remembered.
 */
#ifndef V6SHIM_PRELOAD_STATE_HOST_H
#define V6SHIM_PRELOAD_STATE_HOST_H

#include "core/alias/alias.h"

#define HOST_MINUTE_S 60

/* A key made of a text, the setting alias-key. */
struct siphash_key host_key(const char *text);

/*
 * The key that the first version made where that setting was empty: of the host's machine-id (machine-id(5)), which
 * is no secret. False where there is none.
 */
bool host_former_key(struct siphash_key *key);

/* Which boot this is, ALIAS_BOOT_BITS wide; 0 where it can't be known (no /proc). */
uint32_t host_boot(void);

/* The time for a record. Asked of the kernel itself: libfaketime and its like change what clock_gettime() says. */
struct alias_moment host_moment(void);

/* Minutes since boot, sleep included. Usually without a system call; where a preload fakes the time, faked. */
uint32_t host_uptime_minutes(void);

#endif
