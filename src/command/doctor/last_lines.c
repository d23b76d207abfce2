/* Finds what a process has logged; called by v6shim doctor --pid. */
#include "command/doctor/last_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/doctor/tool.h"
#include "core/base/error_text.h"

#define LINES_MOST    5
#define TAIL_SIZE     65536 /* of a log file, at its end */
#define PATH_SIZE     64
#define MARK_SIZE     32
#define COUNT_SIZE    16
#define JOURNAL_LINES "--lines=200" /* lines that are looked through for ours: a service prints its own, too */

/* --- files --- */

/*
 * Only a regular file, and only root's or the process's user's: the path is what that user says. It is looked at
 * before it is opened, since to open a device or a FIFO may do something.
 */
static int open_log(const char *path, uid_t owner, const char **fault)
{
    struct stat status;
    char opened[PATH_SIZE];
    int place = open(path, O_PATH | O_CLOEXEC), fd = -1;
    if (place < 0 || fstat(place, &status) != 0)
        *fault = error_words(errno);
    else if (!S_ISREG(status.st_mode))
        *fault = "it is no regular file";
    else if (status.st_uid != 0 && status.st_uid != owner)
        *fault = "it is another user's";
    else {
        snprintf(opened, sizeof opened, "/proc/self/fd/%d", place);
        fd = open(opened, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
            *fault = error_words(errno);
    }
    if (place >= 0)
        close(place);
    return fd;
}

/* The end of a file as text, in new memory; NULL and `fault`. */
static char *read_tail(const char *path, uid_t owner, const char **fault)
{
    int fd = open_log(path, owner, fault);
    char *text = fd >= 0 ? malloc(TAIL_SIZE + 1) : NULL;
    if (text == NULL) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t length = pread(fd, text, TAIL_SIZE, size > TAIL_SIZE ? size - TAIL_SIZE : 0);
    text[length > 0 ? length : 0] = '\0';
    close(fd);
    return text;
}

/* --- lines --- */

/* The last lines that have the mark, oldest first. How many there are in all. */
static unsigned add_lines(struct findings *findings, char *text, const char *mark)
{
    const char *last[LINES_MOST];
    unsigned count = 0;
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        if (strstr(line, mark) != NULL)
            last[count++ % LINES_MOST] = line;
    for (unsigned index = count > LINES_MOST ? count - LINES_MOST : 0; index < count; index++)
        finding_add(findings, FINDING_GOOD, "log", "", "logged: %s", last[index % LINES_MOST]);
    return count;
}

static void add_none(struct findings *findings, const struct settings *settings, const char *where)
{
    finding_add(
        findings, FINDING_NOTE, "log",
        settings->log >= LOG_LEVEL_INFO
            ? ""
            : "start it with the setting log info, which tells each decision, or debug; or under v6shim trace",
        "%s has no line of this process", where);
}

static void judge_file(struct findings *findings, const struct settings *settings, const char *path, uid_t owner,
                       const char *mark)
{
    const char *fault = "no memory";
    char *text = read_tail(path, owner, &fault);
    if (text == NULL)
        finding_add(findings, FINDING_NOTE, "log", "", "its log file %s is not read: %s", path, fault);
    else if (add_lines(findings, text, mark) == 0)
        add_none(findings, settings, path);
    free(text);
}

/* False where there is no journal to ask, or it has nothing. A line has the mark whichever way it came there: as its
   sender, or as what the process has written. */
static bool judge_journal(struct findings *findings, const struct process *process, const char *mark)
{
    char match[MARK_SIZE];
    snprintf(match, sizeof match, "_PID=%ld", (long)process->pid);
    const char *const options[] = {"--quiet", "--no-pager", "--output=short-iso", JOURNAL_LINES, match, NULL};
    char *text = tool_output("journalctl", options);
    unsigned count = text != NULL ? add_lines(findings, text, mark) : 0;
    free(text);
    return count > 0;
}

/* --- where it goes --- */

/* What the standard error of the process is: "/path", "pipe:[1]", "socket:[1]", "/dev/pts/0". */
static bool read_standard_error(pid_t pid, char target[PATH_MAX])
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)pid, STDERR_FILENO);
    ssize_t length = readlink(path, target, PATH_MAX - 1);
    target[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static void judge_standard_error(struct findings *findings, const struct process *process,
                                 const struct settings *settings, const struct config_target *target,
                                 const char *mark)
{
    char goes_to[PATH_MAX], file[PATH_SIZE];
    struct stat status;
    if (!read_standard_error(process->pid, goes_to)) {
        finding_add(findings, FINDING_NOTE, "log", "set log-file, or log-file /dev/log for the journal",
                    "its log goes to standard error, which it has closed or can't be seen");
        return;
    }
    snprintf(file, sizeof file, "/proc/%ld/fd/%d", (long)process->pid, STDERR_FILENO);
    if (stat(file, &status) == 0 && S_ISREG(status.st_mode))
        judge_file(findings, settings, file, target->owner, mark);
    else if (strncmp(goes_to, "socket:", strlen("socket:")) != 0 || !judge_journal(findings, process, mark))
        finding_add(
            findings, FINDING_NOTE, "log",
            "set log-file, or log-file /dev/log for the journal; v6shim trace shows decisions as they are made",
            "its log goes to standard error (%s), where it can't be read again", goes_to);
}

void last_lines_judge(struct findings *findings, const struct process *process, struct config_target *target)
{
    static struct settings settings;
    char mark[MARK_SIZE];
    struct stat status;
    snprintf(mark, sizeof mark, "libv6shim[%ld]", (long)process->pid);
    settings = (struct settings){0};
    config_target_settings(target, &settings);
    const char *path = settings.log_file;
    if (path[0] == '\0')
        judge_standard_error(findings, process, &settings, target, mark);
    else if (target->elsewhere)
        finding_add(findings, FINDING_NOTE, "log", "read it there", "its log file %s is in another root", path);
    else if (stat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
        judge_file(findings, &settings, path, target->owner, mark);
    else if (!judge_journal(findings, process, mark))
        finding_add(findings, FINDING_NOTE, "log", "look into the files of syslog for libv6shim",
                    "its log goes to %s, and the journal has no line of it", path);
}
