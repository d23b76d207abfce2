/* Reads or makes the key of the alias tables; called by preload/state/state.c. */
#include "preload/state/state_key.h"

#include <errno.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/slot.h"
#include "preload/base/critical_section.h"
#include "preload/state/host.h"
#include "preload/system/secret.h"

#define KEY_SLOT_SIZE 64u

/* The payload of the only slot: the two words of the key. */
#define LOW_PLACE  0
#define HIGH_PLACE 8

static const struct siphash_key fingerprint_part = {0x7636736869d06b04, 0x85ebca77c2b2ae63};

uint64_t state_key_fingerprint(struct siphash_key key)
{
    uint8_t bytes[sizeof key.low + sizeof key.high];
    bytes_put64(bytes, key.low);
    bytes_put64(bytes + sizeof key.low, key.high);
    return siphash(fingerprint_part, bytes, sizeof bytes);
}

static bool read_cache(const struct state_key_cache *cache, struct siphash_key *key)
{
    if (!atomic_load_explicit(&cache->known, memory_order_acquire))
        return false;
    key->low = atomic_load_explicit(&cache->low, memory_order_relaxed);
    key->high = atomic_load_explicit(&cache->high, memory_order_relaxed);
    return true;
}

/* Two threads may both be here, and then write the same. */
static void fill_cache(struct state_key_cache *cache, struct siphash_key key)
{
    atomic_store_explicit(&cache->low, key.low, memory_order_relaxed);
    atomic_store_explicit(&cache->high, key.high, memory_order_relaxed);
    atomic_store_explicit(&cache->known, true, memory_order_release);
}

void state_key_forget(struct state_key_cache *cache)
{
    atomic_store_explicit(&cache->known, false, memory_order_release);
    atomic_store_explicit(&cache->low, 0, memory_order_relaxed);
    atomic_store_explicit(&cache->high, 0, memory_order_relaxed);
}

/* Not inline: its slot and file are not on the stack twice. */
__attribute__((noinline)) static bool read_key(const struct state_place *place, const struct state_format *format,
                                               enum state_mode mode, struct siphash_key *key,
                                               struct state_fault *fault)
{
    uint8_t slot[KEY_SLOT_SIZE];
    struct state_file file;
    if (!state_file_open(&file, place, format, mode, fault))
        return false;
    bool good = state_file_read(&file, 0, 1, slot, fault);
    if (good && slot_check(slot, sizeof slot, file.seal, 0) != SLOT_GOOD) {
        good = false;
        *fault = (struct state_fault){.reason = STATE_HEADER};
    }
    state_file_close(&file);
    key->low = bytes_get64(slot + SLOT_CHECKSUM_SIZE + LOW_PLACE);
    key->high = bytes_get64(slot + SLOT_CHECKSUM_SIZE + HIGH_PLACE);
    return good;
}

/* The one in the file, which is made with STATE_CREATE; another process may be faster. */
static bool ask_file(const struct state_place *place, enum state_mode mode, struct siphash_key *key,
                     struct state_fault *fault)
{
    uint8_t payload[KEY_SLOT_SIZE - SLOT_CHECKSUM_SIZE] = {0};
    struct state_format format = {.name = STATE_KEY_NAME,
                                  .magic = "v6shim-k",
                                  .slot_size = KEY_SLOT_SIZE,
                                  .slots = 1,
                                  .durable = true,
                                  .secret = true};
    int saved = errno;
    struct critical_section section;
    critical_section_enter(&section);
    bool good = read_key(place, &format, STATE_READ, key, fault);
    if (!good && fault->reason == STATE_ABSENT && mode == STATE_CREATE) {
        if (secret_fill(payload, sizeof key->low + sizeof key->high)) {
            format.initial = payload;
            good = read_key(place, &format, STATE_CREATE, key, fault);
        } else {
            *fault = (struct state_fault){.reason = STATE_NO_RANDOM};
        }
    }
    critical_section_leave(&section);
    errno = saved;
    return good;
}

bool state_keys_load(struct state_key_cache *cache, const struct state_place *place, const char *text,
                     enum state_mode mode, struct state_keys *keys, struct state_fault *fault)
{
    *keys = (struct state_keys){0};
    *fault = (struct state_fault){0};
    if (text[0] != '\0') {
        keys->has_key = true;
        keys->key = host_key(text);
        return true;
    }
    keys->has_former = host_former_key(&keys->former);
    keys->has_key = read_cache(cache, &keys->key);
    if (keys->has_key)
        return true;
    keys->has_key = ask_file(place, mode, &keys->key, fault);
    if (keys->has_key)
        fill_cache(cache, keys->key);
    bool good = keys->has_key || (fault->reason == STATE_ABSENT && mode != STATE_CREATE);
    if (good)
        *fault = (struct state_fault){0};
    fault->of_key = !good;
    return good;
}
