/*
 * The key by which the tables of aliases are searched (core/alias/alias.h): made of the setting alias-key, or of the
 * file `key` in the state directory, as random bytes that are made once and that nobody else may read, as a host key
 * of ssh is. Where neither can be had there is no key, and no table.
 *
 * The first version made it of the host's machine-id, which everybody may read. Files that were made under that key
 * go on (`former`): what is in them is found by it, what is added is placed by the new one.
 *
 * Async-signal-safe, safe for threads, errno kept.
 */
#ifndef V6SHIM_PRELOAD_STATE_STATE_KEY_H
#define V6SHIM_PRELOAD_STATE_STATE_KEY_H

#include <stdatomic.h>

#include "core/base/siphash.h"
#include "preload/state/state_file.h"

struct state_keys {
    bool has_key, has_former;
    struct siphash_key key, former;
};

/* What was found out: all zero at first. The key file is read once. */
struct state_key_cache {
    _Atomic bool known;
    _Atomic uint64_t low, high;
};

/*
 * The keys for this directory. With STATE_CREATE the file is made where it is missing; without, its absence is no
 * fault: then there can only be files of the first version. False, with a fault that is marked as the key's, where
 * the key can't be had. `text` is the setting, "" for none.
 */
bool state_keys_load(struct state_key_cache *cache, const struct state_place *place, const char *text,
                     enum state_mode mode, struct state_keys *keys, struct state_fault *fault);

/* It is read anew when it is needed: this process has become another user, whose key is another one, and who shall
   not have the former one's in its memory. */
void state_key_forget(struct state_key_cache *cache);

/* What a file says of the key that it was made under. */
uint64_t state_key_fingerprint(struct siphash_key key);

#endif
