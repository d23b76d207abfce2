/*
 * What a process under the library is shown of an address of its sockets, as far as can be told from outside: by the
 * tables of aliases that its user's processes share, and the settings that it was started with.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_SHOWN_H
#define V6SHIM_COMMAND_DOCTOR_SHOWN_H

#include "command/doctor/process.h"
#include "core/address/address.h"

/* Whose aliases shown_as() answers with from now on. Where the settings of the process can't be read, those of this
   command stand for them. After state_user_open(). */
void shown_begin(const struct process *process);

/*
 * The IPv4 address that stands for this one: itself, that inside a mapped one, 0.0.0.0 for ::, 127.0.0.1 for ::1,
 * else its alias. False where it has none in the table: none was needed yet, or it is private to the process.
 */
bool shown_as(const struct ip_address *address, struct in_addr *shown);

#endif
