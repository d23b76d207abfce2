/* v6shim check: what keeps these programs from IPv6. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check/file/file.h"
#include "check/ignore.h"
#include "check/options.h"
#include "check/packages.h"
#include "check/pool.h"
#include "check/report/fit.h"
#include "check/report/format.h"
#include "check/report/print.h"
#include "check/root.h"
#include "check/run/run.h"
#include "command/common/command.h"
#include "command/common/program.h"

#define NAME                 "check"
#define DETAILS_MAXIMUM      10 /* programs that are shown in detail unasked */
#define PROGRESS_INTERVAL_MS 100
#define MS_PER_S             1000
#define WAIT_USUAL_MS        (10 * MS_PER_S)

struct session {
    const struct check_targets *targets;
    struct report **reports;
    struct program native;
    struct earlier baseline, old; /* of --baseline, --diff */
    struct ignore_list *ignored;  /* of --ignore */
    struct changes changes;
    bool progress; /* on a terminal */
    struct timespec shown;
    size_t done;
};

static volatile int interrupted; /* the signal, written by the handler */

static void interrupt(int number)
{
    interrupted = number;
}

/* A file or a directory of that name; where there is neither, the program that a shell would start by it. */
static int take_file(struct check_targets *targets, const char *name)
{
    char path[PATH_MAX];
    bool by_path = strchr(name, '/') == NULL && access(name, F_OK) != 0 && program_find(name, path) == 0;
    return check_targets_add(targets, by_path ? path : name);
}

static int take_files(int argc, char **argv, struct check_arguments *arguments)
{
    struct check_targets *targets = &arguments->targets;
    int error = 0;
    bool named = optind < argc;
    for (; error == 0 && optind < argc; optind++)
        error = strcmp(argv[optind], "-") == 0 ? check_targets_add_list(targets, stdin, arguments->nul ? '\0' : '\n')
                                               : take_file(targets, argv[optind]);
    if (error == 0 && arguments->root != NULL && !named)
        error = check_targets_add(targets, "/");
    if (error != 0)
        complain(NAME, "not enough memory");
    return error == 0 ? -1 : STATUS_NOT_CHECKED;
}

/* --- running --- */

static void note_report(size_t index, struct report *report, void *context)
{
    struct session *session = context;
    session->reports[index] = report;
    session->done++;
}

/* Whether it is time to show something again. */
static bool is_due(struct session *session)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long passed_ms =
        (long)(now.tv_sec - session->shown.tv_sec) * 1000 + (now.tv_nsec - session->shown.tv_nsec) / 1000000;
    if (!session->progress || passed_ms < PROGRESS_INTERVAL_MS)
        return false;
    session->shown = now;
    return true;
}

/* The end of a path, behind what was printed of the line. */
static void show_path(const char *path)
{
    char shortened[48];
    size_t length = strlen(path);
    snprintf(shortened, sizeof shortened, "%s",
             length < sizeof shortened ? path : path + length - sizeof shortened + 1);
    print_harmless(stderr, shortened);
    fputs("\033[K", stderr);
}

static void show_progress(size_t done, const char *path, void *context)
{
    struct session *session = context;
    if (!is_due(session))
        return;
    fprintf(stderr, "\r%zu of %zu  ", done, session->targets->count);
    show_path(path);
}

static void show_listing(size_t count, const char *path, void *context)
{
    struct session *session = context;
    if (!is_due(session))
        return;
    fprintf(stderr, "\rlisting files: %zu  ", count);
    show_path(path);
}

static int run_pool(const struct check_arguments *arguments, struct session *session)
{
    unsigned jobs = arguments->jobs != 0 ? arguments->jobs : check_pool_processors();
    int error = check_pool_run(&arguments->targets, &session->native, jobs, note_report, show_progress, session,
                               &interrupted);
    if (session->progress)
        fputs("\r\033[K", stderr);
    if (error != 0)
        complain(NAME, "can't start a process to read the files: %s", strerror(-error));
    return error;
}

/* --- the outcome --- */

/* Prints what programs read: what was named, and all programs. */
static void print_format(const struct check_arguments *arguments, const struct session *session, bool complete)
{
    size_t count = session->targets->count;
    const struct report **list = calloc(count + 1, sizeof *list);
    if (list == NULL)
        abort();
    for (size_t index = 0; index < count; index++) {
        const struct report *report = session->reports[index];
        list[index] = report != NULL && report->skipped && !session->targets->list[index].named ? NULL : report;
    }
    format_print(stdout, arguments->format,
                 &(struct check_findings){
                     .reports = list,
                     .count = count,
                     .complete = complete,
                     .has_baseline = arguments->baseline != NULL,
                     .changes = arguments->diff != NULL ? &session->changes : NULL,
                     .root = arguments->root,
                 });
    free(list);
}

static void print_text(const struct check_arguments *arguments, const struct session *session)
{
    size_t count = arguments->targets.count;
    struct check_style style = {
        .all = arguments->all,
        .changes = arguments->diff != NULL ? &session->changes : NULL,
        .details = arguments->details || count <= DETAILS_MAXIMUM,
        .color = strcmp(arguments->color, "always") == 0 ||
                 (strcmp(arguments->color, "auto") == 0 && fit_has_colors(stdout)),
    };
    for (size_t index = 0; index < count; index++)
        style.all = style.all || (arguments->targets.list[index].named && count <= DETAILS_MAXIMUM);
    check_print(stdout, session->reports, count, &style);
}

