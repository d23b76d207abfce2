/*
 * System calls that the headers of older systems lack (glibc before 2.32), so that what is built there does on
 * a newer system what it does when it is built here.
 */
#ifndef V6SHIM_PRELOAD_BASE_NEWER_NAMES_H
#define V6SHIM_PRELOAD_BASE_NEWER_NAMES_H

#include <sys/syscall.h>

/* These numbers are the same on all machines but alpha, which adds 110. */
#ifndef __alpha__
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#endif

#endif
