/* Which system calls a part of a test makes: counts are the same on every machine, times are not. */
#ifndef V6SHIM_TESTS_SYSTEM_CALLS_H
#define V6SHIM_TESTS_SYSTEM_CALLS_H

#include <stdbool.h>

#define SYSTEM_CALLS_MAX 512

struct system_calls {
    unsigned count;
    long numbers[SYSTEM_CALLS_MAX];
};

/* Runs `act` twice in a child of this process, and says what the second run asked of the kernel, in order
   (ptrace(2)). False where that can't be seen (an emulator, a sandbox, Linux before 5.3); the test fails where the
   child does. */
bool system_calls_of(void (*act)(void), struct system_calls *calls);

/* How often the call with that number is among them. */
unsigned system_calls_with(const struct system_calls *calls, long number);

/* The test fails where there are more than `most`, and says which there are. */
void assert_system_calls(const struct system_calls *calls, unsigned most);

#endif
