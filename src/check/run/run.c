/* Runs a program and checks it by what it does: v6shim check --run; called by check/check.c. */
#include "check/run/run.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/file/file.h"
#include "check/report/fit.h"
#include "check/report/json.h"
#include "check/report/print.h"
#include "check/run/gaps.h"
#include "command/common/command.h"
#include "command/common/launch.h"
#include "command/common/preload.h"
#include "command/common/program.h"
#include "command/common/watch.h"
#include "preload/base/clock.h"

#define NAME            "check"
#define EXPECT_MS       2000
#define EXPECT_STEP_MS  20
#define DETAILS_MAXIMUM 10 /* programs that are shown with all they did, unasked */

enum check_status { STATUS_NO_GAP, STATUS_GAPS, STATUS_NOT_CHECKED };

struct session {
    const struct check_run *run;
    const char *path; /* of the program */
    FILE *output;
    json_tokener *tokener;
    struct watch watch;
    struct run_programs programs;
    bool left; /* processes run on */
    struct report **reports;
    size_t count;
};

/* --- running --- */

static void take_line(const char *text, size_t length, void *context)
{
    struct session *session = context;
    struct run_line *line = run_line_read(session->tokener, text, length);
    if (line != NULL)
        run_programs_take(&session->programs, line);
}

/* Children whose parents have ended may not have introduced themselves yet; or there is none, since fork() failed. */
static enum watch_end expect_children(struct session *session)
{
    enum watch_end end = WATCH_OVER;
    for (int waited_ms = 0; waited_ms < EXPECT_MS && end == WATCH_OVER; waited_ms += EXPECT_STEP_MS) {
        if (session->programs.expected == 0 || session->programs.alive_count > 0)
            return WATCH_READABLE;
        end = watch_linger(&session->watch, NULL, 0, EXPECT_STEP_MS);
    }
    session->programs.expected = 0;
    return end == WATCH_OVER ? WATCH_READABLE : end;
}

/* Daemons: the program has ended, and what it left behind is heard for some time. */
static void follow_others(struct session *session)
{
    struct run_programs *programs = &session->programs;
    const int wait_ms = session->run->wait_ms;
    int64_t end_ms = clock_now_ms() + wait_ms;
    enum watch_end end = wait_ms == 0 ? WATCH_OVER : WATCH_READABLE;
    run_programs_sweep(programs);
    while (end == WATCH_READABLE && (programs->alive_count > 0 || programs->expected > 0)) {
        int64_t left_ms = wait_ms < 0 ? -1 : end_ms - clock_now_ms();
        end = wait_ms > 0 && left_ms <= 0 ? WATCH_OVER
              : programs->alive_count > 0
                  ? watch_linger(&session->watch, programs->alive, programs->alive_count, (int)left_ms)
                  : expect_children(session);
        run_programs_sweep(programs);
    }
    session->left = programs->alive_count > 0;
    watch_read(&session->watch);
}

/* Of another machine or word size: its loader would complain, and load nothing. */
static bool is_foreign(const char *path, const char *observer_path)
{
    struct program program, observer;
    char real[PATH_MAX];
    snprintf(real, sizeof real, "%s", path);
    if (program_read(path, &program) != 0 || program_read(observer_path, &observer) != 0)
        return false;
    while (program.kind == PROGRAM_SCRIPT && program_follow_script(real, &program))
        ;
    return program.kind == PROGRAM_DYNAMIC &&
           (program.elf_class != observer.elf_class || program.machine != observer.machine);
}

/* The observer goes before the shim, where the program's own calls pass. */
static bool set_preload(const struct session *session)
{
    char path[PATH_MAX], file[PATH_MAX];
    if (!session->run->bare)
        launch_set_preload(NAME, session->path);
    bool found = preload_find_observer(session->path, path, file);
    if (found && is_foreign(session->path, file)) {
        complain(NAME, "%s is for another machine or word size than %s, and can't be observed", session->path, file);
        return false;
    }
    if (!found) {
        complain(NAME, "cannot find libv6shim-observe.so (%s): nothing can be observed without it", path);
        return false;
    }
    if (strpbrk(path, " :") != NULL) {
        complain(NAME, "LD_PRELOAD cannot hold a path with a blank or a colon (%s)", path);
        return false;
    }
    char *value = preload_join(getenv("LD_PRELOAD"), path);
    bool set = value != NULL && setenv("LD_PRELOAD", value, 1) == 0;
    free(value);
    if (!set)
        complain(NAME, "no memory for LD_PRELOAD");
    return set;
}

