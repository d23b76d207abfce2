/* Marks that a thread is inside a hook; called at the beginning of every slow path. */
#include "preload/base/guard.h"

__thread uintptr_t guard_innermost __attribute__((tls_model("initial-exec")));
