/* A sandbox for a part of a test: system calls that fail from now on, in all threads, by a filter of seccomp(2). */
#ifndef V6SHIM_TESTS_DENY_H
#define V6SHIM_TESTS_DENY_H

#define ANY_ARGUMENT (-1)

/* The call with that number fails with `error` where its argument (from 0) has the value; ANY_ARGUMENT: always. Ends
   the process where the kernel takes no filter. */
void deny(long call, int argument, unsigned value, int error);

/* The call with that number ends the process, and what it executes. */
void deny_by_death(long call);

/* setsockopt() of that option fails. */
void deny_option(int level, int name, int error);

#endif
