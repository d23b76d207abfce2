/* The filter of system calls of a relay (seccomp(2)); called by relay_process.c. */
#include "preload/relay/relay_sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
/* The next statement is for this call alone. */
#define ONLY_FOR(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(call), 0, 1)
#define ALLOW(call)    ONLY_FOR(call), RETURN(SECCOMP_RET_ALLOW)

/* Of another architecture (a program of 64 bits can make calls of 32) the numbers mean something else. The kernel has
   the number of ours; this filter is made where it is known: by the compiler. */
#if defined __x86_64__ && !defined __ILP32__
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __i386__
#define OWN_ARCHITECTURE AUDIT_ARCH_I386
#elif defined __aarch64__ && defined __AARCH64EL__
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __arm__ && defined __ARMEL__
#define OWN_ARCHITECTURE AUDIT_ARCH_ARM
#elif defined __s390x__
#define OWN_ARCHITECTURE AUDIT_ARCH_S390X
#elif defined __riscv && __riscv_xlen == 64 && defined AUDIT_ARCH_RISCV64
#define OWN_ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
#define OWN_ARCHITECTURE AUDIT_ARCH_PPC64LE
#endif

#ifdef OWN_ARCHITECTURE
static const struct sock_filter statements[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0),
    RETURN(SECCOMP_RET_ERRNO | ENOSYS),
    LOAD(nr),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_sendto),
    ALLOW(SYS_ppoll),
    ALLOW(SYS_shutdown),
    ALLOW(SYS_ioctl),
    ALLOW(SYS_close),
    ALLOW(SYS_exit_group),
    ALLOW(SYS_restart_syscall),
    RETURN(SECCOMP_RET_ERRNO | EPERM),
};
#endif

void relay_sandbox_enter(void)
{
    if (syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0)
        return;
#ifdef OWN_ARCHITECTURE
    const struct sock_fprog program = {.len = sizeof statements / sizeof statements[0],
                                       .filter = (struct sock_filter *)(uintptr_t)statements};
    syscall(SYS_prctl, PR_SET_SECCOMP, (long)SECCOMP_MODE_FILTER, &program, 0L, 0L);
#endif
}
