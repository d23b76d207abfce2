/* Prints events and rows; called by v6shim trace. */
#include "command/trace/print.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "command/common/command.h"

#define US_PER_MS  1000.0
#define MS_SIZE    32
#define WORDS_SIZE 128

/* U+0080 to U+00FF are two bytes in UTF-8, the second of which has the lower six bits. */
#define UTF8_TWO  0xc0
#define UTF8_BITS 6
#define ASCII_DEL 0x7f

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

static void print_shown(FILE *stream, const struct trace_event *event)
{
    if (event->shown[0] == '\0')
        return;
    fputs(", seen as ", stream);
    print_harmless(stream, event->shown);
}

static void print_server(FILE *stream, const struct trace_event *event)
{
    const char *protocol = event->datagram ? "UDP" : "TCP";
    fprintf(stream, "descriptor %d: ", event->fd);
    switch (event->type) {
    case EVENT_LISTENING:
        fprintf(stream, "%s port %u serves IPv6 ([", protocol, event->port);
        print_harmless(stream, event->candidates[0]);
        fprintf(stream, "]:%u)", event->port);
        break;
    case EVENT_IPV4_ONLY:
        fputs("bound to ", stream);
        print_destination(stream, event);
        fprintf(stream, " (%s) with IPv4 only: ", protocol);
        print_harmless(stream, event->reason);
        break;
    default:
        fputs(event->type == EVENT_ACCEPTED ? "connection from " : "datagram from ", stream);
        print_destination(stream, event);
        break;
    }
    print_shown(stream, event);
}

static void print_behind(FILE *stream, const struct trace_event *event)
{
    print_destination(stream, event);
    fprintf(stream, " is tried after the others for %u s yet: it lost to ", event->seconds);
    print_harmless(stream, event->winner);
    fputs(" (v6shim history)", stream);
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
    case EVENT_BEHIND:
        print_behind(stream, event);
        break;
    case EVENT_LISTENING:
    case EVENT_IPV4_ONLY:
    case EVENT_ACCEPTED:
    case EVENT_RECEIVED:
        print_server(stream, event);
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

/* As json-c has it, but in ASCII: what it leaves as UTF-8 (here two bytes, trace_event_read() lets no others pass),
   and DEL, a terminal might obey. */
static void print_object(FILE *stream, json_object *object)
{
    const char *text =
        json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= UTF8_TWO && text[1] != '\0')
            byte = (unsigned char)(byte << UTF8_BITS | ((unsigned char)*++text & ((1 << UTF8_BITS) - 1)));
        if (byte < ASCII_DEL)
            putc(byte, stream);
        else
            fprintf(stream, "\\u%04x", byte);
    }
    putc('\n', stream);
    json_object_put(object);
}

static void add_number(json_object *object, const char *key, int64_t number)
{
    json_object_object_add(object, key, json_object_new_int64(number));
}

static void add_text(json_object *object, const char *key, const char *text)
{
    if (text[0] != '\0')
        json_object_object_add(object, key, json_object_new_string(text));
}

static void add_candidates(json_object *object, const struct trace_event *event)
{
    if (event->type != EVENT_ANSWER) {
        if (event->candidate_count > 0)
            add_text(object, "candidate", event->candidates[0]);
        return;
    }
    json_object *list = json_object_new_array();
    for (size_t i = 0; i < event->candidate_count; i++)
        json_object_array_add(list, json_object_new_string(event->candidates[i]));
    json_object_object_add(object, "candidates", list);
}

/* Made anew of what was read: no key of the line that we don't know gets through. */
void trace_print_json(FILE *stream, const struct story *story, const struct trace_event *event,
                      const struct story_facts *facts)
{
    static const char *const results[] = {
        [TRACE_NO_RESULT] = "", [TRACE_OK] = "ok", [TRACE_STARTED] = "started", [TRACE_FAILED] = "failed"};
    json_object *line = json_object_new_object();
    add_ms(line, "ms", event->time_us - story->start_us);
    add_number(line, "pid", event->pid);
    add_text(line, "event", event_type_name(event->type));
    add_text(line, event->type == EVENT_PROCESS ? "program" : "name", event->name);
    if (event->fd != EVENT_NO_FD)
        add_number(line, "fd", event->fd);
    add_candidates(line, event);
    if (event->port != 0)
        add_number(line, "port", event->port);
    add_text(line, "result", results[event->result]);
    add_text(line, "error", event->error);
    if (event->type == EVENT_LISTENING || event->type == EVENT_IPV4_ONLY)
        add_text(line, "protocol", event->datagram ? "udp" : "tcp");
    add_text(line, "seen_as", event->shown);
    add_text(line, "winner", event->winner);
    if (event->type == EVENT_BEHIND)
        add_number(line, "seconds", event->seconds);
    add_text(line, "reason", event->reason);
    if (event->lost > 0)
        add_number(line, "lost", event->lost);
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
        fprintf(stream, "the program was ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        fprintf(stream, "the program ended with status %d\n", WEXITSTATUS(status));
    }
}
