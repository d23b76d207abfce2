/* v6shim check: what keeps these programs from IPv6. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check/pool.h"
#include "check/report/fit.h"
#include "check/report/format.h"
#include "check/report/print.h"
#include "check/run/run.h"
#include "command/common/command.h"
#include "command/common/options.h"
#include "command/common/program.h"
#include "command/common/settings_options.h"

#define NAME                 "check"
#define DETAILS_MAXIMUM      10 /* programs that are shown in detail unasked */
#define PROGRESS_INTERVAL_MS 100
#define JOBS_LARGEST         64
#define MS_PER_S             1000
#define WAIT_USUAL_MS        (10 * MS_PER_S)
#define WAIT_LONGEST_S       86400

enum check_status { STATUS_NO_GAP, STATUS_GAPS, STATUS_NOT_CHECKED };

struct arguments {
    bool runs; /* --run */
    struct check_run run;
    bool waits; /* --wait */
    bool sets;  /* a setting */
    bool all, details, nul;
    enum check_format format;
    bool fails; /* --fail-on never: false */
    enum gap_severity fail_on;
    const char *color;
    unsigned jobs;
    struct check_targets targets;
};

struct session {
    const struct check_targets *targets;
    struct report **reports;
    bool progress; /* on a terminal */
    struct timespec shown;
};

static volatile int interrupted; /* the signal, written by the handler */

static void interrupt(int number)
{
    interrupted = number;
}

static void print_help(void)
{
    puts("usage: v6shim check [OPTION]... FILE|DIRECTORY|-...\n"
         "       v6shim check [OPTION]... --pid PID...\n"
         "       v6shim check [OPTION]... --run [--] PROGRAM [ARGUMENT]...\n"
         "\n"
         "Says what keeps programs from IPv6: which speak it already, which work under\n"
         "libv6shim, which only in part, which are out of its reach, and which use no\n"
         "network. Nothing is run, unless --run says so. Of a directory all executable\n"
         "files are checked, also those below it; a name that is no file is looked for in\n"
         "PATH. - reads a list of files from standard input (dpkg -L PACKAGE | v6shim\n"
         "check -) and checks programs and libraries in it.\n"
         "\n"
         "      --pid PID          check the program of a running process\n"
         "      --format FORMAT    text, json (docs/check-json.md in the sources describes\n"
         "                         it), sarif (2.1.0), csv, or html, a page for a browser\n"
         "      --json             the same as --format=json\n"
         "      --details          show every gap with its places, however many programs\n"
         "      --all              list programs with nothing to do, too\n"
         "      --fail-on LEVEL    exit with 1 for gaps of this level or above: note,\n"
         "                         warning (unless told otherwise), error, never\n"
         "      --color WHEN       auto, always, never\n"
         "  -0, --null             names on standard input end with NUL, not a line end\n"
         "  -j, --jobs N           look at N files at once (1 to 64)\n"
         "  -h, --help             print this\n"
         "\n"
         "With --run the program is run as it would be alone, and judged by what it and\n"
         "the programs that it starts do; the report goes to standard error.\n"
         "\n"
         "      --run              run PROGRAM under libv6shim\n"
         "      --observe          run it without libv6shim; the same calls are seen\n"
         "  -o, --output FILE      print the report into this file\n"
         "      --wait SECONDS     when PROGRAM has ended, go on for so long (10) with\n"
         "                         processes that it has left behind, or for ever\n"
         "      --prefer=ORDER and the other settings, as for v6shim run\n"
         "\n"
         "Exit status: 0 no gap, 1 gaps, 2 something could not be checked or a bad option.\n"
         "With --run --fail-on never: that of PROGRAM.");
}

/* --- arguments --- */

enum {
    OPTION_PID = 256,
    OPTION_FORMAT,
    OPTION_JSON,
    OPTION_DETAILS,
    OPTION_ALL,
    OPTION_FAIL_ON,
    OPTION_COLOR,
    OPTION_RUN,
    OPTION_OBSERVE,
    OPTION_WAIT
};

