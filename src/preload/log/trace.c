/* Sends events to v6shim trace; called by preload/log/log_event.c. */
#include "preload/log/trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/linker/start.h"
#include "preload/base/ready.h"
#include "preload/log/channel.h"
#include "preload/log/log.h"

static struct channel channel; /* not touched before trace_start() has found that it is wanted */
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

START_CODE void trace_start(void)
{
    if (!channel_start(&channel, secure_getenv("V6SHIM_TRACE")))
        return;
    atomic_fetch_or(&log_decisions, EVENTS_TO_TRACE);
    /* The program's copy of libc's variable, if it has one. Under the name that it can't have for itself:
       program_invocation_short_name is libc's other one. */
    char *const *name = dlsym(RTLD_DEFAULT, "__progname");
    log_name(EVENT_PROCESS, name != NULL ? *name : NULL, NULL, 0);
}
