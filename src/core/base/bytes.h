/*
 * Numbers in files and hashes, little-endian whatever the processor. Pure, async-signal-safe.
 */
#ifndef V6SHIM_CORE_BASE_BYTES_H
#define V6SHIM_CORE_BASE_BYTES_H

#include <stdint.h>

static inline uint32_t bytes_get32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t bytes_get64(const uint8_t *bytes)
{
    return bytes_get32(bytes) | (uint64_t)bytes_get32(bytes + 4) << 32;
}

static inline void bytes_put32(uint8_t *bytes, uint32_t number)
{
    for (unsigned place = 0; place < 4; place++)
        bytes[place] = (uint8_t)(number >> 8 * place);
}

static inline void bytes_put64(uint8_t *bytes, uint64_t number)
{
    bytes_put32(bytes, (uint32_t)number);
    bytes_put32(bytes + 4, (uint32_t)(number >> 32));
}

#endif
