/*
 * The slots of a state file: blocks of a fixed size, each with a checksum that also covers the slot's number and the
 * file's seal, so that a slot which was damaged, copied elsewhere, or comes from another file is known as such.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_BASE_SLOT_H
#define V6SHIM_CORE_BASE_SLOT_H

#include <stddef.h>
#include <stdint.h>

/* A slot begins with its checksum; what follows is the caller's. */
#define SLOT_CHECKSUM_SIZE 4

enum slot_state {
    SLOT_FREE, /* all zero: never written */
    SLOT_GOOD,
    SLOT_DAMAGED /* neither free nor to be believed */
};

/* Fills in the checksum. The payload must not be all zero. */
void slot_seal(uint8_t *slot, size_t size, uint64_t seal, uint32_t number);

enum slot_state slot_check(const uint8_t *slot, size_t size, uint64_t seal, uint32_t number);

#endif
