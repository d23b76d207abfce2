/* Keeps whether the library has started and which process it is in; set by preload/init.c, read by every hook. */
#include "preload/base/ready.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/linker/start.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define PAGE 4096

_Atomic int init_state START_DATA = INIT_COLD;

static _Atomic long owner START_DATA;

void (*ready_take_copy)(void);

/* Not zero where it was set: the kernel makes it zero in a child that gets a copy of the memory, and in no other. */
static atomic_bool *_Atomic kept_unless_copied;

void ready_watch_copies(void)
{
    if (atomic_load_explicit(&kept_unless_copied, memory_order_relaxed) != NULL)
        return;
    int saved = errno;
    atomic_bool *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *none = NULL;
    if (page != MAP_FAILED) {
        bool works = madvise(page, PAGE, MADV_WIPEONFORK) == 0;
        atomic_store(page, true);
        if (!works || !atomic_compare_exchange_strong(&kept_unless_copied, &none, page))
            munmap(page, PAGE);
    }
    errno = saved;
}

static bool is_copy(void)
{
    atomic_bool *page = atomic_load_explicit(&kept_unless_copied, memory_order_acquire);
    return page != NULL && !atomic_load(page);
}

bool owns_memory(void)
{
    if (syscall(SYS_getpid) == atomic_load(&owner))
        return true;
    if (!is_copy() || ready_take_copy == NULL)
        return false;
    ready_take_copy();
    return true;
}

START_CODE void ready_own_memory(void)
{
    atomic_bool *page = atomic_load_explicit(&kept_unless_copied, memory_order_relaxed);
    atomic_store(&owner, syscall(SYS_getpid));
    if (page != NULL)
        atomic_store(page, true);
}
