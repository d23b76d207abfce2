/*
 * The name services that libc asks here.
 *
 * For name lookups: reads /etc/nsswitch.conf once in a process. errno kept.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_NAME_SERVICE_H
#define V6SHIM_PRELOAD_RESOLVE_NAME_SERVICE_H

#include <stdbool.h>

/*
 * Whether none of them keeps a socket from one lookup to the next (core/names/nsswitch). One that does would take the
 * number of a thread with descriptors of its own for a number of the program.
 */
bool name_service_keeps_nothing(void);

#endif