static bool log_message(struct session *session, char **argv)
{
    struct watch *watch = &session->watch;
    *watch = (struct watch){.command = NAME, .take = take_line, .context = session};
    if (!set_preload(session) || watch_open(watch, "V6SHIM_OBSERVE") != EXIT_STATUS_OK)
        return false;
    bool started = watch_start(watch, session->path, argv) == EXIT_STATUS_OK;
    if (started) {
        watch_follow(watch);
        follow_others(session);
    }
    watch_close(watch);
    return started;
}

/* --- the reports --- */

/* Why a program can't be observed; NULL: no reason is known. Scripts are their interpreters. */
static const char *explain_silence(const char *path)
{
    struct program program;
    char real[PATH_MAX];
    snprintf(real, sizeof real, "%s", path);
    if (program_read(path, &program) != 0)
        return NULL;
    while (program.kind == PROGRAM_SCRIPT && program_follow_script(real, &program))
        ;
    return program.kind == PROGRAM_STATIC || program.kind == PROGRAM_STATIC_PIE
               ? "it is statically linked, so nothing of it can be observed"
           : program.setuid || program.setgid || program.capabilities
               ? "it runs with rights of its own, so that the loader ignores LD_PRELOAD"
           : program_uses_musl(&program) ? "it uses another C library, which can't load libv6shim-observe.so"
                                         : NULL;
}

static void add_unobserved(struct session *session, const char *path, const char *reason)
{
    struct report *report = report_new(path);
    if (report == NULL)
        abort();
    report->error = reason;
    session->reports[session->count++] = report;
}

/* A program that was started and could not be observed: it matters where its file reaches for the network. */
static void add_silent_child(struct session *session, struct checker *checker, const char *path, const char *reason)
{
    struct report *report = check_file(checker, path, NULL);
    bool harmless = report != NULL && report->error == NULL && report->verdict == VERDICT_NO_NETWORK;
    if (!harmless) {
        report_free(report);
        add_unobserved(session, path, reason);
        return;
    }
    report_add_note(report, "judged by its file: it could not be observed");
    session->reports[session->count++] = report;
}

/* Root's setuid programs can be observed after all. */
static bool was_observed(const struct run_programs *programs, const char *path)
{
    char real[PATH_MAX];
    if (realpath(path, real) == NULL)
        return false;
    for (const struct run_program *program = programs->list; program != NULL; program = program->next)
        if (strcmp(program->path, real) == 0)
            return true;
    return false;
}

static void add_silent(struct session *session)
{
    struct checker checker;
    struct program native;
    checker_know_native(&native);
    if (session->programs.started == NULL || !checker_begin(&checker, &native))
        return;
    for (const struct run_program *silent = session->programs.started; silent != NULL; silent = silent->next) {
        char path[PATH_MAX];
        if (program_find(silent->path, path) != 0 || was_observed(&session->programs, path))
            continue;
        const char *reason = explain_silence(path);
        if (reason != NULL)
            add_silent_child(session, &checker, path, reason);
    }
    checker_end(&checker);
}

static bool make_reports(struct session *session)
{
    struct run_places places = {0};
    const struct run_programs *programs = &session->programs;
    session->reports = calloc(programs->count + programs->started_count + 1, sizeof(struct report *));
    if (session->reports == NULL)
        return false;
    for (const struct run_program *program = programs->list; program != NULL; program = program->next)
        session->reports[session->count++] = run_report(program, &places);
    run_places_free(&places);
    if (session->count == 0) {
        const char *reason = explain_silence(session->path);
        add_unobserved(session, session->path, reason != NULL ? reason : "it did not load libv6shim-observe.so");
    }
    add_silent(session);
    return true;
}

