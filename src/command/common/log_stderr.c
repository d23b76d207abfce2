/* In place of preload/base/log.c, which is for programs that know nothing of us. */
#include "command/common/log_stderr.h"

#include <string.h>

#include "command/common/command.h"
#include "preload/base/log.h"

static const char *current_command;
_Atomic int observe_decisions;

void tell_as(const char *command)
{
    current_command = command;
}

void observe_start(void)
{
}

void observe_to(enum observe_level level, const char *log_file)
{
    (void)level;
    (void)log_file;
}

bool observe_wants(enum observe_level level)
{
    return level <= OBSERVE_WARNING;
}

void observe_line(enum observe_level level, const struct text *line)
{
    if (observe_wants(level))
        complain(current_command, "%s", line->data);
}

void observe(enum observe_level level, const char *message)
{
    observe_error(level, message, NULL, 0);
}

void observe_error(enum observe_level level, const char *message, const char *subject, int error)
{
    if (observe_wants(level))
        complain(current_command, "%s%s%s%s%s", message, subject != NULL ? " " : "", subject != NULL ? subject : "",
                 error != 0 ? ": " : "", error != 0 ? strerrordesc_np(error) : "");
}
