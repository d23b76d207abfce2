/* How much stack a call takes: of a thread that makes it, on a stack that was painted before. */
#ifndef V6SHIM_TESTS_STACK_USE_H
#define V6SHIM_TESTS_STACK_USE_H

#include <stddef.h>

#ifdef __OPTIMIZE__
#define STACK_MORE_BYTES 4096 /* than bare: what a program has left on any stack */
#else
#define STACK_MORE_BYTES 6144 /* each variable of each function has a place of its own */
#endif

/* In bytes, with what the thread itself takes; 0: there is no thread. */
size_t stack_use(void (*call)(void));

#endif
