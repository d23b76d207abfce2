/*
 * Numbers that look random and are the same in every run, so that a failure can be repeated (xorshift64*).
 */
#ifndef V6SHIM_TESTS_CORE_RANDOM_H
#define V6SHIM_TESTS_CORE_RANDOM_H

#include <stdint.h>

static uint64_t random_state = 0x9e3779b97f4a7c15;

/* 0 to limit - 1. */
static inline uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 0x2545f4914f6cdd1d) >> 32) % limit;
}

#endif
