/*
 * What v6shim doctor finds out about one program or process.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_TARGET_H
#define V6SHIM_COMMAND_DOCTOR_TARGET_H

#include "command/doctor/finding.h"

/* Whether the library reaches the program, found as a shell finds it, and its settings. */
void target_judge_program(struct findings *findings, const char *name);

/* Whether a process has the library, its settings and its sockets. EXIT_STATUS_OK, or the exit status after a
   complaint: no such process, or not the caller's to look at. */
int target_judge_process(struct findings *findings, const char *number);

#endif
