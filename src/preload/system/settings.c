/* Loads the settings of this process; called at the start, read everywhere. */
#include "preload/system/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "core/linker/start.h"
#include "preload/log/log.h"
#include "preload/system/program_name.h"
#include "preload/system/settings_sources.h"

/* So many problems are told one by one; of a file that is no configuration at all the first few are enough. */
#define PROBLEMS_TOLD 16

_Static_assert((int)LOG_LEVEL_QUIET == (int)LOG_LEVEL_QUIET && (int)LOG_LEVEL_DEBUG == (int)LOG_LEVEL_DEBUG,
               "the choices of the setting log are the levels of the log");

/* At the start of a page, so that what each start writes of it is in one. */
struct settings settings_of_process __attribute__((aligned(4096)));

_Static_assert(SETTINGS_FILE_SIZE == 64 * 1024, "tell_file_error() says so in words");

/* What is read, and what was wrong in it. */
struct reading {
    struct settings_process process;
    struct settings_sources sources;
    struct own_program_name program; /* found when a file asks for it */
    const struct program_name *name; /* that of `program`, or NULL */
    settings_is_known *is_known;
    bool wrong[SETTINGS_FILES_SIZE]; /* there is something to say of this file */
    bool known[SETTINGS_FILES_SIZE]; /* but it has been said */
    unsigned problems;
};

static const struct program_name *find_program(void *context)
{
    struct reading *reading = context;
    if (reading->name == NULL)
        reading->name = program_name_find(&reading->program);
    return reading->name;
}

/* Into settings that are all zero; or, where `settings` is NULL, only for what is to be reported. */
static START_CODE void read_all(struct settings *settings, config_report *report, struct reading *reading)
{
    const struct config_reader reader = {
        .settings = settings, .program = find_program, .report = report, .context = reading};
    settings_sources_read(&reading->sources, &reading->process, &reader);
}

/* Which file; the number of files for a variable. */
static size_t file_of(const struct reading *reading, const char *source)
{
    size_t file = 0;
    while (file < reading->sources.count && reading->sources.files[file].path != source)
        file++;
    return file;
}

static void count_problem(void *context, const struct config_problem *problem)
{
    struct reading *reading = context;
    size_t file = file_of(reading, problem->source);
    reading->problems++;
    if (file < reading->sources.count)
        reading->wrong[file] = true;
}

static void tell_problem(void *context, const struct config_problem *problem)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    struct reading *reading = context;
    size_t file = file_of(reading, problem->source);
    if ((file < reading->sources.count && reading->known[file]) || ++reading->problems > PROBLEMS_TOLD)
        return;
    text_add_quoted(&line, problem->source);
    if (problem->line != 0) { /* a variable has no lines, and the message holds the word */
        text_add(&line, ":");
        text_add_unsigned(&line, problem->line);
        text_add(&line, ":");
        text_add_unsigned(&line, problem->column);
    }
    text_add(&line, ": ");
    text_add(&line, problem->message);
    text_add(&line, "; ignored");
    if (problem->voids_block)
        text_add(&line, ", and so is what is below it, up to the next program line");
    log_line(LOG_LEVEL_ERROR, &line);
}

static void tell_rest(const struct reading *reading)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "...and ");
    text_add_unsigned(&line, reading->problems - PROBLEMS_TOLD);
    text_add(&line, " more lines or variables like these; is ");
    text_add_quoted(&line, reading->sources.files[reading->sources.count - 1].path);
    text_add(&line, " a configuration file of v6shim?");
    log_line(LOG_LEVEL_ERROR, &line);
}

/* Everything is read a second time, with the log now set as the settings want it. */
static void tell_problems(struct reading *reading)
{
    reading->problems = 0;
    read_all(NULL, tell_problem, reading);
    if (reading->problems > PROBLEMS_TOLD)
        tell_rest(reading);
}

static void tell_fault(const struct settings_file *file)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "the settings in ");
    text_add_quoted(&line, file->path);
    text_add(&line, " are ignored: ");
    text_add(&line, file->fault);
    log_line(LOG_LEVEL_ERROR, &line);
}

static START_CODE bool is_unread(const struct settings_sources *sources, const struct settings_file *file)
{
    return (file->error != 0 || file->fault != NULL) && !settings_sources_may_lack(sources, file);
}

static void tell_file_error(const struct settings_sources *sources, const struct settings_file *file)
{
    if (file->fault != NULL)
        tell_fault(file);
    else if (file->error == EFBIG)
        log_error(LOG_LEVEL_ERROR, "only the first 64 KiB are read of", file->path, EFBIG);
    else
        log_error(LOG_LEVEL_ERROR, sources->named ? "cannot read V6SHIM_CONF" : "cannot read", file->path,
                  file->error);
}

/* To ask is to have told. Not in a program with more rights than its caller, who chooses where its lines go: so
   anybody could have the line told to nobody, and then not to the owner of those rights. */
static void find_known(struct reading *reading)
{
    bool says = reading->is_known != NULL && log_wants(LOG_LEVEL_ERROR) && getauxval(AT_SECURE) == 0;
    for (size_t i = 0; i < reading->sources.count; i++)
        reading->known[i] =
            reading->wrong[i] && says && reading->is_known(&settings_of_process, reading->sources.files[i].path);
}

static void tell_all(struct reading *reading)
{
    find_known(reading);
    for (size_t i = 0; i < reading->sources.count; i++)
        if (!reading->known[i] && is_unread(&reading->sources, &reading->sources.files[i]))
            tell_file_error(&reading->sources, &reading->sources.files[i]);
    if (reading->problems > 0)
        tell_problems(reading);
}

static void tell_read(const struct settings_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        if (sources->files[i].error == 0 && sources->files[i].fault == NULL)
            log_error(LOG_LEVEL_INFO, "settings are read from", sources->files[i].path, 0);
}

/* Whether there is anything to say. */
static START_CODE bool is_wrong(struct reading *reading)
{
    bool wrong = reading->problems > 0;
    for (size_t i = 0; i < reading->sources.count; i++)
        if (is_unread(&reading->sources, &reading->sources.files[i]))
            wrong = reading->wrong[i] = true;
    return wrong;
}

void settings_load(void)
{
    settings_load_unless(NULL);
}

START_CODE void settings_load_unless(settings_is_known *is_known)
{
    int saved = errno;
    struct reading reading; /* large, and most of it not written to */
    reading.process.environment = getauxval(AT_SECURE) == 0 ? __environ : NULL;
    reading.process.user = (uid_t)getauxval(AT_EUID);
    reading.name = NULL;
    reading.problems = 0;
    reading.is_known = is_known;
    memset(reading.wrong, 0, sizeof reading.wrong);
    settings_sources_open(&reading.sources, &reading.process);
    /* Each page that is written to costs every process time: only a child of a fork in the middle of this finds
       something here. */
    static bool begun START_DATA;
    if (begun)
        memset(&settings_of_process, 0, sizeof settings_of_process);
    begun = true;
    read_all(&settings_of_process, count_problem, &reading);
    log_to((enum log_level)settings_of_process.log, settings_of_process.log_file);
    if (log_wants(LOG_LEVEL_INFO))
        tell_read(&reading.sources);
    if (is_wrong(&reading))
        tell_all(&reading);
    settings_sources_close(&reading.sources);
    errno = saved;
}