static const struct option own_options[] = {
    {"pid", required_argument, NULL, OPTION_PID},     {"format", required_argument, NULL, OPTION_FORMAT},
    {"json", no_argument, NULL, OPTION_JSON},         {"details", no_argument, NULL, OPTION_DETAILS},
    {"all", no_argument, NULL, OPTION_ALL},           {"fail-on", required_argument, NULL, OPTION_FAIL_ON},
    {"color", required_argument, NULL, OPTION_COLOR}, {"run", no_argument, NULL, OPTION_RUN},
    {"observe", no_argument, NULL, OPTION_OBSERVE},   {"output", required_argument, NULL, 'o'},
    {"wait", required_argument, NULL, OPTION_WAIT},   {"null", no_argument, NULL, '0'},
    {"jobs", required_argument, NULL, 'j'},           {"help", no_argument, NULL, 'h'},
};

#define OWN_OPTIONS (sizeof own_options / sizeof own_options[0])

/* A whole number from 1 to the largest; false for anything else. */
static bool parse_number(const char *text, long largest, long *number)
{
    char *rest;
    errno = 0;
    *number = strtol(text, &rest, 10);
    return errno == 0 && rest != text && *rest == '\0' && *number >= 1 && *number <= largest;
}

/* Returns 0, or the exit status after a complaint. */
static int take_value(struct arguments *arguments, int option)
{
    long number;
    switch (option) {
    case OPTION_PID:
        if (!parse_number(optarg, INT_MAX, &number)) {
            complain(NAME, "--pid wants the number of a process, not %s", optarg);
            return STATUS_NOT_CHECKED;
        }
        return check_targets_add_process(&arguments->targets, (pid_t)number) == 0 ? 0 : STATUS_NOT_CHECKED;
    case OPTION_FAIL_ON:
        arguments->fails = strcmp(optarg, "never") != 0;
        if (arguments->fails && !gap_severity_parse(optarg, &arguments->fail_on)) {
            complain(NAME, "--fail-on wants note, warning, error or never, not %s", optarg);
            return STATUS_NOT_CHECKED;
        }
        return 0;
    case OPTION_FORMAT:
        arguments->format = format_parse(optarg);
        if (arguments->format == FORMAT_COUNT) {
            complain(NAME, "--format wants text, json, sarif, csv or html, not %s", optarg);
            return STATUS_NOT_CHECKED;
        }
        return 0;
    case OPTION_COLOR:
        arguments->color = optarg;
        if (strcmp(optarg, "auto") != 0 && strcmp(optarg, "always") != 0 && strcmp(optarg, "never") != 0) {
            complain(NAME, "--color wants auto, always or never, not %s", optarg);
            return STATUS_NOT_CHECKED;
        }
        return 0;
    case OPTION_WAIT:
        arguments->waits = true;
        arguments->run.wait_ms = -1;
        if (strcmp(optarg, "forever") == 0)
            return 0;
        if (strcmp(optarg, "0") != 0 && !parse_number(optarg, WAIT_LONGEST_S, &number)) {
            complain(NAME, "--wait wants seconds from 0 to %d, or forever, not %s", WAIT_LONGEST_S, optarg);
            return STATUS_NOT_CHECKED;
        }
        arguments->run.wait_ms = strcmp(optarg, "0") == 0 ? 0 : (int)number * MS_PER_S;
        return 0;
    default:
        if (!parse_number(optarg, JOBS_LARGEST, &number)) {
            complain(NAME, "--jobs wants a number from 1 to %d, not %s", JOBS_LARGEST, optarg);
            return STATUS_NOT_CHECKED;
        }
        arguments->jobs = (unsigned)number;
        return 0;
    }
}

/* What follows a program's name is the program's: then no option is sought behind it. */
static bool asks_for_run(char **argv)
{
    for (char **at = argv + 1; *at != NULL && strcmp(*at, "--") != 0; at++)
        if (strcmp(*at, "--ru") == 0 || strcmp(*at, "--run") == 0 || /* getopt_long() takes beginnings */
            strncmp(*at, "--ob", 4) == 0)
            return true;
    return false;
}

