/*
 * Resolvers that never answer questions for AAAA records: each lookup would cost the resolution delay, and a name
 * without IPv4 addresses the whole timeout. So the silence is remembered for ten minutes, for the user's other
 * processes too. Lock-free; allocates nothing.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_NO_AAAA_H
#define V6SHIM_PRELOAD_RESOLVE_NO_AAAA_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A lookup of AAAA records has ended without any answer, `silent_ms` after one of A records had its own. (A resolver
 * that answers nothing is down: that says nothing about AAAA records.) It began at `started_ms` of clock_now_ms().
 *
 * One is not enough, since it may have been a single question, lost on its way, or a name whose own servers are
 * silent: the resolver counts as silent after two in a row, of different names and one after the other.
 */
void no_aaaa_note(const char *name, int64_t started_ms, int64_t silent_ms);

/* One has been answered: the row begins anew. */
void no_aaaa_broken(void);

/* Whether the resolver was found silent within the last ten minutes. */
bool no_aaaa_is_known(void);

#endif
