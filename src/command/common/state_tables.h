/*
 * The tables of aliases that may say what an alias means: that of the user who asks, or is asked about, and those
 * that daemons have on this host. An alias means one address only within one table.
 */
#ifndef V6SHIM_COMMAND_COMMON_STATE_TABLES_H
#define V6SHIM_COMMAND_COMMON_STATE_TABLES_H

#include "command/common/state_user.h"
#include "preload/state/state_aliases.h"

#define STATE_TABLES_MAX 256 /* what comes after them is left out */

struct state_tables {
    unsigned count;
    struct state list[STATE_TABLES_MAX];
};

/*
 * After state_user_open() for the same user: first the one that it has opened, then
 * - the rooms that daemons of root's have handed over (preload/state/state_rooms.h): of that user, or of all where
 * root asks for itself;
 * - where root asks for itself and names no directory, what systemd has made for services: /var/lib/v6shim-NAME, and
 *   v6shim in another directory of /var/lib.
 * Each but the first is only read.
 */
void state_tables_find(struct state_tables *tables, const struct state_user *user);

/* What an alias, not one that alias-map copies, means in one of them; nothing is written. */
enum state_answer state_table_read(struct state *table, struct in_addr alias, struct ip_address *address,
                                   struct state_fault *fault);

/* "DIRECTORY (of USER)". */
#define STATE_TABLE_LABEL_SIZE (STATE_PATH_SIZE + 64)
void state_table_label(const struct state *table, char label[STATE_TABLE_LABEL_SIZE]);

#endif
