/* Writes lines to the log; called wherever something is told. */
#include "preload/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/error_text.h"
#include "core/base/utc.h"
#include "core/linker/start.h"
#include "preload/base/clock.h"
#include "preload/log/log_file.h"
#include "preload/log/quiet_write.h"

#define PROGRAM_LENGTH 40

_Atomic int log_decisions START_DATA;
static _Atomic int wanted_level = LOG_LEVEL_WARNING;
static const char *_Atomic log_path START_DATA;
static atomic_bool log_path_failed START_DATA;

/* Standard error at the start; where `known` is false nothing was there, or it is a socket to a peer. */
static struct {
    bool started, known;
    dev_t device;
    ino_t inode;
} standard_error START_DATA;

static bool is_internet_socket(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t length = sizeof domain;
    return syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
           (domain == AF_INET || domain == AF_INET6);
}

START_CODE void log_start(void)
{
    struct stat status;
    int saved = errno;
    standard_error.known =
        fstat(STDERR_FILENO, &status) == 0 && !(S_ISSOCK(status.st_mode) && is_internet_socket(STDERR_FILENO));
    if (standard_error.known) {
        standard_error.device = status.st_dev;
        standard_error.inode = status.st_ino;
    }
    standard_error.started = true;
    errno = saved;
}

START_CODE void log_to(enum log_level level, const char *log_file)
{
    atomic_store(&wanted_level, level);
    if (level >= LOG_LEVEL_INFO)
        atomic_fetch_or(&log_decisions, EVENTS_TO_LOG);
    else
        atomic_fetch_and(&log_decisions, ~EVENTS_TO_LOG);
    atomic_store(&log_path, log_file != NULL && log_file[0] != '\0' ? log_file : NULL);
    atomic_store(&log_path_failed, false);
}

void log_keep_file(void)
{
    int saved = errno;
    const char *path = atomic_load(&log_path);
    if (path != NULL)
        log_file_keep(path);
    errno = saved;
}

bool log_wants(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&wanted_level, memory_order_relaxed);
}

static void write_to_standard_error(const struct text *line)
{
    struct stat now;
    if (fstat(STDERR_FILENO, &now) != 0)
        return;
    if (standard_error.started &&
        (!standard_error.known || now.st_dev != standard_error.device || now.st_ino != standard_error.inode))
        return;
    if (S_ISSOCK(now.st_mode) && is_internet_socket(STDERR_FILENO))
        return;
    /* One write: lines of several threads don't mix. One that is not written whole has nobody to be told to. */
    quiet_write(STDERR_FILENO, now.st_mode, line->data, line->length);
}

/* By the path that was executed: argv[0] may have been written over (setproctitle()), and libc's copy of its name is
   not the same variable in every libc. No more of it than leaves room for the message. */
static void add_program(struct text *line)
{
    char name[PROGRAM_LENGTH + 1];
    const char *path = (const char *)getauxval(AT_EXECFN);
    if (path == NULL)
        return;
    const char *slash = strrchr(path, '/');
    struct text cut = text_on(name, sizeof name);
    text_add_quoted(&cut, slash != NULL ? slash + 1 : path);
    text_add(line, " ");
    text_add_bytes(line, cut.data, cut.length);
}

static struct text start_line(char *data, size_t size, bool dated)
{
    struct text line = text_on(data, size);
    if (dated) {
        text_add_utc(&line, clock_calendar_s());
        text_add(&line, " ");
    }
    text_add(&line, "libv6shim[");
    text_add_number(&line, syscall(SYS_getpid));
    text_add(&line, "]");
    add_program(&line);
    text_add(&line, ": ");
    return line;
}

static void end_line(struct text *line)
{
    if (line->length + 1 >= line->size)
        line->length = line->size - 2;
    line->data[line->length++] = '\n';
    line->data[line->length] = '\0';
}

/* In `data` of LOG_LINE_SIZE. */
static void tell_failed_log(char *data, const char *path, const char *fault)
{
    struct text line = start_line(data, LOG_LINE_SIZE, false);
    text_add(&line, "cannot write to the log file ");
    text_add_quoted(&line, path);
    text_add(&line, ": ");
    text_add(&line, fault);
    text_add(&line, "; logging to standard error (set log-file to a writable path)");
    end_line(&line);
    write_to_standard_error(&line);
}

static struct text make_line(char *data, const struct text *message, bool dated)
{
    struct text line = start_line(data, LOG_LINE_SIZE, dated);
    text_add_bytes(&line, message->data, message->length);
    end_line(&line);
    return line;
}

void log_line(enum log_level level, const struct text *message)
{
    if (!log_wants(level))
        return;
    int saved = errno;
    char data[LOG_LINE_SIZE]; /* the only one: a line may be written where the stack is nearly used up */
    const char *path = atomic_load(&log_path);
    struct text line = make_line(data, message, path != NULL);
    const char *fault = path != NULL ? log_file_add(path, &line) : NULL;
    if (fault != NULL) {
        if (!atomic_exchange(&log_path_failed, true))
            tell_failed_log(data, path, fault);
        line = make_line(data, message, false);
    }
    if (path == NULL || fault != NULL)
        write_to_standard_error(&line);
    errno = saved;
}

void log_message(enum log_level level, const char *message)
{
    log_error(level, message, NULL, 0);
}

void log_error(enum log_level level, const char *message, const char *subject, int error)
{
    if (!log_wants(level))
        return;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, message);
    if (subject != NULL) {
        text_add(&line, " ");
        text_add_quoted(&line, subject);
    }
    if (error != 0) {
        const char *words = error_words(error); /* a constant string: strerror() may allocate */
        text_add(&line, ": ");
        text_add(&line, words != NULL ? words : "unknown error");
    }
    log_line(level, &line);
}

void log_add_destination(struct text *text)
{
    const char *path = atomic_load(&log_path);
    struct stat status;
    if (path != NULL) {
        text_add(text, path);
    } else if (fstat(STDERR_FILENO, &status) != 0) {
        text_add(text, "nowhere");
    } else if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) {
        text_add(text, "a pipe");
    } else {
        text_add_unsigned(text, status.st_dev);
        text_add(text, ":");
        text_add_unsigned(text, status.st_ino);
    }
}
