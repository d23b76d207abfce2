/* Hands each event to the log and the trace; called where a decision is made. */
#include <errno.h>
#include <unistd.h>

#include "preload/base/clock.h"
#include "preload/log/log.h"
#include "preload/log/trace.h"

/* Not inlined: its line is not on the stack while the trace is written. */
__attribute__((noinline)) static void write_to_log(const struct event *event)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    event_to_log(event, &line);
    if (line.length > 0)
        log_line(LOG_LEVEL_INFO, &line);
}

void log_event(struct event *event)
{
    int saved = errno, wanted = atomic_load(&log_decisions);
    event->time_us = clock_now_us();
    event->pid = syscall(SYS_getpid);
    if ((wanted & EVENTS_TO_TRACE) != 0)
        trace_write(event);
    if ((wanted & EVENTS_TO_LOG) != 0)
        write_to_log(event);
    errno = saved;
}

void log_name(enum event_type type, const char *name, const struct ip_address *candidates, size_t count)
{
    if (!log_wants_decisions())
        return;
    struct event event = {
        .type = type, .name = name, .fd = EVENT_NO_FD, .candidates = candidates, .candidate_count = count};
    log_event(&event);
}

void log_connection(enum event_type type, int fd, const struct ip_address *candidate, uint16_t port, int result)
{
    if (!log_wants_decisions())
        return;
    struct event event = {.type = type,
                          .fd = fd,
                          .candidates = candidate,
                          .candidate_count = candidate != NULL,
                          .port = port,
                          .result = result};
    log_event(&event);
}

void log_attempt(int fd, const struct ip_address *candidate, uint16_t port, int result)
{
    log_connection(EVENT_ATTEMPT, fd, candidate, port, result);
}
