/* v6shim trace: runs a program, shows each decision of the library as it comes, and at the end where the time went.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/launch.h"
#include "cli/options.h"
#include "cli/trace_print.h"
#include "runtime/clock.h"

#define NAME            "trace"
#define FIFO_SIZE       (1024 * 1024) /* what any user may have, pipe(7) */
#define FIFO_MODE       0600
#define READ_SIZE       (64 * 1024)
#define COLUMNS_USUAL   80u
#define TIMELINE_ROWS   100u
#define SIGNAL_STATUS   128 /* and the signal's number: what a shell makes of it */
#define COLUMNS_DECIMAL 10
#define UNNAMED_COUNT   1024

struct session {
    bool json;
    const char *output_path;
    FILE *output;
    char directory[PATH_MAX], fifo_path[PATH_MAX];
    int fifo, signals;
    sigset_t mask; /* of the program */
    pid_t program;
    int status; /* of the program, as waitpid() says */
    struct story story;
    json_tokener *tokener;
    char pending[EVENT_LINE_SIZE]; /* a line of which the rest has not come yet */
    size_t pending_length;
    unsigned long events;
    struct trace_event last_send;
    struct unnamed { /* a program that has decided nothing yet, by process */
        int64_t pid;
        char name[TRACE_NAME_SIZE];
    } unnamed[UNNAMED_COUNT];
};

static void print_help(void)
{
    puts("usage: v6shim trace [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
         "\n"
         "Runs PROGRAM with libv6shim.so preloaded, and prints on standard error what the\n"
         "library does: a line for each decision, as it is made, with the milliseconds since\n"
         "the start; and after the end a timeline of lookups and connections. The program\n"
         "itself and its children run as under v6shim run; V6SHIM_* variables set them up.\n"
         "\n"
         "  -o, --output FILE      print into this file\n"
         "      --json             print JSON Lines: an object for each decision\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: that of PROGRAM; 2 for a bad option, 126 where PROGRAM cannot be\n"
         "run, 127 where it is not found.");
}

/* --- the FIFO --- */

static int fail(const char *what)
{
    complain(NAME, "%s: %s", what, strerror(errno));
    return EXIT_STATUS_FAILED;
}

static void remove_fifo(const struct session *session)
{
    unlink(session->fifo_path);
    rmdir(session->directory);
}

/* In a directory that nobody else can look into. Opened for writing too, so that it never ends while there is no
   process that writes. */
