#include "cli/trace_print.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/command.h"

#define US_PER_MS  1000.0
#define MS_SIZE    32
#define WORDS_SIZE 128

static double ms(int64_t time_us)
{
    return (double)time_us / US_PER_MS;
}

/* --- words --- */

static void print_took(FILE *stream, const struct story_facts *facts)
{
    if (facts->took_us >= 0)
        fprintf(stream, " after %.1f ms", ms(facts->took_us));
}

static void print_destination(FILE *stream, const struct trace_event *event)
{
    print_harmless(stream, event->candidates[0]);
    if (event->port != 0)
        fprintf(stream, " port %u", event->port);
}

static void print_result(FILE *stream, const struct trace_event *event, const struct story_facts *facts)
{
    char words[WORDS_SIZE];
    if (event->result == TRACE_STARTED)
        fputs("started", stream);
    else if (event->result == TRACE_OK)
        fputs(event->type == EVENT_SEND ? "sent" : "connected", stream);
    else
        fputs("failed", stream);
    print_took(stream, facts);
    if (event->error[0] != '\0') {
        fputs(": ", stream);
        print_harmless(stream, trace_error_words(event->error, words, sizeof words));
    }
}

static void print_answer(FILE *stream, const struct trace_event *event, const struct story_facts *facts)
{
    fputs("answer for ", stream);
    print_harmless(stream, event->name);
    print_took(stream, facts);
    fputs(": ", stream);
    if (event->type == EVENT_NO_IPV6)
        fputs("no IPv6 address; the rest is as without the shim", stream);
    else if (event->type == EVENT_LATE)
        fputs("no word on IPv6 addresses in time; going on with IPv4", stream);
    else if (event->type == EVENT_SILENT)
        fputs("not asked for IPv6 addresses, since the resolver has been silent on them; going on with IPv4", stream);
    for (size_t i = 0; event->type == EVENT_ANSWER && i < event->candidate_count; i++) {
        fputs(i == 0 ? "" : ", then ", stream);
        print_harmless(stream, event->candidates[i]);
    }
}

static void print_choice(FILE *stream, const struct trace_event *event, const struct story_facts *facts)
{
    char words[WORDS_SIZE];
    fprintf(stream, "descriptor %d: ", event->fd);
    switch (event->type) {
    case EVENT_WON:
        fputs("the winner is ", stream);
        print_destination(stream, event);
        break;
    case EVENT_FAILED:
        fputs("all candidates failed", stream);
        break;
    case EVENT_INTERRUPTED:
        fputs("the program stopped waiting (a signal, or its time limit)", stream);
        break;
    case EVENT_CANCELLED:
        fputs("the program gave up", stream);
        break;
    case EVENT_ORDER:
        fputs("no race could be had; the candidates are tried in turn", stream);
        break;
    default:
        fputs("goes on as the program's own: ", stream);
        print_destination(stream, event);
        break;
    }
    print_took(stream, facts);
    if (event->error[0] != '\0')
        fprintf(stream, ": %s", trace_error_words(event->error, words, sizeof words));
    if (facts->given_up > 0)
        fprintf(stream, "; %u attempt%s closed", facts->given_up, facts->given_up == 1 ? "" : "s");
}

static void print_decision(FILE *stream, const struct trace_event *event, const struct story_facts *facts)
{
    char words[WORDS_SIZE];
    switch (event->type) {
    case EVENT_LOOKUP:
        fputs("look up ", stream);
        print_harmless(stream, event->name);
        break;
    case EVENT_ANSWER:
    case EVENT_NO_IPV6:
    case EVENT_LATE:
    case EVENT_SILENT:
        print_answer(stream, event, facts);
        break;
    case EVENT_ATTEMPT:
    case EVENT_SEND:
        fprintf(stream, "descriptor %d: %s ", event->fd, event->type == EVENT_SEND ? "datagram to" : "connect to");
        print_destination(stream, event);
        fputs(": ", stream);
        print_result(stream, event, facts);
        break;
    case EVENT_KEPT:
        fprintf(stream, "descriptor %d: stays with IPv4, it can't be made an IPv6 socket: %s", event->fd,
                trace_error_words(event->error, words, sizeof words));
        break;
    default:
        print_choice(stream, event, facts);
        break;
    }
}

static void print_time(FILE *stream, const struct story *story, int64_t time_us)
{
    fprintf(stream, "%9.1f ms  ", ms(time_us - story->start_us));
}

static void begin_line(FILE *stream, const struct story *story, const struct trace_event *event)
{
    print_time(stream, story, event->time_us);
    if (event->pid != story->main_pid)
        fprintf(stream, "[%lld] ", (long long)event->pid);
}

void trace_print_program(FILE *stream, const struct story *story, const struct trace_event *event, const char *name)
{
    begin_line(stream, story, event);
    fputs("program ", stream);
    print_harmless(stream, name);
    putc('\n', stream);
}

void trace_print_words(FILE *stream, const struct story *story, const struct trace_event *event,
                       const struct story_facts *facts)
{
    begin_line(stream, story, event);
    print_decision(stream, event, facts);
    if (event->lost > 0)
        fprintf(stream, " (before this, %u lines were lost)", event->lost);
    putc('\n', stream);
}

/* --- JSON --- */

static void add_ms(json_object *object, const char *key, int64_t time_us)
{
    char text[MS_SIZE];
    snprintf(text, sizeof text, "%.3f", ms(time_us));
    json_object_object_add(object, key, json_object_new_double_s(ms(time_us), text));
}

static void print_object(FILE *stream, json_object *object)
{
    fprintf(stream, "%s\n",
            json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

void trace_print_json(FILE *stream, const struct story *story, json_object *object, const struct trace_event *event,
                      const struct story_facts *facts)
{
    json_object *line = json_object_new_object();
    add_ms(line, "ms", event->time_us - story->start_us);
    json_object_object_foreach(object, key, value)
    {
        if (strcmp(key, "time_us") != 0)
            json_object_object_add(line, key, json_object_get(value));
    }
    if (facts->took_us >= 0)
        add_ms(line, "duration_ms", facts->took_us);
    print_object(stream, line);
}

/* --- the end --- */

static void print_end_json(FILE *stream, const struct story *story, int64_t time_us, int status)
{
    json_object *line = json_object_new_object();
    add_ms(line, "ms", time_us - story->start_us);
    json_object_object_add(line, "pid", json_object_new_int64(story->main_pid));
    json_object_object_add(line, "event", json_object_new_string("end"));
    if (WIFSIGNALED(status))
        json_object_object_add(line, "signal", json_object_new_int(WTERMSIG(status)));
    else
        json_object_object_add(line, "status", json_object_new_int(WEXITSTATUS(status)));
    print_object(stream, line);
}

void trace_print_end(FILE *stream, const struct story *story, int64_t time_us, int status, bool json)
{
    if (json) {
        print_end_json(stream, story, time_us, status);
        return;
    }
    print_time(stream, story, time_us);
    if (WIFSIGNALED(status)) {
        const char *description = sigdescr_np(WTERMSIG(status));
        fprintf(stream, "the program was ended by signal %d (%s)\n", WTERMSIG(status),
                description != NULL ? description : "unknown");
    } else {
        fprintf(stream, "the program ended with status %d\n", WEXITSTATUS(status));
    }
}
