/*
 * The sockets of one process, as the kernel has them and as the program sees them: printed, or as JSON. For v6shim
 * status and v6shim doctor --pid; both after shown_begin().
 */
#ifndef V6SHIM_COMMAND_DOCTOR_LIST_H
#define V6SHIM_COMMAND_DOCTOR_LIST_H

#include <json-c/json.h>

#include "command/doctor/process.h"
#include "command/doctor/shown.h"
#include "command/doctor/socket_table.h"

/* A line for each, indented; `table` is loaded for the network of the process. */
void list_print(const struct process *process, struct socket_table *table);

/* The same lines, to be shown in another way. False where the kernel doesn't let the caller see them. */
typedef void list_visitor(void *context, const struct socket_row *row, const char *text);
bool list_visit(const struct process *process, struct socket_table *table, list_visitor *visitor, void *context);

/* An array of objects; NULL where the kernel doesn't let the caller see them. */
json_object *list_describe(const struct process *process, struct socket_table *table);

#endif
