/* What every interposed function carries: of the whole library these names alone are visible. */
#ifndef V6SHIM_RUNTIME_HOOK_H
#define V6SHIM_RUNTIME_HOOK_H

#define EXPORT __attribute__((visibility("default")))

/*
 * What a hook does beyond looking whether it has anything to do: apart, so that the hook itself stays a few loads and
 * a jump to the real function.
 */
#define NOINLINE __attribute__((noinline))

/* In an interposed function itself: where it was called from. */
#define CALLER __builtin_return_address(0)

#endif
