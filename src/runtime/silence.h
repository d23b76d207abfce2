/*
 * Resolvers that never answer questions for AAAA records: each lookup would cost the resolution delay, and a name
 * without IPv4 addresses the whole timeout. So the silence is remembered for ten minutes, for the user's other
 * processes too. Lock-free; allocates nothing.
 */
#ifndef V6SHIM_RUNTIME_SILENCE_H
#define V6SHIM_RUNTIME_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

/* A lookup of AAAA records has ended after that time without any answer, where one of A records had an answer. (A
   resolver that answers nothing is down: that says nothing about AAAA records.) */
void silence_note(int64_t took_ms);

/* Whether the resolver was found silent within the last ten minutes. */
bool silence_is_known(void);

#endif
