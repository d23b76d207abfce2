/* Loads the settings of this process; called at the start, read everywhere. */
#include "preload/system/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "core/linker/start.h"
#include "preload/log/log.h"
#include "preload/system/program_name.h"

/* So many problems are told one by one; of a file that is no configuration at all the first few are enough. */
#define PROBLEMS_TOLD 16

_Static_assert((int)LOG_LEVEL_QUIET == (int)LOG_LEVEL_QUIET && (int)LOG_LEVEL_DEBUG == (int)LOG_LEVEL_DEBUG,
               "the choices of the setting log are the levels of the log");

/* At the start of a page, so that what each start writes of it is in one. */
struct settings settings_of_process __attribute__((aligned(4096)));

_Static_assert(SETTINGS_FILE_SIZE == 64 * 1024, "tell_file_error() says so in words");

/* What the settings are read from. */
struct sources {
    struct settings_file files[SETTINGS_FILES_SIZE];
    size_t count;
    bool named;                          /* by V6SHIM_CONF: the one file has to exist */
    char own_path[PATH_MAX];             /* of the user's file */
    struct own_program_name program;     /* found when a file asks for it */
    const struct program_name *is_found; /* that of `program`, or NULL */
};

/* What is done with what was read. */
struct problems {
    struct sources *sources;
    unsigned count;
};

/* Where the user's own file is. False: there is none to look for. */
static START_CODE bool find_own_path(char path[PATH_MAX])
{
    const char *directory = secure_getenv("XDG_CONFIG_HOME"), *home = SETTINGS_HOME "/";
    struct text text = text_on(path, PATH_MAX);
    if (getauxval(AT_EUID) == 0)
        return false;
    if (directory == NULL || directory[0] != '/')
        directory = secure_getenv("HOME");
    else
        home = "";
    if (directory == NULL || directory[0] != '/')
        return false;
    text_add(&text, directory);
    text_add(&text, "/");
    text_add(&text, home);
    text_add(&text, SETTINGS_FILE_NAME);
    return text.length + 1 < text.size; /* else it was cut */
}

static START_CODE void read_files(struct sources *sources)
{
    const char *named = secure_getenv("V6SHIM_CONF");
    sources->named = named != NULL && named[0] != '\0';
    sources->files[0] = (struct settings_file){.path = sources->named ? named : SETTINGS_FILE};
    settings_file_read(&sources->files[0], SETTINGS_FILE_ANY);
    sources->count = 1;
    if (sources->named || !find_own_path(sources->own_path))
        return;
    sources->files[1] = (struct settings_file){.path = sources->own_path};
    settings_file_read(&sources->files[1], SETTINGS_FILE_OWN);
    sources->count = 2;
}

static START_CODE void read_variables(const struct config_reader *reader)
{
    if (getauxval(AT_SECURE) != 0 || __environ == NULL)
        return;
    for (char **variable = __environ; *variable != NULL; variable++) {
        if (strncmp(*variable, SETTING_VARIABLE_PREFIX, sizeof SETTING_VARIABLE_PREFIX - 1) != 0)
            continue; /* most of them, and they may be long */
        size_t length = strcspn(*variable, "=");
        if ((*variable)[length] == '=' && config_is_variable(*variable, length))
            config_set_variable(*variable, length, *variable + length + 1, reader);
    }
}

static const struct program_name *find_program(void *context)
{
    struct sources *sources = ((struct problems *)context)->sources;
    if (sources->is_found == NULL)
        sources->is_found = program_name_find(&sources->program);
    return sources->is_found;
}

/* Into settings that are all zero; or, where `settings` is NULL, only for what is to be reported. */
static START_CODE void read_all(struct settings *settings, config_report *report, struct problems *problems)
{
    const struct config_reader reader = {
        .settings = settings, .program = find_program, .report = report, .context = problems};
    const struct sources *sources = problems->sources;
    if (settings != NULL)
        config_defaults(settings);
    for (size_t i = 0; i < sources->count; i++)
        if (sources->files[i].text != NULL)
            config_parse(sources->files[i].text, sources->files[i].length, sources->files[i].path, &reader);
    read_variables(&reader);
}

static void count_problem(void *context, const struct config_problem *problem)
{
    (void)problem;
    ((struct problems *)context)->count++;
}

static void tell_problem(void *context, const struct config_problem *problem)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    struct problems *problems = context;
    if (++problems->count > PROBLEMS_TOLD)
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

static void tell_rest(const struct problems *problems)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "...and ");
    text_add_unsigned(&line, problems->count - PROBLEMS_TOLD);
    text_add(&line, " more lines or variables like these; is ");
    text_add_quoted(&line, problems->sources->files[problems->sources->count - 1].path);
    text_add(&line, " a configuration file of v6shim?");
    log_line(LOG_LEVEL_ERROR, &line);
}

/* Everything is read a second time, with the log now set as the settings want it. */
static void tell_problems(struct sources *sources)
{
    struct problems problems = {.sources = sources};
    read_all(NULL, tell_problem, &problems);
    if (problems.count > PROBLEMS_TOLD)
        tell_rest(&problems);
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

/* That a file which nobody names doesn't exist is the usual case; so is a home directory that can't be entered. */
static START_CODE void tell_file_error(const struct settings_file *file, bool named)
{
    bool is_host = strcmp(file->path, SETTINGS_FILE) == 0;
    bool is_absent = file->error == ENOENT || (!is_host && (file->error == ENOTDIR || file->error == EACCES));
    if (file->fault != NULL)
        tell_fault(file);
    else if (file->error == EFBIG)
        log_error(LOG_LEVEL_ERROR, "only the first 64 KiB are read of", file->path, EFBIG);
    else if (file->error != 0 && (named || !is_absent))
        log_error(LOG_LEVEL_ERROR, named ? "cannot read V6SHIM_CONF" : "cannot read", file->path, file->error);
}

START_CODE void settings_load(void)
{
    int saved = errno;
    struct sources sources;
    struct problems problems = {.sources = &sources};
    sources.is_found = NULL;
    read_files(&sources);
    /* Each page that is written to costs every process time: only a child of a fork in the middle of this finds
       something here. */
    static bool begun START_DATA;
    if (begun)
        memset(&settings_of_process, 0, sizeof settings_of_process);
    begun = true;
    read_all(&settings_of_process, count_problem, &problems);
    log_to((enum log_level)settings_of_process.log, settings_of_process.log_file);
    for (size_t i = 0; i < sources.count; i++)
        tell_file_error(&sources.files[i], sources.named);
    if (problems.count > 0)
        tell_problems(&sources);
    for (size_t i = 0; i < sources.count; i++)
        settings_file_release(&sources.files[i]);
    errno = saved;
}