static const char *lost_words(struct session *session)
{
    return session->programs.lost == 0
               ? NULL
               : report_print(session->reports[0], "%lu calls came faster than they could be read, and are missing",
                              session->programs.lost);
}

static void print_json(struct session *session)
{
    json_object *programs, *top = report_list_to_json(true, &programs), *run = json_object_new_object();
    int status = session->watch.status;
    json_object_object_add(run, "program", json_object_new_string(session->path));
    json_object_object_add(run, WIFSIGNALED(status) ? "signal" : "status",
                           json_object_new_int(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
    json_object_object_add(run, "shim", json_object_new_boolean(!session->run->bare));
    json_object_object_add(run, "left_running", json_object_new_boolean(session->left));
    json_object_object_add(run, "lost", json_object_new_int64((int64_t)session->programs.lost));
    json_object_object_add(top, "run", run);
    for (size_t index = 0; index < session->count; index++)
        json_object_array_add(programs, report_to_json(session->reports[index]));
    format_print_json(session->output, top);
    json_object_put(top);
}

static void print_format(const struct session *session)
{
    const struct report **list = calloc(session->count + 1, sizeof *list);
    if (list == NULL)
        abort();
    for (size_t index = 0; index < session->count; index++)
        list[index] = session->reports[index];
    format_print(session->output, session->run->format,
                 &(struct check_findings){.reports = list, .count = session->count, .complete = true});
    free(list);
}

static void print_text(struct session *session)
{
    const struct check_run *run = session->run;
    int status = session->watch.status;
    struct check_style style = {
        .all = run->all || session->count <= DETAILS_MAXIMUM,
        .used_only = !run->all,
        .details = true,
        .color = run->color || (!run->plain && fit_has_colors(session->output)),
    };
    fprintf(session->output,
            WIFSIGNALED(status) ? "The program was ended by signal %d" : "The program ended with status %d",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    fputs(session->left ? "; processes that it left behind run on, unobserved from here.\n" : ".\n", session->output);
    check_print(session->output, session->reports, session->count, &style);
}

static void print_reports(struct session *session)
{
    const char *lost = lost_words(session);
    if (lost != NULL)
        report_add_note(session->reports[0], lost);
    if (session->run->format == FORMAT_JSON)
        print_json(session);
    else if (session->run->format != FORMAT_TEXT)
        print_format(session);
    else
        print_text(session);
    bool failed = fflush(session->output) != 0 || ferror(session->output);
    if (session->output != stderr)
        failed |= fclose(session->output) != 0;
    if (failed)
        complain(NAME, "cannot write the report%s%s: the program ran all the same",
                 session->run->output != NULL ? " to " : "",
                 session->run->output != NULL ? session->run->output : "");
}

static int outcome(const struct session *session)
{
    const struct check_run *run = session->run;
    int status = STATUS_NO_GAP;
    if (!run->fails)
        return watch_end_like(session->watch.status);
    for (size_t index = 0; index < session->count; index++) {
        if (session->reports[index] == NULL || session->reports[index]->error != NULL)
            return STATUS_NOT_CHECKED;
        if (report_has(session->reports[index], run->fail_on))
            status = STATUS_GAPS;
    }
    return status;
}

int check_run(const struct check_run *run, char **argv)
{
    static struct session session;
    char path[PATH_MAX];
    session.run = run;
    session.path = path;
    if (launch_find(NAME, argv[0], path) != EXIT_STATUS_OK)
        return STATUS_NOT_CHECKED;
    session.output = run->output == NULL ? stderr : fopen(run->output, "we");
    session.tokener = json_tokener_new();
    if (session.output == NULL || session.tokener == NULL) {
        complain(NAME, "cannot write to %s: %s", run->output != NULL ? run->output : "memory", strerror(errno));
        return STATUS_NOT_CHECKED;
    }
    int status = STATUS_NOT_CHECKED;
    if (log_message(&session, argv) && make_reports(&session)) {
        print_reports(&session);
        status = outcome(&session);
    }
    for (size_t index = 0; index < session.count; index++)
        report_free(session.reports[index]);
    free(session.reports);
    run_programs_free(&session.programs);
    json_tokener_free(session.tokener);
    return status;
}
