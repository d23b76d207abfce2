/* Prints reports as JSON and reads them back; called by v6shim check and by its workers. */
#include "config.h"

#include "check/report/json.h"

#include <stdlib.h>
#include <string.h>

#include "command/common/command.h"

json_object *json_text(const char *text)
{
    size_t size = strlen(text), used = 0;
    char *clean = malloc(2 * size + 1);
    if (clean == NULL)
        return NULL;
    for (const char *at = text; *at != '\0';) {
        size_t length = character_length(at);
        if (length == 0) { /* as if it were Latin-1 */
            unsigned char byte = (unsigned char)*at++;
            clean[used++] = (char)(0xc0 | byte >> 6);
            clean[used++] = (char)(0x80 | (byte & 0x3f));
            continue;
        }
        memcpy(clean + used, at, length);
        used += length;
        at += length;
    }
    json_object *object = json_object_new_string_len(clean, (int)used);
    free(clean);
    return object;
}

static void add_text(json_object *object, const char *key, const char *text)
{
    if (text != NULL)
        json_object_object_add(object, key, json_text(text));
}

static void add_evidence(json_object *object, const struct evidence *evidence)
{
    add_text(object, "symbol", evidence->symbol);
    add_text(object, "version", evidence->version);
    add_text(object, "object", evidence->object);
    add_text(object, "via", evidence->via);
    add_text(object, "function", evidence->function);
    add_text(object, "file", evidence->file);
    if (evidence->line > 0)
        json_object_object_add(object, "line", json_object_new_int64(evidence->line));
    if (evidence->address > 0)
        json_object_object_add(object, "address", json_object_new_int64((int64_t)evidence->address));
    add_text(object, "detail", evidence->detail);
}

static json_object *gap_to_json(const struct report_gap *gap)
{
    const struct gap *entry = gap_get(gap->number);
    json_object *object = json_object_new_object(), *list = json_object_new_array();
    add_text(object, "id", entry->id);
    add_text(object, "severity", gap_severity_name(gap->severity));
    json_object_object_add(object, "covered", json_object_new_boolean(gap->covered));
    if (gap->known)
        json_object_object_add(object, "known", json_object_new_boolean(true));
    add_text(object, "ignored", gap->ignored);
    add_text(object, "title", entry->title);
    add_text(object, "replacement", entry->replacement);
    add_text(object, "reference", entry->reference);
    json_object_object_add(object, "count", json_object_new_int64(gap->count));
    for (const struct evidence *evidence = gap->evidence; evidence != NULL; evidence = evidence->next) {
        json_object *place = json_object_new_object();
        add_evidence(place, evidence);
        json_object_array_add(list, place);
    }
    json_object_object_add(object, "evidence", list);
    return object;
}

static void add_list(json_object *object, const char *key, const struct report_text *text)
{
    json_object *list = json_object_new_array();
    for (; text != NULL; text = text->next)
        json_object_array_add(list, json_text(text->text));
    json_object_object_add(object, key, list);
}

static void add_addresses(json_object *object, const struct report_address *address)
{
    json_object *list = json_object_new_array();
    for (; address != NULL; address = address->next) {
        json_object *entry = json_object_new_object();
        add_text(entry, "ip", address->address);
        json_object_object_add(entry, "port", json_object_new_int(address->port));
        add_text(entry, "origin", address->origin);
        add_text(entry, "by", address->by);
        add_text(entry, "name", address->name);
        add_evidence(entry, &address->place);
        json_object_array_add(list, entry);
    }
    json_object_object_add(object, "addresses", list);
}

json_object *report_list_to_json(bool complete, json_object **programs)
{
    json_object *top = json_object_new_object();
    *programs = json_object_new_array();
    json_object_object_add(top, "schema", json_object_new_int(CHECK_JSON_SCHEMA));
    json_object_object_add(top, "version", json_object_new_string(PACKAGE_VERSION));
    json_object_object_add(top, "complete", json_object_new_boolean(complete));
    json_object_object_add(top, "programs", *programs);
    return top;
}

