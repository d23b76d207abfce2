/* Reads the options of v6shim check; called by check/check.c. */
#include "check/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command/common/command.h"
#include "command/common/options.h"
#include "command/common/settings_options.h"

#define NAME           "check"
#define JOBS_LARGEST   64
#define MS_PER_S       1000
#define WAIT_LONGEST_S 86400

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
         "      --root DIR         check the files of the system that is unpacked or mounted\n"
         "                         there, by their paths in it (all unless some are named)\n"
         "      --baseline FILE    do not count gaps that this report (JSON) has too\n"
         "      --diff FILE        say what got better or worse since this report (JSON)\n"
         "      --ignore FILE      do not count what it names: lines PATTERN [GAP] # REASON\n"
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
         "Exit status: 0 no gap, 1 gaps, 2 something could not be checked or is unknown, or\n"
         "a bad option.\n"
         "With --run --fail-on never: that of PROGRAM.");
}

/* --- arguments --- */

enum {
    OPTION_PID = 256,
    OPTION_FORMAT,
    OPTION_ROOT,
    OPTION_BASELINE,
    OPTION_DIFF,
    OPTION_IGNORE,
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
    {"pid", required_argument, NULL, OPTION_PID},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"baseline", required_argument, NULL, OPTION_BASELINE},
    {"diff", required_argument, NULL, OPTION_DIFF},
    {"ignore", required_argument, NULL, OPTION_IGNORE},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"details", no_argument, NULL, OPTION_DETAILS},
    {"all", no_argument, NULL, OPTION_ALL},
    {"fail-on", required_argument, NULL, OPTION_FAIL_ON},
    {"color", required_argument, NULL, OPTION_COLOR},
    {"run", no_argument, NULL, OPTION_RUN},
    {"observe", no_argument, NULL, OPTION_OBSERVE},
    {"output", required_argument, NULL, 'o'},
    {"wait", required_argument, NULL, OPTION_WAIT},
    {"null", no_argument, NULL, '0'},
    {"jobs", required_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
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

/* Takes a value that any text may be. Returns false for another option. */
static bool take_text(struct check_arguments *arguments, int option)
{
    const char **value = option == OPTION_ROOT       ? &arguments->root
                         : option == OPTION_BASELINE ? &arguments->baseline
                         : option == OPTION_DIFF     ? &arguments->diff
                         : option == OPTION_IGNORE   ? &arguments->ignore
                                                     : NULL;
    if (value != NULL)
        *value = optarg;
    return value != NULL;
}

/* Returns 0, or the exit status after a complaint. */
static int take_value(struct check_arguments *arguments, int option)
{
    long number;
    if (take_text(arguments, option))
        return 0;
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

int check_options_take(int argc, char **argv, struct check_arguments *arguments)
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

const char *check_options_misfit(const struct check_arguments *arguments, char **names)
{
    if (arguments->runs && (*names == NULL || arguments->targets.count > 0))
        return "--run wants one program: v6shim check --run [--] PROGRAM [ARGUMENT]...";
    if (arguments->runs && (arguments->nul || arguments->details || arguments->jobs != 0))
        return "--null, --details and --jobs are for files, not for --run";
    if (arguments->runs && arguments->root != NULL)
        return "--root is for files, not for --run";
    if (arguments->runs && (arguments->baseline != NULL || arguments->diff != NULL || arguments->ignore != NULL))
        return "--baseline, --diff and --ignore are for files, not for --run";
    if (arguments->runs)
        return NULL;
    if (arguments->diff != NULL && (arguments->format == FORMAT_SARIF || arguments->format == FORMAT_CSV))
        return "--diff goes with text, json and html; for sarif there is --baseline";
    if (arguments->root != NULL && arguments->targets.count > 0)
        return "--root and --pid exclude each other: a process is of this system";
    if (arguments->run.output != NULL)
        return "--output goes with --run: the report on files is printed on standard output";
    if (arguments->sets)
        return "settings go with --run: files are judged without them";
    if (arguments->waits)
        return "--wait goes with --run: files are not waited for";
    if (*names == NULL && arguments->targets.count == 0 && arguments->root == NULL)
        return "name the files or directories to check; see v6shim check --help";
    while (*names != NULL && strcmp(*names, "-") != 0)
        names++;
    return arguments->nul && *names == NULL ? "--null goes with -, a list on standard input" : NULL;
}
