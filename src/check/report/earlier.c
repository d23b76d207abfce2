/* Compares reports with those of an earlier check; called by check/check.c and the printers in this folder. */
#include "check/report/earlier.h"

#include <stdlib.h>
#include <string.h>

#include "check/report/json.h"

static int compare_reports(const void *left, const void *right)
{
    return strcmp((*(struct report *const *)left)->path, (*(struct report *const *)right)->path);
}

const char *earlier_read(struct earlier *earlier, const char *file)
{
    *earlier = (struct earlier){.name = file};
    json_object *top = json_object_from_file(file), *programs, *schema;
    if (top == NULL)
        return json_util_get_last_err() != NULL ? json_util_get_last_err() : "it is not JSON";
    const char *problem = NULL;
    if (!json_object_object_get_ex(top, "programs", &programs) || !json_object_is_type(programs, json_type_array) ||
        !json_object_object_get_ex(top, "schema", &schema))
        problem = "it is not what v6shim check --format=json prints";
    else if (json_object_get_int(schema) != CHECK_JSON_SCHEMA)
        problem = "it is of another version of v6shim, whose reports mean something else";
    size_t count = problem == NULL ? json_object_array_length(programs) : 0;
    earlier->reports = calloc(count + 1, sizeof(struct report *));
    for (size_t index = 0; earlier->reports != NULL && index < count; index++) {
        struct report *report = report_from_json(json_object_array_get_idx(programs, index));
        if (report != NULL)
            earlier->reports[earlier->count++] = report;
    }
    json_object_put(top);
    if (earlier->count > 0)
        qsort(earlier->reports, earlier->count, sizeof(struct report *), compare_reports);
    return problem;
}

void earlier_free(struct earlier *earlier)
{
    for (size_t index = 0; index < earlier->count; index++)
        report_free(earlier->reports[index]);
    free(earlier->reports);
    *earlier = (struct earlier){0};
}

/* The report on that program, or NULL. A path is compared as JSON has it. */
static struct report *find(const struct earlier *earlier, const char *path)
{
    json_object *text = json_text(path);
    struct report wanted = {.path = text == NULL ? path : json_object_get_string(text)}, *key = &wanted;
    struct report **found = earlier->count == 0 ? NULL
                                                : bsearch(&key, earlier->reports, earlier->count,
                                                          sizeof(struct report *), compare_reports);
    json_object_put(text);
    return found == NULL ? NULL : *found;
}

void earlier_mark(const struct earlier *earlier, struct report *const *reports, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        const struct report *was = reports[index] == NULL ? NULL : find(earlier, reports[index]->path);
        for (struct report_gap *gap = was == NULL ? NULL : reports[index]->gaps; gap != NULL; gap = gap->next) {
            const struct report_gap *old = report_find_gap(was, gap->number);
            gap->known = old != NULL && gap->count <= old->count && gap->severity <= old->severity &&
                         (gap->covered || !old->covered);
        }
    }
}

/* --- changes --- */

/* How much there is to do, by the verdict. */
static int rank(const struct report *report)
{
    static const int ranks[VERDICT_COUNT] = {[VERDICT_SHIM] = 1, [VERDICT_PARTLY] = 2, [VERDICT_OUT_OF_REACH] = 3};
    return report_is_open(report) ? 4 : report->skipped ? 0 : ranks[report->verdict];
}

/* An error or warning of one report that the other has not. */
static bool is_only_here(const struct report_gap *gap, const struct report *other)
{
    const struct report_gap *twin = report_find_gap(other, gap->number);
    return gap->severity >= GAP_WARNING && (twin == NULL || twin->severity < GAP_WARNING);
}

static unsigned count_only_here(const struct report *report, const struct report *other)
{
    unsigned count = 0;
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        count += is_only_here(gap, other);
    return count;
}

/* Whether it changed, and how. */
static bool compare(const struct report *was, const struct report *is, enum change_kind *kind)
{
    int worse = rank(is) - rank(was);
    unsigned more = count_only_here(is, was), fewer = count_only_here(was, is);
    if (worse == 0)
        worse = more > 0 ? 1 : fewer > 0 ? -1 : 0; /* another gap is to be looked at, whatever else went */
    *kind = worse > 0 ? CHANGE_WORSE : CHANGE_BETTER;
    return worse != 0;
}

