#include "cli/trace_event.h"

#include <stdio.h>
#include <string.h>

#define LAST_ERROR_NUMBER 255

static int64_t integer_of(json_object *object, const char *key, int64_t otherwise)
{
    json_object *value;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : otherwise;
}

static void string_of(json_object *object, const char *key, char *text, size_t size)
{
    json_object *value;
    if (json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_string))
        snprintf(text, size, "%s", json_object_get_string(value));
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

static enum trace_result find_result(const char *name)
{
    return strcmp(name, "ok") == 0        ? TRACE_OK
           : strcmp(name, "started") == 0 ? TRACE_STARTED
           : strcmp(name, "failed") == 0  ? TRACE_FAILED
                                          : TRACE_NO_RESULT;
}

static void read_candidates(json_object *object, struct trace_event *event)
{
    json_object *list;
    if (!json_object_object_get_ex(object, "candidates", &list) || !json_object_is_type(list, json_type_array)) {
        string_of(object, "candidate", event->candidates[0], ADDRESS_TEXT_SIZE);
        event->candidate_count = event->candidates[0][0] != '\0';
        return;
    }
    for (size_t i = 0; i < json_object_array_length(list) && i < EVENT_CANDIDATES_MAX; i++) {
        const char *text = json_object_get_string(json_object_array_get_idx(list, i));
        snprintf(event->candidates[event->candidate_count++], ADDRESS_TEXT_SIZE, "%s", text != NULL ? text : "");
    }
}

bool trace_event_read(json_object *object, struct trace_event *event)
{
    char word[TRACE_ERROR_SIZE] = "";
    *event = (struct trace_event){.fd = (int)integer_of(object, "fd", EVENT_NO_FD),
                                  .time_us = integer_of(object, "time_us", -1),
                                  .pid = integer_of(object, "pid", 0),
                                  .port = (unsigned)integer_of(object, "port", 0),
                                  .lost = (unsigned)integer_of(object, "lost", 0)};
    string_of(object, "event", word, sizeof word);
    if (!find_type(word, &event->type) || event->time_us < 0)
        return false;
    word[0] = '\0';
    string_of(object, "result", word, sizeof word);
    event->result = find_result(word);
    string_of(object, "error", event->error, sizeof event->error);
    string_of(object, event->type == EVENT_PROCESS ? "program" : "name", event->name, sizeof event->name);
    read_candidates(object, event);
    return true;
}

const char *trace_error_words(const char *error, char *words, size_t size)
{
    snprintf(words, size, "%s", error);
    for (int number = 1; number <= LAST_ERROR_NUMBER; number++) {
        const char *name = strerrorname_np(number);
        if (name != NULL && strcmp(name, error) == 0)
            snprintf(words, size, "%s (%s)", strerrordesc_np(number), name);
    }
    return words;
}
