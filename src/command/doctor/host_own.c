/* Judges the state directory and the settings; called by v6shim doctor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/config_target.h"
#include "command/doctor/host.h"
#include "core/base/error_text.h"
#include "preload/state/state.h"
#include "preload/state/state_place.h"

#define REASON_SIZE 1200 /* a state_fault_describe() with a long path */

/* --- the state directory --- */

static void add_fault(struct findings *findings, const struct state_fault *fault, const char *name)
{
    char reason[REASON_SIZE];
    struct text text = text_on(reason, sizeof reason);
    state_fault_describe(fault, &state_current()->place, name, &text);
    finding_add(findings, FINDING_WRONG, "state", "", "aliases are private to each process: %s", reason);
}

/* Cuts the last part of a path off. */
static void go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == path)
        slash++;
    *slash = '\0';
}

/* It is made where it is first needed, if that can be. */
static void judge_absent(struct findings *findings, const char *path)
{
    char parent[STATE_PATH_SIZE];
    strcpy(parent, path);
    do
        go_up(parent);
    while (access(parent, F_OK) != 0 && errno == ENOENT && strcmp(parent, "/") != 0);
    if (access(parent, W_OK | X_OK) == 0)
        finding_add(findings, FINDING_GOOD, "state", "", "the state directory %s will be made when it is needed",
                    path);
    else
        finding_add(findings, FINDING_WRONG, "state", "make it, mode 0700, or set state-dir",
                    "the state directory %s can't be made: %s: %s", path, parent, error_words(errno));
}

static void judge_files(struct findings *findings)
{
    static const enum state_file_number files[] = {STATE_ALIASES, STATE_NAMES, STATE_MARKS, STATE_HISTORY,
                                                   STATE_PREFIXES};
    bool good = true;
    for (size_t index = 0; index < sizeof files / sizeof files[0]; index++) {
        struct state_format format = state_format(state_current(), files[index]);
        struct state_fault fault = {0};
        struct state_file file;
        if (state_file_open(&file, &state_current()->place, &format, STATE_READ, &fault)) {
            state_file_close(&file);
        } else if (fault.reason != STATE_ABSENT) {
            add_fault(findings, &fault, state_file_name(state_current(), files[index]));
            good = false;
            if (fault.of_key)
                break; /* each file would say the same */
        }
    }
    if (good)
        finding_add(findings, FINDING_GOOD, "state", "", "the state directory is %s", state_current()->place.path);
}

void host_judge_state(struct findings *findings)
{
    const struct state_place *place = &state_current()->place;
    struct state_directory directory;
    struct state_fault fault = {0};
    if (state_directory_open(&directory, place, false, &fault)) {
        state_directory_close(&directory);
        judge_files(findings);
    } else if (fault.reason == STATE_ABSENT) {
        judge_absent(findings, place->path);
    } else {
        add_fault(findings, &fault, "");
    }
}

/* --- settings --- */

#define SETTINGS_MOST 64
#define SECRET        "alias-key" /* what is printed gets into bug reports */

struct reading {
    struct findings *findings;
    struct config_target *target;
    struct settings_sources sources;
    struct told {
        const struct setting *setting;
        char *text; /* of the last place that counts */
        unsigned lines;
    } told[SETTINGS_MOST]; /* in the order in which they were first set */
    size_t count;
};

static const struct program_name *tell_program(void *context)
{
    const struct reading *reading = context;
    return &reading->target->name;
}

static void take_problem(void *context, const struct config_problem *problem)
{
    const struct reading *reading = context;
    const char *remedy = problem->voids_block ? "mend it: nothing below it is in force, up to the next program line"
                                              : "mend it: it is ignored";
    if (problem->line != 0)
        finding_add(reading->findings, FINDING_WRONG, "settings", remedy, "%s:%u:%u: %s", problem->source,
                    problem->line, problem->column, problem->message);
    else
        finding_add(reading->findings, FINDING_WRONG, "settings", remedy, "%s: %s", problem->source,
                    problem->message);
}

/* The last one counts, but for lines that add up. */
static void take_setting(void *context, const struct setting *setting, const struct config_origin *origin)
{
    struct reading *reading = context;
    size_t place = 0;
    while (place < reading->count && reading->told[place].setting != setting)
        place++;
    if (place == SETTINGS_MOST)
        return;
    struct told *told = &reading->told[place];
    reading->count += place == reading->count;
    told->setting = setting;
    told->lines = origin->line != 0 ? told->lines + 1 : 1;
    free(told->text);
    bool secret = strcmp(setting->keyword, SECRET) == 0;
    int length = secret ? 0 : (int)origin->length;
    if ((origin->line != 0 ? asprintf(&told->text, "%.*s%s, of %s:%u", length, origin->value,
                                      secret ? "(not shown)" : "", origin->source, origin->line)
                           : asprintf(&told->text, "%.*s%s, of %s", length, origin->value,
                                      secret ? "(not shown)" : "", origin->source)) < 0)
        told->text = NULL;
}

static void tell_settings(struct reading *reading)
{
    for (size_t place = 0; place < reading->count; place++) {
        struct told *told = &reading->told[place];
        bool adds_up = told->setting->kind == SETTING_PREFIX_MAP || told->setting->kind == SETTING_REDIRECTS;
        if (told->text != NULL && adds_up && told->lines > 1)
            finding_add(reading->findings, FINDING_GOOD, "setting", "", "%s %s, and %u before it",
                        told->setting->keyword, told->text, told->lines - 1);
        else if (told->text != NULL)
            finding_add(reading->findings, FINDING_GOOD, "setting", "", "%s %s", told->setting->keyword, told->text);
        free(told->text);
    }
}

static void judge_file(struct findings *findings, const struct settings_sources *sources,
                       const struct settings_file *file)
{
    if (file->error == 0 && file->fault == NULL)
        finding_add(findings, FINDING_GOOD, "settings", "", "the settings of %s are read", file->path);
    else if (!settings_sources_may_lack(sources, file))
        finding_add(findings, FINDING_WRONG, "settings", "mend it: v6shim config --check tells all",
                    "%s is not read: %s", file->path, file->fault != NULL ? file->fault : error_words(file->error));
}

void host_judge_settings(struct findings *findings, struct config_target *target)
{
    static struct reading reading;
    static struct settings settings;
    const struct config_reader reader = {.settings = &settings,
                                         .program = tell_program,
                                         .report = take_problem,
                                         .taken = take_setting,
                                         .context = &reading};
    settings = (struct settings){0};
    reading.findings = findings;
    reading.target = target;
    config_target_open(&reading.sources, target);
    for (size_t index = 0; index < reading.sources.count; index++)
        judge_file(findings, &reading.sources, &reading.sources.files[index]);
    settings_sources_read(&reading.sources, &target->process, &reader);
    settings_sources_close(&reading.sources);
    if (reading.target->name.executable != NULL)
        tell_settings(&reading);
}