static int compare_changes(const void *left, const void *right)
{
    const struct change *one = left, *other = right;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    return strcmp((one->is != NULL ? one->is : one->was)->path, (other->is != NULL ? other->is : other->was)->path);
}

struct changes changes_find(const struct earlier *earlier, struct report *const *reports, size_t count)
{
    struct changes changes = {.since = earlier->name};
    bool *seen = calloc(earlier->count + 1, sizeof *seen);
    changes.list = calloc(earlier->count + count + 1, sizeof *changes.list);
    if (seen == NULL || changes.list == NULL)
        abort();
    for (size_t index = 0; index < count; index++) {
        struct change change = {.is = reports[index]};
        if (change.is == NULL || (change.was = find(earlier, change.is->path)) == NULL) {
            change.kind = CHANGE_NEW;
            if (change.is != NULL && rank(change.is) > 0)
                changes.list[changes.count++] = change;
            continue;
        }
        for (size_t old = 0; old < earlier->count; old++)
            seen[old] = seen[old] || earlier->reports[old] == change.was;
        if (compare(change.was, change.is, &change.kind))
            changes.list[changes.count++] = change;
    }
    for (size_t old = 0; old < earlier->count; old++)
        if (!seen[old])
            changes.list[changes.count++] = (struct change){.kind = CHANGE_GONE, .was = earlier->reports[old]};
    free(seen);
    qsort(changes.list, changes.count, sizeof *changes.list, compare_changes);
    return changes;
}

const char *change_name(enum change_kind kind)
{
    static const char *const names[] = {
        [CHANGE_WORSE] = "worse", [CHANGE_NEW] = "new", [CHANGE_BETTER] = "better", [CHANGE_GONE] = "gone"};
    return names[kind];
}

static const char *state_of(const struct report *report)
{
    return report->error != NULL ? "could not be checked"
           : report->skipped     ? "no program"
                                 : verdict_title(report->verdict);
}

static void describe_gaps(FILE *stream, const char *word, const struct report *report, const struct report *other)
{
    unsigned named = 0;
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        if (is_only_here(gap, other))
            fprintf(stream, "%s[%s]", named++ > 0 ? ", " : word, gap_get(gap->number)->id);
}

void change_describe(FILE *stream, const struct change *change)
{
    const struct report *was = change->was, *is = change->is;
    if (was == NULL || is == NULL) {
        fputs(state_of(is != NULL ? is : was), stream);
        return;
    }
    if (rank(was) != rank(is))
        fprintf(stream, "%s -> %s", state_of(was), state_of(is));
    else
        fputs(state_of(is), stream);
    describe_gaps(stream, "; more: ", is, was);
    describe_gaps(stream, "; no longer: ", was, is);
}

static void add_gaps(json_object *object, const char *key, const struct report *report, const struct report *other)
{
    json_object *list = json_object_new_array();
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        if (is_only_here(gap, other))
            json_object_array_add(list, json_text(gap_get(gap->number)->id));
    json_object_object_add(object, key, list);
}

static void add_state(json_object *object, const char *key, const struct report *report)
{
    const char *word = report == NULL          ? NULL
                       : report->error != NULL ? "error"
                       : report->skipped       ? "skipped"
                                               : verdict_name(report->verdict);
    if (word != NULL)
        json_object_object_add(object, key, json_text(word));
}

json_object *changes_to_json(const struct changes *changes)
{
    json_object *list = json_object_new_array();
    for (size_t index = 0; index < changes->count; index++) {
        const struct change *change = &changes->list[index];
        json_object *object = json_object_new_object();
        json_object_object_add(object, "path", json_text((change->is != NULL ? change->is : change->was)->path));
        json_object_object_add(object, "change", json_text(change_name(change->kind)));
        add_state(object, "was", change->was);
        add_state(object, "is", change->is);
        if (change->was != NULL && change->is != NULL) {
            add_gaps(object, "more", change->is, change->was);
            add_gaps(object, "fewer", change->was, change->is);
        }
        json_object_array_add(list, object);
    }
    return list;
}
