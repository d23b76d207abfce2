/*
 * The directory of the state files: where it is, opened with its checks, made where it is missing. For state_file.c,
 * see there.
 */
#ifndef V6SHIM_PRELOAD_STATE_STATE_PLACE_H
#define V6SHIM_PRELOAD_STATE_STATE_PLACE_H

#include "preload/state/state_file.h"

#define STATE_LOW_NUMBERS 3

/*
 * The directory, open as a place only (O_PATH: nothing can be read or written through it), under a number above 2. If
 * the program has closed some of 0 to 2, they hold the directory too while this is open, so that no file can get
 * them.
 */
struct state_directory {
    int fd;
    int low[STATE_LOW_NUMBERS];
    unsigned lows;
    bool is_room; /* state_rooms.h */
};

/*
 * With `make`, what is missing is made. A user whose own place can't be used gets the room that was handed to it
 * (state_rooms.h), in this place where that is root's, else in root's usual one; `fault` is still that of the own
 * place where there is none.
 */
bool state_directory_open(struct state_directory *directory, const struct state_place *place, bool make,
                          struct state_fault *fault);
void state_directory_close(const struct state_directory *directory);

/* Lets others go through root's directory, though not look into it: to their rooms. Root's usual one only, an
   administrator's own is as he made it. */
void state_directory_let_pass(const struct state_directory *directory, const struct state_place *place);

#endif
