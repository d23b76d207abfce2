/*
 * Another preload that guards the program's network: a way to a proxy (tsocks, proxychains, torsocks), a simulated
 * network or simulated names (socket_wrapper, nss_wrapper). It has to see what the program asks for, and nothing may
 * go past it: no attempt of ours, no question to a name server. So where there is one, the shim stands aside as a
 * whole, unless `other-preloads ignore` is set.
 *
 * It is known by what it defines: an object that the loader asks before libc for connect() or a lookup, in front of
 * us or behind us. Not the program itself, whose calls of its own function come to nobody else; and not the friends,
 * which only look on: a sanitizer's runtime, and our observer.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_NETWORK_GUARD_H
#define V6SHIM_PRELOAD_SYSTEM_NETWORK_GUARD_H

/* The path of the first such object, or NULL. Once the real functions are bound. Async-signal-safe. */
const char *network_guard_find(void);

#endif
