/* Keeps whether the library has started and which process it is in; set by preload/init.c, read by every hook. */
#include "preload/base/ready.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "core/linker/start.h"

_Atomic int init_state START_DATA = INIT_COLD;

static _Atomic long owner START_DATA;

bool owns_memory(void)
{
    return syscall(SYS_getpid) == atomic_load(&owner);
}

START_CODE void ready_own_memory(void)
{
    atomic_store(&owner, syscall(SYS_getpid));
}
