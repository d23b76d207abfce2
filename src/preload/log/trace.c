/* Sends events to v6shim trace; called by preload/log/log_event.c. */
#include "preload/log/trace.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "preload/base/ready.h"
#include "preload/log/channel.h"
#include "preload/log/log.h"

/* Under the name that a program can't have for itself: program_invocation_short_name is libc's other one. */
extern char *__progname;

static struct channel channel = {.descriptor = CHANNEL_CLOSED};
static __thread bool keeps_numbers __attribute__((tls_model("initial-exec")));

void trace_keep_numbers(void)
{
    keeps_numbers = true;
}

/* The line has a page of its own: the stack may be a small one, of a signal handler. */
void trace_write(const struct event *event)
{
    char *data = mmap(NULL, EVENT_LINE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct event whole = *event;
    whole.lost = atomic_exchange(&channel.lost, 0);
    enum channel_outcome outcome = CHANNEL_FULL;
    if (data != MAP_FAILED) {
        struct text line = text_on(data, EVENT_LINE_SIZE);
        event_to_json(&whole, &line);
        outcome = channel_write(&channel, &line, !keeps_numbers && owns_memory());
        munmap(data, EVENT_LINE_SIZE);
    }
    if (outcome == CHANNEL_FULL)
        atomic_fetch_add(&channel.lost, whole.lost + 1);
    else if (outcome == CHANNEL_GONE)
        atomic_fetch_and(&log_decisions, ~EVENTS_TO_TRACE);
}

void trace_start(void)
{
    if (!channel_start(&channel, secure_getenv("V6SHIM_TRACE")))
        return;
    atomic_fetch_or(&log_decisions, EVENTS_TO_TRACE);
    log_name(EVENT_PROCESS, __progname, NULL, 0);
}
