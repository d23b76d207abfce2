/* Hashes bytes with a key; called wherever a stranger must not foresee a hash. */
#include "core/base/siphash.h"

#include "core/base/bytes.h"

#define COMPRESSION_ROUNDS  2
#define FINALIZATION_ROUNDS 4

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], unsigned rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

uint64_t siphash(struct siphash_key key, const void *data, size_t length)
{
    /* The initial state is "somepseudorandomlygeneratedbytes". */
    uint64_t v[4] = {key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d, key.low ^ 0x6c7967656e657261,
                     key.high ^ 0x7465646279746573};
    const uint8_t *byte = data;
    uint64_t last = (uint64_t)length << 56;
    for (size_t left = length; left >= 8; left -= 8, byte += 8) {
        uint64_t word = bytes_get64(byte);
        v[3] ^= word;
        sip_rounds(v, COMPRESSION_ROUNDS);
        v[0] ^= word;
    }
    for (size_t tail = length % 8; tail > 0; tail--)
        last |= (uint64_t)byte[tail - 1] << 8 * (tail - 1);
    v[3] ^= last;
    sip_rounds(v, COMPRESSION_ROUNDS);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, FINALIZATION_ROUNDS);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
