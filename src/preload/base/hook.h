/* What every interposed function carries: of the whole library these names alone are visible. */
#ifndef V6SHIM_PRELOAD_BASE_HOOK_H
#define V6SHIM_PRELOAD_BASE_HOOK_H

#define EXPORT __attribute__((visibility("default")))

/*
 * A variable that hooks look at, where it is declared: it is found at a known distance from the code. Without this,
 * the compiler has to take it from the table of addresses, one instruction more each time.
 */
#define NEARBY __attribute__((visibility("hidden")))

/*
 * What a hook does beyond looking whether it has anything to do: apart, so that the hook itself stays a few loads and
 * a jump to the real function.
 */
#define NOINLINE __attribute__((noinline))

/* In an interposed function itself: where it was called from. */
#define CALLER __builtin_return_address(0)

#endif
