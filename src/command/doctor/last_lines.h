/*
 * What the library has last told of a process, for v6shim doctor --pid: there is no way into the process itself, so
 * that this is what its log has kept.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_LAST_LINES_H
#define V6SHIM_COMMAND_DOCTOR_LAST_LINES_H

#include "command/common/config_target.h"
#include "command/doctor/finding.h"
#include "command/doctor/process.h"

/* Where the log goes, and its last lines of this process; why they can't be had, where not. */
void last_lines_judge(struct findings *findings, const struct process *process, struct config_target *target);

#endif
