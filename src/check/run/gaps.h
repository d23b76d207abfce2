/*
 * From what was observed of a program to its report.
 *
 * A call of the old way counts as a gap unless what else was observed shows the new way beside it: a socket whose
 * address came together with its family, a wildcard of IPv4 with one of IPv6 on the same port, an option with its
 * twin.
 */
#ifndef V6SHIM_CHECK_RUN_GAPS_H
#define V6SHIM_CHECK_RUN_GAPS_H

#include "check/file/report.h"
#include "check/run/place.h"
#include "check/run/program.h"

/* A new report, the caller's to free; NULL without memory. */
struct report *run_report(const struct run_program *program, struct run_places *places);

#endif