/* Returns -1 to go on, else the exit status. */
static int take_options(int argc, char **argv, struct arguments *arguments)
{
    struct option options[OWN_OPTIONS + SETTINGS_OPTIONS_MAX + 1] = {0};
    int option, status = 0;
    memcpy(options, own_options, sizeof own_options);
    settings_options_list(options + OWN_OPTIONS);
    if (options_visited(options))
        return STATUS_NO_GAP;
    const char *letters = asks_for_run(argv) ? "+:h0j:o:" : ":h0j:o:";
    opterr = 0;
    while (status == 0 && (option = getopt_long(argc, argv, letters, options, NULL)) != -1)
        switch (option) {
        case 'h':
            print_help();
            return STATUS_NO_GAP;
        case '0':
            arguments->nul = true;
            break;
        case OPTION_JSON:
            arguments->format = FORMAT_JSON;
            break;
        case OPTION_OBSERVE:
            arguments->run.bare = true;
            arguments->runs = true;
            break;
        case OPTION_RUN:
            arguments->runs = true;
            break;
        case 'o':
            arguments->run.output = optarg;
            break;
        case OPTION_ALL:
            arguments->all = true;
            break;
        case OPTION_DETAILS:
            arguments->details = true;
            break;
        case '?':
        case ':':
            return complain_option(NAME, option, argv, options);
        default:
            arguments->sets |= settings_options_have(option);
            status =
                settings_options_have(option) ? settings_options_take(NAME, option) : take_value(arguments, option);
            break;
        }
    return status == 0 ? -1 : status;
}

/* A file or a directory of that name; where there is neither, the program that a shell would start by it. */
static int take_file(struct check_targets *targets, const char *name)
{
    char path[PATH_MAX];
    bool by_path = strchr(name, '/') == NULL && access(name, F_OK) != 0 && program_find(name, path) == 0;
    return check_targets_add(targets, by_path ? path : name);
}

static int take_files(int argc, char **argv, struct arguments *arguments)
{
    struct check_targets *targets = &arguments->targets;
    int error = 0;
    for (; error == 0 && optind < argc; optind++)
        error = strcmp(argv[optind], "-") == 0 ? check_targets_add_list(targets, stdin, arguments->nul ? '\0' : '\n')
                                               : take_file(targets, argv[optind]);
    if (error != 0)
        complain(NAME, "not enough memory");
    return error == 0 ? -1 : STATUS_NOT_CHECKED;
}

/* What is wrong with the options together, or with the names behind them; NULL: nothing. An option that would do
   nothing is a misunderstanding. */
static const char *find_misfit(const struct arguments *arguments, char **names)
{
    if (arguments->runs && (*names == NULL || arguments->targets.count > 0))
        return "--run wants one program: v6shim check --run [--] PROGRAM [ARGUMENT]...";
    if (arguments->runs && (arguments->nul || arguments->details || arguments->jobs != 0))
        return "--null, --details and --jobs are for files, not for --run";
    if (arguments->runs)
        return NULL;
    if (arguments->run.output != NULL)
        return "--output goes with --run: the report on files is printed on standard output";
    if (arguments->sets)
        return "settings go with --run: files are judged without them";
    if (arguments->waits)
        return "--wait goes with --run: files are not waited for";
    if (*names == NULL && arguments->targets.count == 0)
        return "name the files or directories to check; see v6shim check --help";
    while (*names != NULL && strcmp(*names, "-") != 0)
        names++;
    return arguments->nul && *names == NULL ? "--null goes with -, a list on standard input" : NULL;
}

/* --- running --- */

static void note_report(size_t index, struct report *report, void *context)
{
    struct session *session = context;
    session->reports[index] = report;
}

static void show_progress(size_t done, const char *path, void *context)
{
    struct session *session = context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long passed_ms =
        (long)(now.tv_sec - session->shown.tv_sec) * 1000 + (now.tv_nsec - session->shown.tv_nsec) / 1000000;
    if (!session->progress || passed_ms < PROGRESS_INTERVAL_MS)
        return;
    session->shown = now;
    fprintf(stderr, "\r%zu of %zu  ", done, session->targets->count);
    char shortened[48];
    size_t length = strlen(path);
    snprintf(shortened, sizeof shortened, "%s",
             length < sizeof shortened ? path : path + length - sizeof shortened + 1);
    print_harmless(stderr, shortened);
    fputs("\033[K", stderr);
}

