/*
 * What a user's processes share: the aliases (state_aliases.h), the candidates of names, and small marks. All of it
 * in files of the state directory (state_file.h); each file is made when the first thing is written to it.
 *
 * Functions are async-signal-safe (no malloc, no stdio, no lock that is waited for longer than state_file.h says) and
 * keep errno. What can't be read is as if it were not there; each reason for it is one log line in a process's life.
 */
#ifndef V6SHIM_PRELOAD_STATE_STATE_H
#define V6SHIM_PRELOAD_STATE_STATE_H

#include <stdatomic.h>

#include "core/alias/alias.h"
#include "core/names/candidates.h"
#include "preload/base/critical_section.h"
#include "preload/state/state_key.h"

#define STATE_KEY_TEXT_SIZE 128
#define STATE_NAME_SIZE     32

enum state_file_number { STATE_ALIASES, STATE_NAMES, STATE_MARKS, STATE_HISTORY, STATE_PREFIXES, STATE_FILES };

struct state {
    struct state_place place;
    uid_t user; /* the effective one when it was set up */
    struct alias_pool pool;
    char aliases_name[STATE_NAME_SIZE]; /* of the file of aliases; "": "aliases" */
    char key_text[STATE_KEY_TEXT_SIZE];
    struct state_key_cache key;
    _Atomic uint32_t told[STATE_FILES]; /* reasons that were logged: bits */
};

/* The state of this process: set up by aliases_start(). Before that: no directory, the default pool. */
extern struct state state_of_process;
struct state *state_current(void);

/* Sets up a state, `place` excepted; `key_text` may be "" (see state_key.h). Touches no file. False for a bad pool.
 */
bool state_set_up(struct state *state, struct in_addr pool, unsigned pool_length, const char *key_text);

/*
 * Sets up the state of a range of the setting alias-map in which addresses are allotted: the same place and key, a
 * pool and a file of its own (aliases-10.6.0.0-16).
 */
void state_set_up_range(struct state *state, const struct state *whole, struct in_addr range, unsigned length);

/* The keys, as state_keys_load(). */
bool state_keys(struct state *state, enum state_mode mode, struct state_keys *keys, struct state_fault *fault);

/*
 * The format of one of the files, for this pool and key, to open it with `mode` and no more. With STATE_CREATE the
 * key is made where it is missing. Where the key can't be had, opening such a file fails. The second for STATE_READ.
 */
struct state_format state_format_for(struct state *state, enum state_file_number number, enum state_mode mode);
struct state_format state_format(struct state *state, enum state_file_number number);
/* Its name only. */
const char *state_file_name(struct state *state, enum state_file_number number);

/*
 * Logs the fault, unless this state has had it before, or it is none. Where a process has changed its user since, its
 * children have the fault as well: then only that of the aliases is a warning, once for all of them that
 * state_share_told() was called for, and the others are said at the level "info".
 */
void state_tell(struct state *state, enum state_file_number number, const struct state_fault *fault);

/* For a server that is root's or has changed its user, before its workers are forked. Once. */
void state_share_told(const struct state *state);

/*
 * One of the files, open to read some slots of it. Signals are blocked and cancellation is off until it is closed.
 * False, with nothing to close, where it isn't there or can't be read.
 */
struct state_reader {
    struct state *state;
    enum state_file_number number;
    struct state_format format;
    struct state_file file;
    struct state_fault fault;
    struct critical_section section;
};
bool state_reader_open(struct state_reader *reader, struct state *state, enum state_file_number number);
bool state_reader_slot(struct state_reader *reader, uint32_t number, uint8_t *payload);
void state_reader_close(struct state_reader *reader);

/*
 * One slot of one of the files, the payload only: slot_size - SLOT_CHECKSUM_SIZE bytes. Reading gives false for one
 * that is free, damaged or can't be read. Writing makes the file with STATE_CREATE; it does not write what is there
 * already. The payload must not be all zero.
 */
bool state_slot_read(struct state *state, enum state_file_number file, uint32_t number, uint8_t *payload);
bool state_slot_write(struct state *state, enum state_file_number file, enum state_mode mode, uint32_t number,
                      const uint8_t *payload);

/*
 * The candidates of the name that gave this alias, for processes that connect to it without having resolved the name.
 * A table of fixed size: a later name may take the place of an earlier one. Lists of one address are kept only to
 * replace a longer one. Link-local addresses of another boot are left out when loading.
 */
bool state_store_candidates(struct in_addr alias, const struct ip_address *list, size_t count);
size_t state_load_candidates(struct in_addr alias, struct ip_address *list, size_t capacity);
/* No process loads any for this alias from now on: another address may get it. */
bool state_forget_candidates(struct in_addr alias);

/* Marks: a few numbers, such as "until when a resolver is known to be silent". `mark` is below STATE_MARK_COUNT. */
#define STATE_MARK_COUNT 256
bool state_mark_read(uint32_t mark, uint64_t *value);
bool state_mark_write(uint32_t mark, uint64_t value);

/* What became of earlier connections: slots of preload/connect/history.h. */
#define STATE_HISTORY_SLOTS     4096
#define STATE_HISTORY_SLOT_SIZE 80

/* The NAT64 prefixes of networks: slots of preload/nat64/record.h. */
#define STATE_PREFIXES_SLOTS     64
#define STATE_PREFIXES_SLOT_SIZE 256

#endif
