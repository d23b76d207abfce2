/*
 * A secret of this process and the children that it forks, made when it is first needed. What is computed with it
 * (alias_space.h) can't be foretold by anybody outside, and dies with the process.
 *
 * Async-signal-safe, safe for threads, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_SECRET_H
#define V6SHIM_PRELOAD_SYSTEM_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/siphash.h"

/* Random bytes of the kernel's: getrandom(2), else /dev/urandom. False where neither can be had. */
bool secret_fill(void *bytes, size_t size);

struct siphash_key secret_of_process(void);

#endif