static int outcome(const struct check_arguments *arguments, const struct session *session)
{
    int status = STATUS_NO_GAP;
    for (size_t index = 0; index < arguments->targets.count; index++) {
        const struct report *report = session->reports[index];
        bool named = arguments->targets.list[index].named;
        if (report != NULL && report->ignored != NULL)
            continue;
        if (report == NULL || report_is_open(report) || (report->skipped && named))
            return STATUS_NOT_CHECKED;
        if (arguments->fails && report_has(report, arguments->fail_on))
            status = STATUS_GAPS;
    }
    return status;
}

/* What else is known of the findings. */
static void mark_findings(const struct check_arguments *arguments, struct session *session)
{
    size_t count = arguments->targets.count;
    packages_name(session->reports, count, arguments->root == NULL);
    earlier_mark(&session->baseline, session->reports, count);
    ignore_mark(session->ignored, session->reports, count);
    if (arguments->diff != NULL)
        session->changes = changes_find(&session->old, session->reports, count);
}

static int check_targets(struct check_arguments *arguments, struct session *session)
{
    session->reports = calloc(arguments->targets.count + 1, sizeof *session->reports);
    if (session->reports == NULL) {
        complain(NAME, "not enough memory");
        return STATUS_NOT_CHECKED;
    }
    bool whole = run_pool(arguments, session) == 0;
    mark_findings(arguments, session);
    if (arguments->format != FORMAT_TEXT)
        print_format(arguments, session, whole && interrupted == 0);
    else if (whole)
        print_text(arguments, session);
    int status = whole ? outcome(arguments, session) : STATUS_NOT_CHECKED;
    for (size_t index = 0; index < arguments->targets.count; index++)
        report_free(session->reports[index]);
    free(session->reports);
    return status;
}

static int read_earlier(struct earlier *earlier, const char *file)
{
    const char *problem = file == NULL ? NULL : earlier_read(earlier, file);
    if (problem != NULL)
        complain(NAME, "can't use the report %s: %s", file, problem);
    return problem == NULL ? -1 : STATUS_NOT_CHECKED;
}

/* Reads the files of options. Returns -1, or the exit status after a complaint. */
static int read_files(const struct check_arguments *arguments, struct session *session)
{
    if (arguments->ignore != NULL && (session->ignored = ignore_read(NAME, arguments->ignore)) == NULL)
        return STATUS_NOT_CHECKED;
    int status = read_earlier(&session->baseline, arguments->baseline);
    return status < 0 ? read_earlier(&session->old, arguments->diff) : status;
}

static void forget_files(struct session *session)
{
    ignore_free(session->ignored);
    earlier_free(&session->baseline);
    earlier_free(&session->old);
    free(session->changes.list);
}

/* Ends as anyone would who is interrupted; what was found has been said. */
static void end_interrupted(const struct session *session)
{
    fflush(stdout);
    if (session->done == 0)
        complain(NAME, "interrupted before a file was checked: there is no answer");
    else
        complain(NAME, "interrupted: %zu of %zu files were checked, and the answer is not whole", session->done,
                 session->targets->count);
    signal(interrupted, SIG_DFL);
    raise(interrupted);
}

/* From here on all paths are those in --root. What is this system's own was asked before. */
static int enter_root(const struct check_arguments *arguments)
{
    int error = root_enter(arguments->root);
    unsetenv("LD_LIBRARY_PATH");
    if (error == -EPERM)
        complain(NAME, "can't keep to %s: that takes root, or user namespaces, which this system doesn't allow",
                 arguments->root);
    else if (error != 0)
        complain(NAME, "can't look into %s: %s", arguments->root, strerror(-error));
    return error == 0 ? -1 : STATUS_NOT_CHECKED;
}

static int check_files(int argc, char **argv, struct check_arguments *arguments)
{
    struct sigaction action = {.sa_handler = interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    arguments->targets.stop = &interrupted;
    struct session session = {.targets = &arguments->targets};
    session.progress = fit_has_cursor(stderr);
    arguments->targets.listing = show_listing;
    arguments->targets.context = &session;
    checker_know_native(&session.native);
    int status = read_files(arguments, &session);
    if (status < 0 && arguments->root != NULL)
        status = enter_root(arguments);
    if (status < 0)
        status = take_files(argc, argv, arguments);
    if (status < 0)
        status = check_targets(arguments, &session);
    forget_files(&session);
    if (interrupted != 0)
        end_interrupted(&session);
    return output_arrived() ? status : STATUS_NOT_CHECKED;
}

static int run_program(struct check_arguments *arguments, char **argv)
{
    struct check_run *run = &arguments->run;
    run->format = arguments->format;
    run->all = arguments->all;
    run->fails = arguments->fails;
    run->fail_on = arguments->fail_on;
    run->color = strcmp(arguments->color, "always") == 0;
    run->plain = strcmp(arguments->color, "never") == 0;
    return check_run(run, argv);
}

int check_command(int argc, char **argv)
{
    struct check_arguments arguments = {
        .fails = true, .fail_on = GAP_WARNING, .color = "auto", .run = {.wait_ms = WAIT_USUAL_MS}};
    int status = check_options_take(argc, argv, &arguments);
    const char *misfit = status < 0 ? check_options_misfit(&arguments, argv + optind) : NULL;
    if (misfit != NULL) {
        complain(NAME, "%s", misfit);
        status = STATUS_NOT_CHECKED;
    }
    if (status < 0)
        status = arguments.runs ? run_program(&arguments, argv + optind) : check_files(argc, argv, &arguments);
    check_targets_free(&arguments.targets);
    return status;
}
