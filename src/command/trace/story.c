/* Joins events to rows with durations; called by v6shim trace for each event. */
#include "command/trace/story.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST 64u
#define ROWS_MAX   16384u /* of a program that connects without end, the beginning is told */

/* What a row is about. */
struct story_subject {
    bool open, lookup;
    bool settled; /* an attempt of an earlier connection of this descriptor */
    int64_t pid;
    int fd;
    unsigned port;
    char name[TRACE_NAME_SIZE]; /* looked up, or the address that is connected to */
};

void story_begin(struct story *story, int64_t start_us, int64_t main_pid)
{
    *story = (struct story){.start_us = start_us, .main_pid = main_pid};
}

void story_free(struct story *story)
{
    free(story->rows);
    free(story->subjects);
    story->rows = NULL;
    story->subjects = NULL;
    story->count = story->capacity = 0;
}

static bool make_room(struct story *story)
{
    if (story->count < story->capacity)
        return true;
    if (story->capacity >= ROWS_MAX)
        return false;
    size_t capacity = story->capacity == 0 ? ROWS_FIRST : 2 * story->capacity;
    struct timeline_row *rows = realloc(story->rows, capacity * sizeof *rows);
    if (rows == NULL)
        return false;
    story->rows = rows;
    struct story_subject *subjects = realloc(story->subjects, capacity * sizeof *subjects);
    if (subjects == NULL)
        return false;
    story->subjects = subjects;
    story->capacity = capacity;
    return true;
}

static const char *subject_name(const struct trace_event *event)
{
    return event->type == EVENT_LOOKUP ? event->name : event->candidates[0];
}

/* Lines of several processes may come out of order: a row does not start before the one above it. */
static int64_t start_of(const struct story *story, const struct trace_event *event)
{
    int64_t start_us = event->time_us - story->start_us;
    int64_t least_us = story->count > 0 ? story->rows[story->count - 1].start_us : 0;
    return start_us > least_us ? start_us : least_us;
}

