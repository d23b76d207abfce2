/*
 * The aliases of this process: what it remembers, in front of the table that all processes of the user share.
 *
 * An alias that this process has handed out means the same address for as long as it lives, whatever happens to the
 * file. Where the file can't be used, or has no room, aliases are this process's own, of a range of the pool that no
 * file has aliases in: those of names are good for its life, those of peers until they are unseen for a day, or in a
 * flood of peers while they are among the latest 32,768 (transient.h). The log says so once. What is remembered is
 * answered without a system call or lock.
 *
 * All functions but aliases_start and aliases_start_map are async-signal-safe and safe for threads; they may be
 * interrupted anywhere, by themselves too, and abandoned by siglongjmp. errno kept.
 */
#ifndef V6SHIM_PRELOAD_ALIAS_ALIASES_H
#define V6SHIM_PRELOAD_ALIAS_ALIASES_H

#include "core/alias/alias.h"
#include "core/settings/setting.h"
#include "preload/base/hook.h"
#include "preload/state/state_aliases.h"

/*
 * Once, at start: settings alias-pool, alias-key and state-dir (NULL or "": the usual place). Touches no file. False
 * for a pool that can't be one (see alias_pool_set); the default pool is then used.
 */
bool aliases_start(struct in_addr pool, unsigned pool_length, const char *key_text, const char *state_dir);

/*
 * After aliases_start: the setting alias-map. Entries that can't be (core/alias/alias_map.h) are said in the log and
 * ignored.
 */
void aliases_start_map(const struct prefix_map *wanted);

/*
 * Makes the file now, and reads what will be needed of the host: for a server, which may soon give up its privileges
 * or its root directory.
 */
void aliases_prepare(void);

/*
 * For a process that is root's and may be a server: before it becomes this user, whose room is made (state_rooms.h),
 * and what was handed out is kept; after it has become one; before it changes its root directory. A few system calls;
 * about twenty the first time for a user, three where one of them comes again after another.
 */
void aliases_hand_over(uid_t user);
void aliases_handed_over(void);
void aliases_keep_rooms(void);
/* Whether it is a server for sure: it has called aliases_prepare(). */
bool aliases_are_prepared(void);

/* Whether the address belongs to the alias pool or to a range of alias-map (perhaps one that was never handed out).
 */
extern struct alias_pool aliases_pool NEARBY; /* a copy, for a quick look; empty before the start */
extern bool aliases_have_map NEARBY;
/* Whether it belongs to a range of alias-map: then the administrator chose it, and rules may name it. */
bool aliases_is_mapped(struct in_addr address);
/* Whether alias-map names a network of this IPv6 address. */
bool aliases_maps(const struct ip_address *address);
static inline bool aliases_contains(struct in_addr address)
{
    return alias_pool_contains(&aliases_pool, address) ||
           (__builtin_expect(aliases_have_map, 0) && aliases_is_mapped(address));
}

/* The first address of the alias pool: it means nobody, and leads nowhere. */
struct in_addr aliases_nobody(void);

/* Whether other processes of the user may know this alias: not those of the transient range. */
bool aliases_is_shared(struct in_addr alias);
/* Whether it is in a transient range: then it never meant anything but in the process that gave it. */
bool aliases_is_transient(struct in_addr alias);

/* The IPv6 address behind an alias. A peer counts as seen by it. False: nobody was given that alias. */
bool aliases_find_address(struct in_addr alias, struct ip_address *address);

/*
 * The alias of an IPv6 address, allotted where it has none. An address that means nobody where there is no memory,
 * and for what is no IPv6 address; a name lookup had better leave out such an address.
 */
struct in_addr aliases_of(const struct ip_address *address, enum alias_kind kind);

/* Takes the alias out of the table, with what is stored of its name. STATE_NOTHING: nobody has it. Not for what
   alias-map copies. For the command; processes that know the alias go on with it. */
enum state_answer aliases_forget(struct in_addr alias, struct state_fault *fault);

/* The same where this thread has just asked, and the alias is for good. */
bool aliases_recall(const struct ip_address *address, struct in_addr *alias);

/* The alias of an IPv6 address if it has one of its own, without giving it one. Where it isn't known for want of the
   table, `fault` says why; else that is STATE_NONE or STATE_ABSENT. */
bool aliases_peek(const struct ip_address *address, struct in_addr *alias, struct state_fault *fault);

/* Whose table has the alias, or that of the address: NULL where alias-map copies it. For what is to be said of a
   fault. */
struct state *aliases_table_of(struct in_addr alias);
struct state *aliases_table_for(const struct ip_address *address);

#endif
