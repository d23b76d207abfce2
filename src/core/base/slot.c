/* Seals the slots of state files and checks the seals; called by preload/state and by what keeps records there. */
#include "core/base/slot.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/base/siphash.h"

static uint32_t slot_checksum(const uint8_t *slot, size_t size, uint64_t seal, uint32_t number)
{
    struct siphash_key key = {.low = seal, .high = number};
    return (uint32_t)siphash(key, slot + SLOT_CHECKSUM_SIZE, size - SLOT_CHECKSUM_SIZE);
}

void slot_seal(uint8_t *slot, size_t size, uint64_t seal, uint32_t number)
{
    bytes_put32(slot, slot_checksum(slot, size, seal, number));
}

enum slot_state slot_check(const uint8_t *slot, size_t size, uint64_t seal, uint32_t number)
{
    /* A slot is all zero if its first byte is, and each byte equals the next. */
    if (slot[0] == 0 && memcmp(slot, slot + 1, size - 1) == 0)
        return SLOT_FREE;
    return bytes_get32(slot) == slot_checksum(slot, size, seal, number) ? SLOT_GOOD : SLOT_DAMAGED;
}