static int make_fifo(struct session *session)
{
    const char *parent = getenv("TMPDIR");
    char absolute[PATH_MAX];
    if (parent == NULL || realpath(parent, absolute) == NULL)
        strcpy(absolute, "/tmp");
    if (snprintf(session->directory, PATH_MAX, "%s/v6shim-trace-XXXXXX", absolute) >= PATH_MAX ||
        mkdtemp(session->directory) == NULL)
        return fail("cannot make a directory for the trace in TMPDIR or /tmp");
    if (snprintf(session->fifo_path, PATH_MAX, "%s/events", session->directory) >= PATH_MAX ||
        mkfifo(session->fifo_path, FIFO_MODE) != 0 ||
        (session->fifo = open(session->fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0 ||
        setenv("V6SHIM_TRACE", session->fifo_path, 1) != 0) {
        remove_fifo(session);
        return fail("cannot make the FIFO of the trace");
    }
    fcntl(session->fifo, F_SETPIPE_SZ, FIFO_SIZE); /* where that is not allowed, less fits in */
    return EXIT_STATUS_OK;
}

/* --- events --- */

static bool is_repeated_send(struct session *session, const struct trace_event *event)
{
    struct trace_event *last = &session->last_send;
    if (event->type != EVENT_SEND || event->lost > 0)
        return false;
    bool same = last->pid == event->pid && last->fd == event->fd && last->port == event->port &&
                last->result == event->result && strcmp(last->candidates[0], event->candidates[0]) == 0;
    *last = *event;
    return same;
}

/* A script starts many programs that never look at the network: only one that decides something is named, before
   that. Where two processes share a place in the table, one name is missing. */
static void print_words(struct session *session, const struct trace_event *event, const struct story_facts *facts)
{
    struct unnamed *unnamed = &session->unnamed[event->pid % UNNAMED_COUNT];
    if (event->type == EVENT_PROCESS) {
        unnamed->pid = event->pid;
        strcpy(unnamed->name, event->name);
        return;
    }
    if (is_repeated_send(session, event))
        return;
    if (unnamed->pid == event->pid)
        trace_print_program(session->output, &session->story, event, unnamed->name);
    unnamed->pid = 0;
    trace_print_words(session->output, &session->story, event, facts);
}

static void take_line(struct session *session, const char *line, size_t length)
{
    struct trace_event event;
    struct story_facts facts;
    json_tokener_reset(session->tokener);
    json_object *object = json_tokener_parse_ex(session->tokener, line, (int)length);
    if (object != NULL && json_object_is_type(object, json_type_object) && trace_event_read(object, &event)) {
        session->events++;
        story_take(&session->story, &event, &facts);
        if (session->json)
            trace_print_json(session->output, &session->story, object, &event, &facts);
        else
            print_words(session, &event, &facts);
    }
    json_object_put(object);
}

/* Cuts what was read into lines; the beginning of one that is not complete is kept. */
static void take_bytes(struct session *session, const char *bytes, size_t length)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t part = end != NULL ? (size_t)(end - bytes) : length;
        size_t room = sizeof session->pending - session->pending_length;
        memcpy(session->pending + session->pending_length, bytes, part < room ? part : room);
        session->pending_length += part < room ? part : room;
        if (end == NULL)
            return;
        take_line(session, session->pending, session->pending_length);
        session->pending_length = 0;
        bytes += part + 1;
        length -= part + 1;
    }
}

static void read_events(struct session *session)
{
    static char bytes[READ_SIZE];
    ssize_t count;
    while ((count = read(session->fifo, bytes, sizeof bytes)) > 0)
        take_bytes(session, bytes, (size_t)count);
    fflush(session->output);
}

/* --- the program --- */

