#include "runtime/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOG_FILE_MODE 0600

_Atomic int observe_decisions;
static _Atomic int wanted_level = OBSERVE_WARNING;
static const char *_Atomic log_path;
static atomic_bool log_path_failed;

/* Standard error at the start; where `known` is false nothing was there, or it is a socket to a peer. */
static struct {
    bool started, known;
    dev_t device;
    ino_t inode;
} standard_error;

/* System calls made directly: the names write(), open() and close() may be interposed by others, or by ourselves. */
static long sys_close(int fd)
{
    return syscall(SYS_close, fd);
}

static bool is_internet_socket(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t length = sizeof domain;
    return syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
           (domain == AF_INET || domain == AF_INET6);
}

void observe_start(void)
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

void observe_to(enum observe_level level, const char *log_file)
{
    atomic_store(&wanted_level, level);
    if (level >= OBSERVE_INFO)
        atomic_fetch_or(&observe_decisions, OBSERVE_BY_LOG);
    else
        atomic_fetch_and(&observe_decisions, ~OBSERVE_BY_LOG);
    atomic_store(&log_path, log_file != NULL && log_file[0] != '\0' ? log_file : NULL);
    atomic_store(&log_path_failed, false);
}

bool observe_wants(enum observe_level level)
{
    return (int)level <= atomic_load_explicit(&wanted_level, memory_order_relaxed);
}

static void write_whole(int fd, const struct text *line)
{
    /* One write: lines of several threads don't mix. A short write or an error has nobody to be told to. */
    long ignored = syscall(SYS_write, fd, line->data, line->length);
    (void)ignored;
}

static void write_to_standard_error(const struct text *line)
{
    struct stat now;
    if (standard_error.started && (!standard_error.known || fstat(STDERR_FILENO, &now) != 0 ||
                                   now.st_dev != standard_error.device || now.st_ino != standard_error.inode))
        return;
    write_whole(STDERR_FILENO, line);
}

static bool write_to_file(const char *path, const struct text *line)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path,
                          O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, LOG_FILE_MODE);
    if (fd < 0)
        return false;
    write_whole(fd, line);
    sys_close(fd);
    return true;
}

static struct text start_line(char *data, size_t size)
{
    struct text line = text_on(data, size);
    text_add(&line, "libv6shim[");
    text_add_number(&line, syscall(SYS_getpid));
    text_add(&line, "]: ");
    return line;
}

static void end_line(struct text *line)
{
    if (line->length + 1 >= line->size)
        line->length = line->size - 2;
    line->data[line->length++] = '\n';
    line->data[line->length] = '\0';
}

static void tell_failed_log(const char *path, int error)
{
    char data[OBSERVE_LINE_SIZE];
    struct text line = start_line(data, sizeof data);
    text_add(&line, "cannot write to the log file ");
    text_add_quoted(&line, path);
    text_add(&line, ": ");
    text_add(&line, strerrordesc_np(error));
    text_add(&line, "; logging to standard error (set log-file to a writable path)");
    end_line(&line);
    write_to_standard_error(&line);
}

void observe_line(enum observe_level level, const struct text *message)
{
    if (!observe_wants(level))
        return;
    int saved = errno;
    char data[OBSERVE_LINE_SIZE];
    struct text line = start_line(data, sizeof data);
    text_add_bytes(&line, message->data, message->length);
    end_line(&line);
    const char *path = atomic_load(&log_path);
    if (path == NULL || !write_to_file(path, &line)) {
        if (path != NULL && !atomic_exchange(&log_path_failed, true))
            tell_failed_log(path, errno);
        write_to_standard_error(&line);
    }
    errno = saved;
}

void observe(enum observe_level level, const char *message)
{
    observe_error(level, message, NULL, 0);
}

void observe_error(enum observe_level level, const char *message, const char *subject, int error)
{
    if (!observe_wants(level))
        return;
    char data[OBSERVE_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, message);
    if (subject != NULL) {
        text_add(&line, " ");
        text_add_quoted(&line, subject);
    }
    if (error != 0) {
        const char *words = strerrordesc_np(error); /* a constant string: strerror() may allocate */
        text_add(&line, ": ");
        text_add(&line, words != NULL ? words : "unknown error");
    }
    observe_line(level, &line);
}