static void open_row(struct story *story, const struct trace_event *event)
{
    if (!make_room(story))
        return;
    int64_t start_us = start_of(story, event);
    struct timeline_row *row = &story->rows[story->count];
    struct story_subject *subject = &story->subjects[story->count++];
    char process[24] = "";
    *row = (struct timeline_row){.start_us = start_us};
    *subject = (struct story_subject){
        .open = true, .lookup = event->type == EVENT_LOOKUP, .pid = event->pid, .fd = event->fd, .port = event->port};
    snprintf(subject->name, sizeof subject->name, "%s", subject_name(event));
    if (event->pid != story->main_pid)
        snprintf(process, sizeof process, "[%lld] ", (long long)event->pid);
    int length = snprintf(row->label, sizeof row->label, "%s%s%.60s", process, subject->lookup ? "look up " : "",
                          subject->name);
    if (!subject->lookup && length > 0 && (size_t)length < sizeof row->label)
        snprintf(row->label + length, sizeof row->label - (size_t)length, " port %u", event->port);
    for (char *at = row->label; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

static int64_t close_row(struct story *story, size_t place, int64_t time_us, enum timeline_ending ending,
                         const char *note)
{
    struct timeline_row *row = &story->rows[place];
    int64_t end_us = time_us - story->start_us;
    story->subjects[place].open = false;
    row->end_us = end_us > row->start_us ? end_us : row->start_us;
    row->ending = ending;
    snprintf(row->note, sizeof row->note, "%s", note);
    return row->end_us - row->start_us;
}

static bool is_of_connection(const struct story_subject *subject, const struct trace_event *event)
{
    return !subject->lookup && !subject->settled && subject->pid == event->pid && subject->fd == event->fd;
}

/* A descriptor that was connected, and is again: it was closed between. */
static void commit_connected(struct story *story, const struct trace_event *event)
{
    for (size_t place = 0; place < story->count; place++) {
        const struct timeline_row *row = &story->rows[place];
        struct story_subject *subject = &story->subjects[place];
        subject->settled |= is_of_connection(subject, event) && !subject->open &&
                            (row->ending == TIMELINE_CONNECTED || row->ending == TIMELINE_HANDED);
    }
}

/* The latest row of this subject; `count` where there is none. */
static size_t find_row(const struct story *story, const struct trace_event *event, bool lookup, bool open)
{
    const char *name = lookup ? event->name : event->candidates[0];
    for (size_t place = story->count; place > 0; place--) {
        const struct story_subject *subject = &story->subjects[place - 1];
        if (subject->lookup == lookup && (subject->open || !open) && subject->pid == event->pid &&
            (lookup || (subject->fd == event->fd && subject->port == event->port)) &&
            strcmp(subject->name, name) == 0)
            return place - 1;
    }
    return story->count;
}

/* A connection is made or not, and what is still under way for it ends. */
static void settle(struct story *story, const struct trace_event *event, struct story_facts *facts)
{
    for (size_t place = 0; place < story->count; place++) {
        struct story_subject *subject = &story->subjects[place];
        int64_t since_us = event->time_us - story->start_us - story->rows[place].start_us;
        if (!is_of_connection(subject, event))
            continue;
        subject->settled = true;
        if (since_us > facts->took_us)
            facts->took_us = since_us;
        if (!subject->open)
            continue;
        close_row(story, place, event->time_us, TIMELINE_GIVEN_UP,
                  event->type == EVENT_CANCELLED ? "closed" : "given up");
        facts->given_up++;
    }
}

static void take_answer(struct story *story, const struct trace_event *event, struct story_facts *facts)
{
    char note[TIMELINE_NOTE_SIZE];
    size_t place = find_row(story, event, true, true);
    if (place == story->count)
        return;
    snprintf(note, sizeof note, "%zu address%s", event->candidate_count, event->candidate_count == 1 ? "" : "es");
    const char *said = event->type == EVENT_LATE     ? "no IPv6 answer in time"
                       : event->type == EVENT_SILENT ? "not asked for IPv6"
                       : event->type == EVENT_ANSWER ? note
                                                     : "no IPv6 address";
    facts->took_us = close_row(story, place, event->time_us, TIMELINE_ANSWERED, said);
}

static void take_attempt(struct story *story, const struct trace_event *event, struct story_facts *facts)
{
    if (event->result == TRACE_STARTED) {
        commit_connected(story, event);
        open_row(story, event);
        return;
    }
    size_t place = find_row(story, event, false, true);
    if (place == story->count) { /* it ended as it began */
        open_row(story, event);
        if (story->count == place)
            return;
    }
    bool connected = event->result == TRACE_OK;
    facts->took_us = close_row(story, place, event->time_us, connected ? TIMELINE_CONNECTED : TIMELINE_FAILED,
                               connected                 ? "connected"
                               : event->error[0] != '\0' ? event->error
                                                         : "failed");
}

/* One attempt wins or goes on; the others end. */
static void take_choice(struct story *story, const struct trace_event *event, struct story_facts *facts)
{
    bool won = event->type == EVENT_WON;
    size_t place = event->candidate_count > 0 ? find_row(story, event, false, !won) : story->count;
    if (place < story->count && won) {
        story->rows[place].ending = TIMELINE_WON;
        snprintf(story->rows[place].note, sizeof story->rows[place].note, "won");
    } else if (place < story->count) {
        close_row(story, place, event->time_us, TIMELINE_HANDED, "went on");
    }
    settle(story, event, facts);
}

void story_take(struct story *story, const struct trace_event *event, struct story_facts *facts)
{
    *facts = (struct story_facts){.took_us = -1};
    switch (event->type) {
    case EVENT_LOOKUP:
        open_row(story, event);
        break;
    case EVENT_ANSWER:
    case EVENT_NO_IPV6:
    case EVENT_LATE:
    case EVENT_SILENT:
        take_answer(story, event, facts);
        break;
    case EVENT_ATTEMPT:
        take_attempt(story, event, facts);
        break;
    case EVENT_WON:
    case EVENT_FAILED:
    case EVENT_INTERRUPTED:
    case EVENT_CANCELLED:
    case EVENT_HANDED:
        take_choice(story, event, facts);
        break;
    case EVENT_PROCESS:
    case EVENT_ORDER:
    case EVENT_KEPT:
    case EVENT_SEND:
    case EVENT_BEHIND:
    case EVENT_LISTENING:
    case EVENT_IPV4_ONLY:
    case EVENT_ACCEPTED:
    case EVENT_RECEIVED:
    case EVENT_TYPE_COUNT:
        break;
    }
}

void story_end(struct story *story, int64_t end_us)
{
    for (size_t place = 0; place < story->count; place++)
        if (story->subjects[place].open)
            close_row(story, place, end_us, TIMELINE_GIVEN_UP, "until the end");
}
