/*
 * What v6shim doctor finds out about a name: how its resolver answers, its candidates in the order in which they are
 * tried, what the history says of each, and whether and how fast it answers.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_REACH_H
#define V6SHIM_COMMAND_DOCTOR_REACH_H

#include <stdint.h>

#include "command/doctor/finding.h"

/* Asks the resolver, and connects to each address by TCP at that port; port 0: only the routes are judged. Waits for
   an address REACH_WAIT_MS at most. */
#define REACH_WAIT_MS 3000
void reach_judge(struct findings *findings, const char *name, uint16_t port);

#endif
