/* In place of preload/log/log.c, which is for programs that know nothing of us. */
#include "command/common/log_stderr.h"

#include <string.h>

#include "command/common/command.h"
#include "core/base/error_text.h"
#include "preload/log/log.h"

static const char *current_command;
static bool silent;
_Atomic int log_decisions;

void log_stderr_as(const char *command)
{
    current_command = command;
}

void log_stderr_silence(void)
{
    silent = true;
}

void log_start(void)
{
}

void log_to(enum log_level level, const char *log_file)
{
    (void)level;
    (void)log_file;
}

bool log_wants(enum log_level level)
{
    return !silent && level <= LOG_LEVEL_WARNING;
}

void log_line(enum log_level level, const struct text *line)
{
    if (log_wants(level))
        complain(current_command, "%s", line->data);
}

void log_message(enum log_level level, const char *message)
{
    log_error(level, message, NULL, 0);
}

void log_error(enum log_level level, const char *message, const char *subject, int error)
{
    if (log_wants(level))
        complain(current_command, "%s%s%s%s%s", message, subject != NULL ? " " : "", subject != NULL ? subject : "",
                 error != 0 ? ": " : "", error != 0 ? error_words(error) : "");
}
