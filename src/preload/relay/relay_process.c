/* Makes the process of a relay; called by relay.c. All of it are direct system calls: the child of a process with
   several threads has libc's locks as they stood. */
#include "preload/relay/relay_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/relay/relay_name.h"
#include "preload/base/newer_names.h"
#include "preload/relay/relay_sandbox.h"

#define NOBODY_ID 65534
#define DESCRIPTORS_MOST                                                                       \
    65536 /* that are closed one by one where the kernel neither closes a range nor lists them \
           */
#define LIST_SIZE     4096
#define CHILDREN_MOST 512
#define TAKEN         (-1) /* an entry of a relay that is being made */

/* A child that sends no signal when it ends, and that wait() doesn't see. With all arguments zero it doesn't matter
   in which order an architecture has them. */
static long make_child(void)
{
    return syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
}

static bool close_numbers(unsigned first, unsigned last)
{
    return first > last || syscall(SYS_close_range, first, last, 0) == 0;
}

/* As getdents64(2) gives it. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static int number_of(const char *name)
{
    int number = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        number = number * 10 + (*name - '0');
    return *name == '\0' ? number : -1;
}

/* All that are open are listed, those above the limit too, which may have been lowered. False where no list is to be
   had. The list goes by numbers: none is left out for those before it that are closed. */
static bool close_listed(int one, int other)
{
    static uint64_t list[LIST_SIZE / sizeof(uint64_t)];
    int directory = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
    long size = 0;
    while (directory >= 0 && (size = syscall(SYS_getdents64, directory, list, sizeof list)) > 0) {
        const struct entry *entry;
        for (const char *at = (const char *)list; at < (const char *)list + size; at += entry->length) {
            entry = (const void *)at;
            int number = number_of(entry->name);
            if (number >= 0 && number != one && number != other && number != directory)
                syscall(SYS_close, number);
        }
    }
    if (directory >= 0)
        syscall(SYS_close, directory);
    return directory >= 0 && size == 0;
}

static void close_each(int one, int other)
{
    struct rlimit limit = {.rlim_cur = DESCRIPTORS_MOST};
    getrlimit(RLIMIT_NOFILE, &limit);
    int most = limit.rlim_cur < DESCRIPTORS_MOST ? (int)limit.rlim_cur : DESCRIPTORS_MOST;
    for (int number = 0; number < most; number++)
        if (number != one && number != other)
            syscall(SYS_close, number);
}

static void keep_only(int one, int other)
{
    unsigned low = (unsigned)(one < other ? one : other), high = (unsigned)(one < other ? other : one);
    if ((low == 0 || close_numbers(0, low - 1)) && close_numbers(low + 1, high - 1) &&
        close_numbers(high + 1, UINT_MAX))
        return;
    if (close_listed(one, other))
        return;
    close_each(one, other); /* after which there is room for the list, if that was what it lacked */
    close_listed(one, other);
}

/* Nothing that the program may do or could be made to do is left to it. What fails was not to be had before. */
static void give_up_rights(void)
{
#ifdef SYS_setresuid32
    const long set_groups = SYS_setgroups32, set_group = SYS_setresgid32, set_user = SYS_setresuid32;
#else
    const long set_groups = SYS_setgroups, set_group = SYS_setresgid, set_user = SYS_setresuid;
#endif
    syscall(set_groups, 0L, NULL);
    syscall(set_group, (long)NOBODY_ID, (long)NOBODY_ID, (long)NOBODY_ID);
    syscall(set_user, (long)NOBODY_ID, (long)NOBODY_ID, (long)NOBODY_ID);
}

__attribute__((noreturn)) static void be_the_relay(const struct relay_work *work)
{
    keep_only(work->network, work->local);
    syscall(SYS_setsid);
    syscall(SYS_chdir, "/");
    syscall(SYS_prctl, PR_SET_NAME, RELAY_PROCESS_NAME, 0L, 0L, 0L);
    if (syscall(SYS_geteuid) == 0)
        give_up_rights();
    syscall(SYS_prctl, PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
    relay_sandbox_enter();
    relay_pump_run(work);
    for (;;)
        syscall(SYS_exit_group, 0L);
}

/* The relay's parent ends at once: the relay is nobody's child, and the program never hears of it. */
static int start_as_orphan(const struct relay_work *work)
{
    int status = 0;
    long child = make_child();
    if (child < 0)
        return -errno;
    if (child == 0) {
        long relay = make_child();
        if (relay == 0)
            be_the_relay(work);
        syscall(SYS_exit_group, relay < 0 ? (long)(errno & 0xff) : 0L);
    }
    while (syscall(SYS_wait4, child, &status, (long)__WCLONE, NULL) < 0) {
        if (errno == EINTR)
            continue;
        status = 0; /* as where the program has set SIGCHLD aside: it is there */
        break;
    }
    if (!WIFEXITED(status)) /* a sandbox of the program's has ended it */
        return -EPERM;
    return -WEXITSTATUS(status);
}

/* Whether children whose parent has ended become this process's. */
static bool is_given_orphans(void)
{
    int is_reaper = 0;
    return syscall(SYS_getpid) == 1 ||
           (syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, &is_reaper, 0L, 0L, 0L) == 0 && is_reaper != 0);
}

/* Relays that are children of this process; 0: no entry. */
static _Atomic int children[CHILDREN_MOST];

/* An entry that is the caller's from now on, NULL where there is none. Those of relays that have ended are free. */
static _Atomic int *take_entry(void)
{
    _Atomic int *taken = NULL;
    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        int child = atomic_load(&children[i]), none = 0;
        if (child > 0 && syscall(SYS_wait4, (long)child, NULL, (long)(__WCLONE | WNOHANG), NULL) != 0)
            atomic_compare_exchange_strong(&children[i], &child, 0);
        if (taken == NULL && atomic_compare_exchange_strong(&children[i], &none, TAKEN))
            taken = &children[i];
    }
    return taken;
}

static int start_as_child(const struct relay_work *work)
{
    _Atomic int *entry = take_entry();
    if (entry == NULL)
        return -EAGAIN;
    long child = make_child();
    if (child == 0)
        be_the_relay(work);
    int result = child < 0 ? -errno : 0;
    atomic_store(entry, child < 0 ? 0 : (int)child);
    return result;
}

int relay_process_start(const struct relay_work *work)
{
    int saved = errno;
    int result = is_given_orphans() ? start_as_child(work) : start_as_orphan(work);
    errno = saved;
    return result;
}
