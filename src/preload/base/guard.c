#include "preload/base/guard.h"

__thread uintptr_t guard_innermost __attribute__((tls_model("initial-exec")));