static int run_pool(const struct arguments *arguments, struct session *session)
{
    unsigned jobs = arguments->jobs != 0 ? arguments->jobs : check_pool_processors();
    int error = check_pool_run(&arguments->targets, jobs, note_report, show_progress, session, &interrupted);
    if (session->progress)
        fputs("\r\033[K", stderr);
    if (error != 0)
        complain(NAME, "can't start a process to read the files: %s", strerror(-error));
    return error;
}

/* --- the outcome --- */

/* Prints what programs read: what was named, and all programs. */
static void print_format(const struct arguments *arguments, const struct session *session, bool complete)
{
    size_t count = session->targets->count;
    const struct report **list = calloc(count + 1, sizeof *list);
    if (list == NULL)
        abort();
    for (size_t index = 0; index < count; index++) {
        const struct report *report = session->reports[index];
        list[index] = report != NULL && report->skipped && !session->targets->list[index].named ? NULL : report;
    }
    format_print(stdout, arguments->format, &(struct check_findings){list, count, complete});
    free(list);
}

static void print_text(const struct arguments *arguments, const struct session *session)
{
    size_t count = arguments->targets.count;
    struct check_style style = {
        .all = arguments->all,
        .details = arguments->details || count <= DETAILS_MAXIMUM,
        .color = strcmp(arguments->color, "always") == 0 ||
                 (strcmp(arguments->color, "auto") == 0 && fit_has_colors(stdout)),
    };
    for (size_t index = 0; index < count; index++)
        style.all = style.all || (arguments->targets.list[index].named && count <= DETAILS_MAXIMUM);
    check_print(stdout, session->reports, count, &style);
}

static int outcome(const struct arguments *arguments, const struct session *session)
{
    int status = STATUS_NO_GAP;
    for (size_t index = 0; index < arguments->targets.count; index++) {
        const struct report *report = session->reports[index];
        bool named = arguments->targets.list[index].named;
        if (report == NULL || report->error != NULL || (report->skipped && named))
            return STATUS_NOT_CHECKED;
        if (arguments->fails && report_has(report, arguments->fail_on))
            status = STATUS_GAPS;
    }
    return status;
}

static int check_targets(struct arguments *arguments)
{
    struct session session = {.targets = &arguments->targets};
    session.progress = fit_has_cursor(stderr);
    session.reports = calloc(arguments->targets.count + 1, sizeof *session.reports);
    if (session.reports == NULL) {
        complain(NAME, "not enough memory");
        return STATUS_NOT_CHECKED;
    }
    bool whole = run_pool(arguments, &session) == 0;
    if (arguments->format != FORMAT_TEXT)
        print_format(arguments, &session, whole && interrupted == 0);
    else if (whole)
        print_text(arguments, &session);
    int status = whole ? outcome(arguments, &session) : STATUS_NOT_CHECKED;
    for (size_t index = 0; index < arguments->targets.count; index++)
        report_free(session.reports[index]);
    free(session.reports);
    return status;
}

/* Ends as anyone would who is interrupted; what was found has been said. */
static void end_interrupted(void)
{
    fflush(stdout);
    complain(NAME, "interrupted: the answer is not whole");
    signal(interrupted, SIG_DFL);
    raise(interrupted);
}

static int check_files(int argc, char **argv, struct arguments *arguments)
{
    struct sigaction action = {.sa_handler = interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    arguments->targets.stop = &interrupted;
    int status = take_files(argc, argv, arguments);
    if (status < 0)
        status = check_targets(arguments);
    if (interrupted != 0)
        end_interrupted();
    return output_arrived() ? status : STATUS_NOT_CHECKED;
}

static int run_program(struct arguments *arguments, char **argv)
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
    struct arguments arguments = {
        .fails = true, .fail_on = GAP_WARNING, .color = "auto", .run = {.wait_ms = WAIT_USUAL_MS}};
    int status = take_options(argc, argv, &arguments);
    const char *misfit = status < 0 ? find_misfit(&arguments, argv + optind) : NULL;
    if (misfit != NULL) {
        complain(NAME, "%s", misfit);
        status = STATUS_NOT_CHECKED;
    }
    if (status < 0)
        status = arguments.runs ? run_program(&arguments, argv + optind) : check_files(argc, argv, &arguments);
    check_targets_free(&arguments.targets);
    return status;
}
