/* v6shim trace: runs a program, shows each decision of the library as it comes, and at the end where the time went.
 */
#include "config.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/launch.h"
#include "command/common/line_field.h"
#include "command/common/options.h"
#include "command/common/watch.h"
#include "command/trace/print.h"
#include "preload/base/clock.h"

#define NAME          "trace"
#define COLUMNS_USUAL 80u
#define COLUMNS_LEAST 40u
#define TIME_COLUMNS  14 /* "   12345.6 ms  " of trace_print_words(), less one */
#define TIMELINE_ROWS 100u
#define UNNAMED_COUNT 1024

struct session {
    bool json;
    const char *output_path;
    FILE *output;
    struct watch watch;
    struct story story;
    json_tokener *tokener;
    unsigned long events;
    struct trace_event last_datagram;
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
         "itself and its children run as under v6shim run, with the same settings.\n"
         "\n"
         "  -o, --output FILE      print into this file\n"
         "      --json             print JSON Lines: an object for each decision\n"
         "      --prefer=ORDER and the other settings, as for v6shim run\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: that of PROGRAM; 2 for a bad option, 126 where PROGRAM cannot be\n"
         "run, 127 where it is not found.");
}

/* --- events --- */

static bool is_repeated_datagram(struct session *session, const struct trace_event *event)
{
    struct trace_event *last = &session->last_datagram;
    if ((event->type != EVENT_SEND && event->type != EVENT_RECEIVED) || event->lost > 0)
        return false;
    bool same = last->type == event->type && last->pid == event->pid && last->fd == event->fd &&
                last->port == event->port && last->result == event->result &&
                strcmp(last->candidates[0], event->candidates[0]) == 0;
    *last = *event;
    return same;
}

/* A line that is too long for the terminal goes on below its words, not below its time. In a file it is one line. */
static void print_line(struct session *session, const struct trace_event *event, const struct story_facts *facts)
{
    unsigned columns = session->output_path != NULL ? 0 : terminal_columns(session->output);
    char *line = NULL;
    size_t size = 0;
    FILE *memory = columns == 0 ? NULL : open_memstream(&line, &size);
    if (memory == NULL) {
        trace_print_words(session->output, &session->story, event, facts);
        return;
    }
    trace_print_words(memory, &session->story, event, facts);
    fclose(memory);
    if (line != NULL)
        print_hanging(session->output, line, columns < COLUMNS_LEAST ? COLUMNS_LEAST : columns, TIME_COLUMNS);
    free(line);
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
    if (is_repeated_datagram(session, event))
        return;
    if (unnamed->pid == event->pid)
        trace_print_program(session->output, &session->story, event, unnamed->name);
    unnamed->pid = 0;
    print_line(session, event, facts);
}

/* What was written before it is read, by a process that we started, happened between our start and now. */
static void keep_in_time(const struct session *session, struct trace_event *event)
{
    int64_t now_us = clock_now_us(), start_us = session->story.start_us;
    event->time_us = event->time_us < start_us ? start_us : event->time_us > now_us ? now_us : event->time_us;
}

static void take_line(const char *line, size_t length, void *context)
{
    struct session *session = context;
    struct trace_event event;
    struct story_facts facts;
    json_object *object = line_read(session->tokener, line, length);
    if (object != NULL && trace_event_read(object, &event)) {
        session->events++;
        keep_in_time(session, &event);
        story_take(&session->story, &event, &facts);
        if (session->json)
            trace_print_json(session->output, &session->story, &event, &facts);
        else
            print_words(session, &event, &facts);
    }
    json_object_put(object);
    fflush(session->output);
}

/* --- the end --- */

static void print_summary(struct session *session)
{
    int64_t end_us = clock_now_us();
    unsigned columns = terminal_columns(session->output);
    story_end(&session->story, end_us);
    trace_print_end(session->output, &session->story, end_us, session->watch.status, session->json);
    if (session->json)
        return;
    if (session->events == 0)
        fputs("Nothing to show: the library was not loaded into the program.\n", session->output);
    else if (session->story.count > 0)
        fputs("\nWhere the time went:\n", session->output);
    timeline_draw(session->output, session->story.rows, session->story.count, TIMELINE_ROWS,
                  columns != 0 ? columns : COLUMNS_USUAL);
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
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_FIRST, print_help);
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
    struct watch *watch = &session->watch;
    launch_set_preload(NAME, path);
    *watch = (struct watch){.command = NAME, .take = take_line, .context = session};
    int status = watch_open(watch, "V6SHIM_TRACE");
    if (status != EXIT_STATUS_OK)
        return status;
    int64_t start_us = clock_now_us();
    status = watch_start(watch, path, argv);
    if (status == EXIT_STATUS_OK) {
        story_begin(&session->story, start_us, watch->program);
        watch_follow(watch);
    }
    watch_close(watch);
    if (status != EXIT_STATUS_OK)
        return status;
    print_summary(session);
    finish_output(session);
    story_free(&session->story);
    return watch_end_like(watch->status);
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
