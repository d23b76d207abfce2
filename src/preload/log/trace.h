/*
 * The trace of a program's decisions, for `v6shim trace`: a line of JSON for each event, written in one piece to the
 * FIFO (or file) that V6SHIM_TRACE names and that exists.
 *
 * It goes through a channel (channel.h): what does not fit into the FIFO is counted, and the next event says how many
 * were lost.
 *
 * Async-signal-safe, no malloc, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_LOG_TRACE_H
#define V6SHIM_PRELOAD_LOG_TRACE_H

#include "core/events/event.h"

/* Turns the trace on if V6SHIM_TRACE wants it. Called once at start. */
void trace_start(void);

/* Writes the event. */
void trace_write(const struct event *event);

/* The calling thread is one of ours: it must not make descriptors, which would take low numbers that the program
   expects to get. Its events are lost where the program has closed the descriptor. */
void trace_keep_numbers(void);

#endif
