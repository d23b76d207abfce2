/*
 * What the events of a trace mean together: which lookup an answer belongs to, which attempt has ended how and after
 * how long, in rows that a timeline can be drawn of.
 */
#ifndef V6SHIM_COMMAND_TRACE_STORY_H
#define V6SHIM_COMMAND_TRACE_STORY_H

#include "command/trace/event.h"
#include "command/trace/timeline.h"

struct story {
    int64_t start_us; /* of the trace, on the clock of the events */
    int64_t main_pid; /* the program's own: others are marked with theirs */
    size_t count, capacity;
    struct timeline_row *rows;
    struct story_subject *subjects; /* of each row */
};

/* What else there is to say about an event. */
struct story_facts {
    int64_t took_us;   /* what ended with it, since its start; -1: nothing did */
    unsigned given_up; /* other attempts that ended with it */
};

/* Times are those of events as trace_event_read() lets them pass; they may go back, as those of several processes do
   and those of a hostile one may: rows are in the order of their start all the same, and none ends before it. */
void story_begin(struct story *story, int64_t start_us, int64_t main_pid);
void story_take(struct story *story, const struct trace_event *event, struct story_facts *facts);
/* The program has ended, and what was still under way with it. */
void story_end(struct story *story, int64_t end_us);
void story_free(struct story *story);

#endif
