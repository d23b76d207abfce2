/*
 * The program's own packet filter (SO_ATTACH_FILTER), and the one of ours that may stand before it
 * (preload/upgrade/forgery.h). Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_FILTERS_H
#define V6SHIM_PRELOAD_SOCKET_FILTERS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef SO_ATTACH_FILTER
#define SO_ATTACH_FILTER 26
#endif
#ifndef SO_DETACH_FILTER
#define SO_DETACH_FILTER 27
#endif
#ifndef SO_GET_FILTER
#define SO_GET_FILTER SO_ATTACH_FILTER
#endif
#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif

/* Room for a filter of the program's behind one of ours. Not on the stack, which may be a signal handler's: mapped.
 */
struct filters_room {
    size_t count;  /* of the program's own instructions */
    bool screened; /* ours stood before them */
    struct sock_filter *own;
    struct sock_filter all[BPF_MAXINSNS];
};
/* NULL where there is no memory. */
struct filters_room *filters_room_make(void);
void filters_room_free(struct filters_room *room);

/* Reads the program's filter of a socket; `own` has `count` instructions then, 0 where there is none. 0; -EACCES for
   a filter of the other kind (SO_ATTACH_BPF), which the kernel doesn't tell; or another -errno. */
int filters_read(int fd, struct filters_room *room);

/* Attaches the filter that was read, with ours before it if `screen`. 0 or -errno. Nothing to attach is 0. */
int filters_attach(int fd, struct filters_room *room, bool screen);

/* The program's filter of one socket on another one. 0, also where there is none, or as filters_read(). */
int filters_copy(int from, int to);

#endif
