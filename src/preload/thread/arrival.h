/*
 * An answer has come, or won't come, that connections may be waiting for: a NAT64 prefix, the addresses of a name
 * that an address is redirected to. Whoever asked for it tells so here, and knows nothing of connections.
 */
#ifndef V6SHIM_PRELOAD_THREAD_ARRIVAL_H
#define V6SHIM_PRELOAD_THREAD_ARRIVAL_H

/* At start: what is called then, on any thread but not in a signal handler. */
void arrival_start(void (*listener)(void));

void arrival_tell(void);

#endif