json_object *report_to_json(const struct report *report)
{
    json_object *object = json_object_new_object();
    if (object == NULL)
        return NULL;
    add_text(object, "path", report->path);
    add_text(object, "package", report->package);
    add_text(object, "package_version", report->package_version);
    add_text(object, "ignored", report->ignored);
    if (report->error != NULL)
        add_text(object, "error", report->error);
    else if (report->skipped)
        json_object_object_add(object, "skipped", json_object_new_boolean(true));
    else
        add_text(object, "verdict", verdict_name(report->verdict));
    add_text(object, "reason", report->reason);
    add_text(object, "kind", report->kind);
    add_text(object, "machine", report->machine);
    if (report->bits != 0)
        json_object_object_add(object, "bits", json_object_new_int(report->bits));
    add_text(object, "interpreter", report->interpreter);
    json_object *gaps = json_object_new_array(), *credits = json_object_new_array();
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        json_object_array_add(gaps, gap_to_json(gap));
    for (const struct report_credit *credit = report->credits; credit != NULL; credit = credit->next) {
        json_object *entry = json_object_new_object();
        add_text(entry, "text", credit->text);
        add_evidence(entry, &credit->evidence);
        json_object_array_add(credits, entry);
    }
    json_object_object_add(object, "gaps", gaps);
    json_object_object_add(object, "credits", credits);
    if (report->observed)
        add_addresses(object, report->addresses);
    add_list(object, "notes", report->notes);
    add_list(object, "missing", report->missing);
    return object;
}

static const char *get_text(json_object *object, const char *key)
{
    json_object *member;
    return json_object_object_get_ex(object, key, &member) ? json_object_get_string(member) : NULL;
}

static int64_t get_number(json_object *object, const char *key)
{
    json_object *member;
    return json_object_object_get_ex(object, key, &member) ? json_object_get_int64(member) : 0;
}

static struct evidence get_evidence(json_object *object)
{
    return (struct evidence){
        .symbol = get_text(object, "symbol"),
        .version = get_text(object, "version"),
        .object = get_text(object, "object"),
        .via = get_text(object, "via"),
        .function = get_text(object, "function"),
        .file = get_text(object, "file"),
        .line = (unsigned)get_number(object, "line"),
        .address = (uint64_t)get_number(object, "address"),
        .detail = get_text(object, "detail"),
    };
}

static json_object *get_list(json_object *object, const char *key, size_t *count)
{
    json_object *list = NULL;
    bool found = json_object_object_get_ex(object, key, &list) && json_object_is_type(list, json_type_array);
    *count = found ? json_object_array_length(list) : 0;
    return list;
}

static void get_gap(struct report *report, json_object *object)
{
    const char *id = get_text(object, "id"), *severity = get_text(object, "severity");
    enum gap_number number = id == NULL ? GAP_COUNT : gap_find(id);
    if (number == GAP_COUNT)
        return;
    size_t count;
    json_object *list = get_list(object, "evidence", &count);
    struct report_gap *gap = NULL;
    for (size_t index = 0; index < count; index++) {
        struct evidence evidence = get_evidence(json_object_array_get_idx(list, index));
        gap = report_add_gap(report, number, &evidence);
    }
    if (gap == NULL)
        return;
    json_object *covered;
    gap->covered = json_object_object_get_ex(object, "covered", &covered) && json_object_get_boolean(covered);
    gap->count = (unsigned)get_number(object, "count");
    if (severity != NULL)
        gap_severity_parse(severity, &gap->severity);
}

struct report *report_from_json(json_object *object)
{
    const char *path = get_text(object, "path"), *verdict = get_text(object, "verdict");
    struct report *report = path == NULL ? NULL : report_new(path);
    if (report == NULL)
        return NULL;
    report->package = report_copy(report, get_text(object, "package"));
    report->package_version = report_copy(report, get_text(object, "package_version"));
    report->error = report_copy(report, get_text(object, "error"));
    report->skipped = get_text(object, "skipped") != NULL;
    report->verdict = verdict == NULL ? VERDICT_UNKNOWN : verdict_parse(verdict);
    if (report->verdict == VERDICT_COUNT)
        report->verdict = VERDICT_UNKNOWN;
    report->reason = report_copy(report, get_text(object, "reason"));
    report->kind = report_copy(report, get_text(object, "kind"));
    report->machine = report_copy(report, get_text(object, "machine"));
    report->bits = (int)get_number(object, "bits");
    report->interpreter = report_copy(report, get_text(object, "interpreter"));
    size_t count;
    json_object *list = get_list(object, "gaps", &count);
    for (size_t index = 0; index < count; index++)
        get_gap(report, json_object_array_get_idx(list, index));
    list = get_list(object, "credits", &count);
    for (size_t index = 0; index < count; index++) {
        json_object *entry = json_object_array_get_idx(list, index);
        struct evidence evidence = get_evidence(entry);
        const char *text = get_text(entry, "text");
        report_add_credit(report, text == NULL ? "" : text, &evidence);
    }
    list = get_list(object, "notes", &count);
    for (size_t index = 0; index < count; index++)
        report_add_note(report, json_object_get_string(json_object_array_get_idx(list, index)));
    list = get_list(object, "missing", &count);
    for (size_t index = 0; index < count; index++)
        report_add_missing(report, json_object_get_string(json_object_array_get_idx(list, index)));
    report_sort(report);
    return report;
}
