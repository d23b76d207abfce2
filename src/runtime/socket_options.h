/*
 * The options that the program set on a socket, kept so that they can be set on another one. Reading values back from
 * the kernel instead would not do: SO_RCVBUF reads as twice what was set, memberships can't be read at all.
 */
#ifndef V6SHIM_RUNTIME_SOCKET_OPTIONS_H
#define V6SHIM_RUNTIME_SOCKET_OPTIONS_H

#include "runtime/sockets.h"

/* Longest value kept; a longer one makes the socket unreplayable. */
#define SOCKET_OPTION_SIZE 40

/* Gives back the options of a record that is going. */
void socket_options_free(struct socket_record *record);

#endif
