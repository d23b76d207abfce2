/*
 * The rooms of other users in root's state directory. A daemon that is started by root and becomes another user can't
 * use root's files any more, and must not: a user who could write there would choose whom root's programs reach. So
 * before it changes, it makes `users/UID` in root's state directory, which belongs to that user alone and has files
 * of its own. All processes of that user that can't have their usual place use it (state_place.c).
 *
 * Where the root directory is changed, no path leads there any more. Then a descriptor is kept at a high number, not
 * of the directory `users` itself but of a mount of its own that has it for its root (open_tree(2), Linux 5.2):
 * nothing above it can be reached from there, so that the process gets out of its new root by no "..". It takes root
 * with CAP_SYS_ADMIN to make one; without it there is no room behind a chroot().
 *
 * Async-signal-safe, no malloc, no lock. errno is not kept.
 */
#ifndef V6SHIM_PRELOAD_STATE_STATE_ROOMS_H
#define V6SHIM_PRELOAD_STATE_STATE_ROOMS_H

#include "preload/state/state_file.h"

#define STATE_ROOMS_NAME      "users"
#define STATE_ROOM_LABEL_SIZE 24 /* of "users/UID" */

/* The name of a user's room within root's state directory. */
void state_room_label(uid_t user, struct text *label);

/*
 * The room of the effective user, open as a place only (O_PATH), or -1 and errno: in the directory that is open as
 * `parent`, which is root's; or in the rooms that are kept. Everything is checked but whose the room itself is.
 */
int state_room_open(int parent);
int state_room_open_kept(void);

/* Makes the room of this user where it is missing, in the place of this process, which is root's. False where it
   can't be had. Signals are blocked by the caller. */
bool state_rooms_hand_over(const struct state_place *place, uid_t user);

/* Before the root directory changes: keeps the rooms of this place, which is root's. */
void state_rooms_keep(const struct state_place *place);

#endif
