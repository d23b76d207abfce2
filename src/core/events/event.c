/* Makes words or JSON of an event; called by the log and the trace. */
#include "core/events/event.h"

#include <errno.h>
#include <string.h>

#include "core/base/error_text.h"
#include "core/base/json_line.h"

/* Of a name so much is told: all that a name in DNS can have (RFC 1035 section 2.3.4), unless much is escaped. */
#define NAME_LENGTH_MAX 253u

const char *event_type_name(enum event_type type)
{
    static const char *const names[EVENT_TYPE_COUNT] = {
#define EVENT(type, name) [EVENT_##type] = (name),
        EVENT_TYPES(EVENT)
#undef EVENT
    };
    return names[type];
}

static bool has_result(const struct event *event)
{
    return event->type == EVENT_ATTEMPT || event->type == EVENT_FAILED || event->type == EVENT_KEPT ||
           event->type == EVENT_SEND;
}

/* --- JSON --- */

static void add_candidates(struct text *text, const struct event *event)
{
    bool list = event->type == EVENT_ANSWER;
    json_line_key(text, list ? "candidates" : "candidate");
    text_add(text, list ? "[" : "");
    for (size_t i = 0; i < event->candidate_count && i < (list ? EVENT_CANDIDATES_MAX : 1); i++) {
        text_add(text, i == 0 ? "\"" : ", \"");
        text_add_address(text, &event->candidates[i]);
        text_add(text, "\"");
    }
    text_add(text, list ? "]" : "");
}

static void add_address(struct text *text, const char *key, const struct ip_address *address)
{
    char printed[ADDRESS_TEXT_SIZE];
    if (address != NULL)
        json_line_string(text, key, address_print(address, printed), ADDRESS_TEXT_SIZE);
}

static void add_result(struct text *text, int result)
{
    bool started = result == -EINPROGRESS;
    json_line_string(text, "result", result == 0 ? "ok" : started ? "started" : "failed", NAME_LENGTH_MAX);
    if (result == 0 || started || result == -EVENT_UNKNOWN_ERROR)
        return;
    const char *name = error_name(-result);
    json_line_string(text, "error", name != NULL ? name : "unknown", NAME_LENGTH_MAX);
}

void event_to_json(const struct event *event, struct text *text)
{
    text_add(text, "{");
    json_line_number(text, "time_us", event->time_us);
    json_line_number(text, "pid", event->pid);
    json_line_string(text, "event", event_type_name(event->type), NAME_LENGTH_MAX);
    if (event->name != NULL)
        json_line_string(text, event->type == EVENT_PROCESS ? "program" : "name", event->name, NAME_LENGTH_MAX);
    if (event->fd != EVENT_NO_FD)
        json_line_number(text, "fd", event->fd);
    if (event->candidate_count > 0)
        add_candidates(text, event);
    if (event->port != 0)
        json_line_number(text, "port", event->port);
    if (has_result(event))
        add_result(text, event->result);
    if (event->type == EVENT_LISTENING || event->type == EVENT_IPV4_ONLY)
        json_line_string(text, "protocol", event->datagram ? "udp" : "tcp", NAME_LENGTH_MAX);
    add_address(text, "seen_as", event->shown);
    add_address(text, "winner", event->winner);
    if (event->type == EVENT_BEHIND)
        json_line_number(text, "seconds", event->seconds);
    if (event->reason != NULL)
        json_line_string(text, "reason", event->reason, NAME_LENGTH_MAX);
    if (event->lost > 0)
        json_line_number(text, "lost", event->lost);
    text_add(text, "}\n");
}

/* --- words --- */

static void add_error(struct text *text, int result)
{
    const char *words = result == -EVENT_UNKNOWN_ERROR ? "failed" : error_words(-result);
    text_add(text, words != NULL ? words : "unknown error");
}

static void add_destination(struct text *text, const struct event *event)
{
    if (event->candidate_count > 0)
        text_add_address(text, &event->candidates[0]);
    if (event->port != 0) {
        text_add(text, " port ");
        text_add_unsigned(text, event->port);
    }
}

static void add_connect(struct text *text, const struct event *event, const char *verb)
{
    text_add(text, verb);
    add_destination(text, event);
    text_add(text, ": ");
    if (event->result == 0)
        text_add(text, "connected");
    else if (event->result == -EINPROGRESS)
        text_add(text, "started");
    else
        add_error(text, event->result);
}

static void add_list(struct text *text, const struct event *event)
{
    text_add_quoted(text, event->name);
    for (size_t i = 0; i < event->candidate_count && i < EVENT_CANDIDATES_MAX; i++) {
        text_add(text, i == 0 ? " has the addresses " : ", ");
        text_add_address(text, &event->candidates[i]);
    }
}

static void add_behind(struct text *text, const struct event *event)
{
    add_destination(text, event);
    text_add(text, " is tried after the others for ");
    text_add_unsigned(text, event->seconds);
    text_add(text, " s yet: it lost to ");
    if (event->winner != NULL)
        text_add_address(text, event->winner);
    text_add(text, " (v6shim history)");
}

static void add_about_socket(struct text *text, const struct event *event, const char *words)
{
    text_add(text, "connection of descriptor ");
    text_add_number(text, event->fd);
    text_add(text, ": ");
    text_add(text, words);
}

void event_to_log(const struct event *event, struct text *text)
{
    switch (event->type) {
    case EVENT_ANSWER:
        add_list(text, event);
        break;
    case EVENT_LATE:
        text_add(text, "no answer on IPv6 addresses in time: going on with IPv4 for ");
        text_add_quoted(text, event->name);
        break;
    case EVENT_ATTEMPT:
        add_connect(text, event, "connect to ");
        break;
    case EVENT_SEND:
        if (event->result != 0) /* one line a datagram would be too many */
            add_connect(text, event, "datagram to ");
        break;
    case EVENT_WON:
        add_about_socket(text, event, "won by ");
        add_destination(text, event);
        break;
    case EVENT_FAILED:
        add_about_socket(text, event, "all candidates failed: ");
        add_error(text, event->result);
        break;
    case EVENT_INTERRUPTED:
        add_about_socket(text, event, "the program stopped waiting; what goes on is ");
        add_destination(text, event);
        break;
    case EVENT_HANDED:
        add_about_socket(text, event, "goes on without the shim to ");
        add_destination(text, event);
        break;
    case EVENT_CANCELLED:
        add_about_socket(text, event, "closed before it was made");
        break;
    case EVENT_ORDER:
        add_about_socket(text, event, "no race could be had, the candidates are tried in turn");
        break;
    case EVENT_BEHIND:
        add_behind(text, event);
        break;
    case EVENT_PROCESS:
    case EVENT_LISTENING: /* preload/upgrade/server_log.c tells these in lines of their own */
    case EVENT_IPV4_ONLY:
    case EVENT_ACCEPTED:
    case EVENT_RECEIVED:
    case EVENT_LOOKUP:
    case EVENT_NO_IPV6:
    case EVENT_SILENT:
    case EVENT_KEPT: /* a warning of its own tells that */
    case EVENT_TYPE_COUNT:
        break;
    }
}
