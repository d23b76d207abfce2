/* Loads the settings of this process; called at the start, read everywhere. */
#include "preload/system/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/libc/start_data.h"
#include "preload/log/log.h"

/* So many problems are told one by one; of a file that is no configuration at all the first few are enough. */
#define PROBLEMS_TOLD 16

_Static_assert((int)LOG_LEVEL_QUIET == (int)LOG_LEVEL_QUIET && (int)LOG_LEVEL_DEBUG == (int)LOG_LEVEL_DEBUG,
               "the choices of the setting log are the levels of the log");

struct settings settings_of_process;

_Static_assert(SETTINGS_FILE_SIZE == 64 * 1024, "tell_file_error() says so in words");

/* The text of the configuration file, while it is being read. */
struct file {
    const char *path;
    char *text; /* mapped memory of SETTINGS_FILE_SIZE + 1 bytes, or NULL */
    size_t length;
    int error; /* errno of opening or reading it, EFBIG */
};

/* read() until the end, by direct system calls: the names may be interposed. One byte more than is allowed tells a
   file that is too long. */
static int read_whole(int fd, struct file *file)
{
    for (;;) {
        long count = syscall(SYS_read, fd, file->text + file->length, SETTINGS_FILE_SIZE + 1 - file->length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        if (count == 0)
            return 0;
        file->length += (size_t)count;
        if (file->length > SETTINGS_FILE_SIZE) {
            const char *last = memrchr(file->text, '\n', file->length); /* no half of a line is taken for a whole */
            file->length = last == NULL ? 0 : (size_t)(last - file->text);
            return EFBIG;
        }
    }
}

/* O_NONBLOCK: a FIFO without a writer must not stop the program. */
static void read_file(struct file *file)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        file->error = errno;
        return;
    }
    char *text = mmap(NULL, SETTINGS_FILE_SIZE + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (text == MAP_FAILED) {
        file->error = ENOMEM;
    } else {
        file->text = text;
        file->error = read_whole(fd, file);
    }
    syscall(SYS_close, fd);
}

static void read_variables(struct settings *settings, config_report *report, void *context)
{
    if (getauxval(AT_SECURE) != 0 || __environ == NULL)
        return;
    for (char **variable = __environ; *variable != NULL; variable++) {
        if (strncmp(*variable, SETTING_VARIABLE_PREFIX, sizeof SETTING_VARIABLE_PREFIX - 1) != 0)
            continue; /* most of them, and they may be long */
        size_t length = strcspn(*variable, "=");
        if ((*variable)[length] == '=' && config_is_variable(*variable, length))
            config_set_variable(*variable, length, *variable + length + 1, settings, report, context);
    }
}

/* Into settings that are all zero. */
static void read_all(const struct file *file, struct settings *settings, config_report *report, void *context)
{
    config_defaults(settings);
    if (file->text != NULL)
        config_parse(file->text, file->length, file->path, settings, report, context);
    read_variables(settings, report, context);
}

static void count_problem(void *context, const struct config_problem *problem)
{
    (void)problem;
    ++*(unsigned *)context;
}

static void tell_problem(void *context, const struct config_problem *problem)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    unsigned *told = context;
    if (++*told > PROBLEMS_TOLD)
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
    log_line(LOG_LEVEL_ERROR, &line);
}

static void tell_rest(const struct file *file, unsigned problems)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "...and ");
    text_add_unsigned(&line, problems - PROBLEMS_TOLD);
    text_add(&line, " more lines or variables like these; is ");
    text_add_quoted(&line, file->path);
    text_add(&line, " a configuration file of v6shim?");
    log_line(LOG_LEVEL_ERROR, &line);
}

/* Everything is read a second time, with the log now set as the settings want it. */
static void tell_problems(const struct file *file)
{
    struct settings scratch = {0};
    unsigned problems = 0;
    read_all(file, &scratch, tell_problem, &problems);
    if (problems > PROBLEMS_TOLD)
        tell_rest(file, problems);
}

static void tell_file_error(const struct file *file, bool named)
{
    if (file->error == EFBIG)
        log_error(LOG_LEVEL_ERROR, "only the first 64 KiB are read of", file->path, EFBIG);
    else if (file->error != 0 && (named || file->error != ENOENT))
        log_error(LOG_LEVEL_ERROR, named ? "cannot read V6SHIM_CONF" : "cannot read", file->path, file->error);
}

void settings_load(void)
{
    int saved = errno;
    const char *named = secure_getenv("V6SHIM_CONF");
    if (named != NULL && named[0] == '\0')
        named = NULL;
    struct file file = {.path = named != NULL ? named : SETTINGS_FILE};
    unsigned problems = 0;
    read_file(&file);
    /* Each page that is written to costs every process time: only a child of a fork in the middle of this finds
       something here. */
    static bool begun START_DATA;
    if (begun)
        memset(&settings_of_process, 0, sizeof settings_of_process);
    begun = true;
    read_all(&file, &settings_of_process, count_problem, &problems);
    log_to((enum log_level)settings_of_process.log, settings_of_process.log_file);
    tell_file_error(&file, named != NULL);
    if (problems > 0)
        tell_problems(&file);
    if (file.text != NULL)
        munmap(file.text, SETTINGS_FILE_SIZE + 1);
    errno = saved;
}