/* Signals are for the program. Those that a terminal sends go to the whole foreground group: it has them already. */
static void set_up_signals(struct session *session)
{
    static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
        sigaddset(&set, forwarded[i]);
    sigprocmask(SIG_BLOCK, &set, &session->mask);
    session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool program_has_ended(struct session *session)
{
    return waitpid(session->program, &session->status, WNOHANG) == session->program;
}

/* False when the program has ended. */
static bool take_signals(struct session *session)
{
    struct signalfd_siginfo info;
    bool runs = true;
    while (read(session->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            runs = runs && !program_has_ended(session);
        else if (info.ssi_code <= 0 && runs) /* from a process, not from the kernel */
            kill(session->program, (int)info.ssi_signo);
    }
    return runs;
}

static void follow(struct session *session)
{
    struct pollfd polled[] = {{.fd = session->signals, .events = POLLIN}, {.fd = session->fifo, .events = POLLIN}};
    bool runs = true;
    while (runs) {
        if (poll(polled, sizeof polled / sizeof polled[0], -1) < 0 && errno != EINTR)
            break;
        read_events(session);
        runs = take_signals(session);
    }
    if (runs)
        waitpid(session->program, &session->status, 0);
    read_events(session);
}

static int start(struct session *session, const char *path, char **argv)
{
    set_up_signals(session);
    fflush(NULL);
    int64_t start_us = clock_now_us();
    session->program = session->signals < 0 ? -1 : fork();
    if (session->program == 0) {
        sigprocmask(SIG_SETMASK, &session->mask, NULL);
        int status = launch_execute(NAME, path, argv);
        fflush(NULL);
        _exit(status);
    }
    if (session->program < 0)
        return fail("cannot start a process");
    signal(SIGPIPE, SIG_IGN); /* of our own output; the program runs on */
    story_begin(&session->story, start_us, session->program);
    return EXIT_STATUS_OK;
}

/* Ends as the program ended, by the same signal if it was one. */
static int end_like(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    struct rlimit none = {0};
    int number = WTERMSIG(status);
    sigset_t only;
    setrlimit(RLIMIT_CORE, &none); /* there is one core file already, the program's */
    prctl(PR_SET_DUMPABLE, 0);
    fflush(NULL);
    signal(number, SIG_DFL);
    raise(number);
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    return SIGNAL_STATUS + number;
}

/* --- the end --- */

static unsigned columns_of(FILE *stream)
{
    struct winsize size;
    const char *variable = getenv("COLUMNS");
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    long columns = variable != NULL ? strtol(variable, NULL, COLUMNS_DECIMAL) : 0;
    return columns > 0 && columns <= UINT16_MAX ? (unsigned)columns : COLUMNS_USUAL;
}

static void print_summary(struct session *session)
{
    int64_t end_us = clock_now_us();
    story_end(&session->story, end_us);
    trace_print_end(session->output, &session->story, end_us, session->status, session->json);
    if (session->json)
        return;
    if (session->events == 0)
        fputs("Nothing to show: the library was not loaded into the program.\n", session->output);
    else if (session->story.count > 0)
        fputs("\nWhere the time went:\n", session->output);
    timeline_draw(session->output, session->story.rows, session->story.count, TIMELINE_ROWS,
                  columns_of(session->output));
}

static void finish_output(struct session *session)
{
    bool failed = fflush(session->output) != 0 || ferror(session->output);
    if (session->output != stderr)
        failed |= fclose(session->output) != 0;
    if (failed)
        complain(NAME, "cannot write the trace%s%s: the program ran all the same",
                 session->output_path != NULL ? " to " : "",
                 session->output_path != NULL ? session->output_path : "");
}

/* --- arguments --- */

/* Returns -1 to go on, else the exit status. */
static int take_options(int argc, char **argv, struct session *session)
{
    const struct command_option options[] = {
        {"output", 'o', NULL, &session->output_path}, {"json", 0, &session->json, NULL}, {0}};
    int status = options_take(NAME, argc, argv, options, OPTIONS_FIRST, print_help);
    if (status != -1)
        return status;
    if (optind == argc) {
        complain(NAME, "no program given; usage: v6shim trace [OPTION]... [--] PROGRAM [ARGUMENT]...");
        return EXIT_STATUS_USAGE;
    }
    session->output = session->output_path == NULL ? stderr : fopen(session->output_path, "we");
    if (session->output != NULL)
        return -1;
    complain(NAME, "cannot write to %s: %s", session->output_path, strerror(errno));
    return EXIT_STATUS_USAGE;
}

static int run(struct session *session, const char *path, char **argv)
{
    launch_set_preload(NAME, path);
    int status = make_fifo(session);
    if (status != EXIT_STATUS_OK)
        return status;
    status = start(session, path, argv);
    if (status == EXIT_STATUS_OK)
        follow(session);
    remove_fifo(session);
    if (status != EXIT_STATUS_OK)
        return status;
    print_summary(session);
    finish_output(session);
    story_free(&session->story);
    return end_like(session->status);
}

int trace_command(int argc, char **argv)
{
    static struct session session;
    char path[PATH_MAX];
    int status = take_options(argc, argv, &session);
    if (status != -1)
        return status;
    status = launch_find(NAME, argv[optind], path);
    if (status != EXIT_STATUS_OK)
        return status;
    session.tokener = json_tokener_new();
    if (session.tokener == NULL) {
        complain(NAME, "no memory");
        return EXIT_STATUS_FAILED;
    }
    setvbuf(session.output, NULL, _IOFBF, BUFSIZ);
    status = run(&session, path, argv + optind);
    json_tokener_free(session.tokener);
    return status;
}
