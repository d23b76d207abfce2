/* Reads one event of the trace; called by v6shim trace for each line. */
#include "command/trace/event.h"

#include <stdio.h>
#include <string.h>

#include "command/common/line_field.h"
#include "core/base/error_text.h"

#define LAST_ERROR_NUMBER 255

/* U+0001 to U+00FF, in good UTF-8: the library tells each byte of a name as one of these. */
static bool is_latin(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];
        if (byte < 0x80)
            continue;
        if ((byte != 0xc2 && byte != 0xc3) || (next & 0xc0) != 0x80)
            return false;
        text++;
    }
    return true;
}

/* Copies a string; `text` is empty where there is none. */
static bool read_text(json_object *object, const char *key, char *text, size_t size)
{
    const char *found;
    if (!line_field_text(object, key, size - 1, &found) || (found != NULL && !is_latin(found)))
        return false;
    strcpy(text, found != NULL ? found : "");
    return true;
}

static bool find_type(const char *name, enum event_type *type)
{
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        *type = (enum event_type)i;
        if (strcmp(event_type_name(*type), name) == 0)
            return true;
    }
    return false;
}

static bool find_result(const char *name, enum trace_result *result)
{
    *result = strcmp(name, "ok") == 0        ? TRACE_OK
              : strcmp(name, "started") == 0 ? TRACE_STARTED
              : strcmp(name, "failed") == 0  ? TRACE_FAILED
                                             : TRACE_NO_RESULT;
    return *result != TRACE_NO_RESULT || name[0] == '\0';
}

/* The name of an error is a word of capital letters. */
static bool read_result(json_object *object, struct trace_event *event)
{
    char word[TRACE_ERROR_SIZE];
    return read_text(object, "result", word, sizeof word) && find_result(word, &event->result) &&
           read_text(object, "error", event->error, sizeof event->error) &&
           (strcmp(event->error, "unknown") == 0 ||
            event->error[strspn(event->error, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")] == '\0');
}

static bool copy_address(char address[ADDRESS_TEXT_SIZE], const char *text)
{
    if (strlen(text) >= ADDRESS_TEXT_SIZE || text[strspn(text, "0123456789abcdef:.%")] != '\0')
        return false;
    strcpy(address, text);
    return true;
}

/* Stays empty where there is none. */
static bool read_address(json_object *object, const char *key, char address[ADDRESS_TEXT_SIZE])
{
    const char *text;
    return line_field_text(object, key, ADDRESS_TEXT_SIZE - 1, &text) &&
           (text == NULL || copy_address(address, text));
}

static bool add_candidate(struct trace_event *event, const char *text)
{
    return copy_address(event->candidates[event->candidate_count++], text);
}

static bool read_candidates(json_object *object, struct trace_event *event)
{
    json_object *list;
    const char *one;
    if (!line_field_text(object, "candidate", ADDRESS_TEXT_SIZE - 1, &one) ||
        (one != NULL && !add_candidate(event, one)))
        return false;
    if (one != NULL || !json_object_object_get_ex(object, "candidates", &list))
        return true;
    if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) > EVENT_CANDIDATES_MAX)
        return false;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *text = json_object_array_get_idx(list, i);
        if (!json_object_is_type(text, json_type_string) || !add_candidate(event, json_object_get_string(text)))
            return false;
    }
    return true;
}

static bool read_numbers(json_object *object, struct trace_event *event)
{
    int64_t fd, port, lost, seconds;
    bool good = line_field_number(object, "time_us", 0, TRACE_TIME_MAX_US, -1, &event->time_us) &&
                line_field_number(object, "pid", LINE_PID_MIN, INT32_MAX, -1, &event->pid) &&
                line_field_number(object, "fd", 0, INT32_MAX, EVENT_NO_FD, &fd) &&
                line_field_number(object, "port", 0, UINT16_MAX, 0, &port) &&
                line_field_number(object, "seconds", 0, INT32_MAX, 0, &seconds) &&
                line_field_number(object, "lost", 0, INT32_MAX, 0, &lost);
    event->fd = good ? (int)fd : EVENT_NO_FD;
    event->port = good ? (unsigned)port : 0;
    event->lost = good ? (unsigned)lost : 0;
    event->seconds = good ? (unsigned)seconds : 0;
    return good && event->time_us >= 0 && event->pid >= 0;
}

/* What the events of servers and of the history have besides. */
static bool read_rest(json_object *object, struct trace_event *event)
{
    char protocol[TRACE_ERROR_SIZE];
    bool good = read_text(object, "protocol", protocol, sizeof protocol) &&
                read_address(object, "seen_as", event->shown) && read_address(object, "winner", event->winner) &&
                read_text(object, "reason", event->reason, sizeof event->reason);
    event->datagram = good && strcmp(protocol, "udp") == 0;
    return good && (event->datagram || protocol[0] == '\0' || strcmp(protocol, "tcp") == 0);
}

bool trace_event_read(json_object *object, struct trace_event *event)
{
    char word[TRACE_ERROR_SIZE];
    memset(event, 0, sizeof *event);
    return read_numbers(object, event) && read_text(object, "event", word, sizeof word) &&
           find_type(word, &event->type) && read_result(object, event) &&
           read_text(object, event->type == EVENT_PROCESS ? "program" : "name", event->name, sizeof event->name) &&
           read_candidates(object, event) && read_rest(object, event);
}

const char *trace_error_words(const char *error, char *words, size_t size)
{
    snprintf(words, size, "%s", error);
    for (int number = 1; number <= LAST_ERROR_NUMBER; number++) {
        const char *name = error_name(number);
        if (name != NULL && strcmp(name, error) == 0)
            snprintf(words, size, "%s (%s)", error_words(number), name);
    }
    return words;
}
