/* Prints reports as SARIF 2.1.0, the form that code hosts and audit tools read; called by check/report/format.c. The
   numbers in comments are sections of the standard (OASIS, Static Analysis Results Interchange Format 2.1.0). */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "check/report/format.h"
#include "check/report/json.h"
#include "check/report/print.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static void add(json_object *object, const char *key, json_object *value)
{
    json_object_object_add(object, key, value);
}

static void add_text(json_object *object, const char *key, const char *text)
{
    add(object, key, json_text(text));
}

/* A message (3.11), or a multiformatMessageString (3.12). */
static void add_message(json_object *object, const char *key, const char *text)
{
    json_object *message = json_object_new_object();
    add_text(message, "text", text);
    add(object, key, message);
}

/* 3.4.3: a file's URI, each byte but the plainest as %XX; relative to where the check was started if the path is. */
static json_object *new_uri(const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    char *uri = NULL;
    size_t size;
    FILE *memory = open_memstream(&uri, &size);
    if (memory == NULL)
        abort();
    if (*path == '/')
        fputs("file://", memory);
    for (; *path != '\0'; path++)
        if (strchr(plain, *path) != NULL)
            putc(*path, memory);
        else
            fprintf(memory, "%%%02X", (unsigned char)*path);
    json_object *object = json_object_new_string(fclose(memory) == 0 ? uri : "");
    free(uri);
    return object;
}

static json_object *new_artifact_location(const struct report *report, size_t index)
{
    json_object *location = json_object_new_object();
    add(location, "uri", new_uri(report->path));
    add(location, "index", json_object_new_int64((int64_t)index));
    return location;
}

/* 3.49: what keeps programs from IPv6 in general. */
static json_object *new_rule(enum gap_number number)
{
    const struct gap *gap = gap_get(number);
    json_object *rule = json_object_new_object(), *configuration = json_object_new_object();
    char help[1024];
    snprintf(help, sizeof help, "Instead: %s (%s)", gap->replacement, gap->reference);
    add_text(rule, "id", gap->id);
    add_message(rule, "shortDescription", gap->title);
    add_message(rule, "fullDescription", gap->problem);
    add_message(rule, "help", help);
    add_text(configuration, "level", gap_severity_name(gap->severity));
    add(rule, "defaultConfiguration", configuration);
    return rule;
}

static json_object *new_tool(void)
{
    json_object *tool = json_object_new_object(), *driver = json_object_new_object(),
                *rules = json_object_new_array();
    for (unsigned number = 0; number < GAP_COUNT; number++)
        json_object_array_add(rules, new_rule((enum gap_number)number));
    add_text(driver, "name", "v6shim check");
    add_text(driver, "version", PACKAGE_VERSION);
    add(driver, "rules", rules);
    add(tool, "driver", driver);
    return tool;
}

/* 3.28: a place in a program; of a script its line, else the call's address and the function. */
static json_object *new_location(const struct report *report, size_t artifact, const struct evidence *evidence)
{
    json_object *location = json_object_new_object(), *physical = json_object_new_object();
    add(physical, "artifactLocation", new_artifact_location(report, artifact));
    if (evidence != NULL && evidence->line > 0 && evidence->file == NULL) {
        json_object *region = json_object_new_object();
        add(region, "startLine", json_object_new_int64(evidence->line));
        add(physical, "region", region);
    } else if (evidence != NULL && evidence->address > 0) {
        json_object *address = json_object_new_object();
        add(address, "absoluteAddress", json_object_new_int64((int64_t)evidence->address));
        add_text(address, "kind", "instruction");
        add(physical, "address", address);
    }
    add(location, "physicalLocation", physical);
    if (evidence == NULL)
        return location;
    if (evidence->function != NULL) {
        json_object *logical = json_object_new_object(), *list = json_object_new_array();
        add_text(logical, "name", evidence->function);
        add_text(logical, "kind", "function");
        json_object_array_add(list, logical);
        add(location, "logicalLocations", list);
    }
    char *words = evidence_words(evidence);
    if (words != NULL)
        add_message(location, "message", words);
    free(words);
    return location;
}

/* 3.35: somebody's reason. */
static json_object *new_suppressions(const char *reason)
{
    json_object *list = json_object_new_array(), *suppression = json_object_new_object();
    add_text(suppression, "kind", "external");
    add_text(suppression, "justification", reason);
    json_object_array_add(list, suppression);
    return list;
}

