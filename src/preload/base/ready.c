/* Keeps whether the library has started and which process it is in; set by preload/init.c, read by every hook. */
#include "preload/base/ready.h"

#include <sys/syscall.h>
#include <unistd.h>

_Atomic int init_state = INIT_COLD;

static _Atomic long owner;

bool owns_memory(void)
{
    return syscall(SYS_getpid) == atomic_load(&owner);
}

void ready_own_memory(void)
{
    atomic_store(&owner, syscall(SYS_getpid));
}
