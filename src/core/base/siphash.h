/*
 * SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein: "SipHash: a fast short-input PRF", 2012): a keyed hash whose values
 * nobody can predict or collide without the key.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_BASE_SIPHASH_H
#define V6SHIM_CORE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* A 128-bit key: the two little-endian words k0 and k1 of the paper. */
struct siphash_key {
    uint64_t low;
    uint64_t high;
};

uint64_t siphash(struct siphash_key key, const void *data, size_t length);

#endif