/* 3.27 */
static json_object *new_result(const struct report *report, size_t artifact, const struct report_gap *gap,
                               bool has_baseline)
{
    const struct gap *entry = gap_get(gap->number);
    json_object *result = json_object_new_object(), *locations = json_object_new_array();
    json_object *properties = json_object_new_object();
    char message[512];
    snprintf(message, sizeof message, "%s%s. %s", entry->title, gap->covered ? ", covered by the shim" : "",
             entry->problem);
    add_text(result, "ruleId", entry->id);
    add(result, "ruleIndex", json_object_new_int(gap->number));
    add_text(result, "level", gap_severity_name(gap->severity));
    add_message(result, "message", message);
    for (const struct evidence *evidence = gap->evidence; evidence != NULL; evidence = evidence->next)
        json_object_array_add(locations, new_location(report, artifact, evidence));
    add(result, "locations", locations);
    if (has_baseline) /* 3.27.24 */
        add_text(result, "baselineState", gap->known ? "unchanged" : "new");
    if (gap->ignored != NULL)
        add(result, "suppressions", new_suppressions(gap->ignored));
    add(properties, "covered", json_object_new_boolean(gap->covered));
    add(properties, "count", json_object_new_int64(gap->count));
    add_text(properties, "verdict", verdict_name(report->verdict));
    add(result, "properties", properties);
    return result;
}

/* 3.24: each program, with its verdict, also where there is no result. */
static json_object *new_artifact(const struct report *report)
{
    json_object *artifact = json_object_new_object(), *location = json_object_new_object();
    json_object *roles = json_object_new_array(), *properties = json_object_new_object();
    add(location, "uri", new_uri(report->path));
    add(artifact, "location", location);
    json_object_array_add(roles, json_object_new_string("analysisTarget"));
    add(artifact, "roles", roles);
    if (report->error == NULL && !report->skipped)
        add_text(properties, "verdict", verdict_name(report->verdict));
    if (report->reason != NULL)
        add_text(properties, "reason", report->reason);
    if (report->package != NULL)
        add_text(properties, "package", report->package);
    if (report->package_version != NULL)
        add_text(properties, "package_version", report->package_version);
    add(artifact, "properties", properties);
    return artifact;
}

/* 3.58: what could not be checked. */
static json_object *new_notification(const struct report *report, size_t artifact)
{
    json_object *notification = json_object_new_object(), *locations = json_object_new_array();
    char message[512];
    snprintf(message, sizeof message, "could not be checked: %s",
             report->error != NULL    ? report->error
             : report->reason != NULL ? report->reason
                                      : "");
    add_text(notification, "level", report->error != NULL ? "error" : "note");
    add_message(notification, "message", message);
    json_object_array_add(locations, new_location(report, artifact, NULL));
    add(notification, "locations", locations);
    return notification;
}

void sarif_print(FILE *stream, const struct check_findings *findings)
{
    json_object *top = json_object_new_object(), *runs = json_object_new_array(), *run = json_object_new_object();
    json_object *results = json_object_new_array(), *artifacts = json_object_new_array();
    json_object *invocation = json_object_new_object(), *invocations = json_object_new_array();
    json_object *notifications = json_object_new_array();
    size_t artifact = 0;
    for (size_t index = 0; index < findings->count; index++) {
        const struct report *report = findings->reports[index];
        if (report == NULL)
            continue;
        json_object_array_add(artifacts, new_artifact(report));
        if (report->error != NULL || report->skipped)
            json_object_array_add(notifications, new_notification(report, artifact));
        for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
            json_object_array_add(results, new_result(report, artifact, gap, findings->has_baseline));
        artifact++;
    }
    add_text(top, "$schema", SCHEMA);
    add_text(top, "version", "2.1.0");
    add(run, "tool", new_tool());
    add(invocation, "executionSuccessful", json_object_new_boolean(findings->complete));
    add(invocation, "toolExecutionNotifications", notifications);
    json_object_array_add(invocations, invocation);
    add(run, "invocations", invocations);
    add(run, "artifacts", artifacts);
    add(run, "results", results);
    json_object_array_add(runs, run);
    add(top, "runs", runs);
    format_print_json(stream, top);
    json_object_put(top);
}
