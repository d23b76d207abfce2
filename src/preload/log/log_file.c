/* Adds lines to the log file; called by log.c. */
#include "preload/log/log_file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "core/base/error_text.h"
#include "core/linker/start.h"
#include "preload/base/raw_file.h"
#include "preload/base/ready.h"
#include "preload/log/quiet_write.h"

#define LOG_FILE_MODE    0600
#define SYSLOG_PRIORITY  "<29>" /* facility daemon, severity notice */
#define SYSLOG_HEAD_SIZE 64
#define HIGH_NUMBERS     1024 /* the descriptor's, or in the upper half of a smaller limit */

/* `number` is the descriptor's, and 0 where there is none: standard input is never ours. */
static struct {
    _Atomic int number;
    _Atomic uint64_t device, inode;
} kept START_DATA;

/* Why lines are not to be added to this file; NULL: they may be. Where others can make files, one that waits under
   the name of the log could be a link to any file of this user's, or theirs to read. */
static const char *find_fault(const struct stat *status)
{
    return !S_ISREG(status->st_mode)                            ? "it is no regular file"
           : status->st_nlink > 1                               ? "it has another name (a hard link)"
           : status->st_uid != 0 && status->st_uid != geteuid() ? "it is another user's"
                                                                : NULL;
}

/* A descriptor of the file, or -1 and what is wrong. */
static int open_file(const char *path, struct stat *status, const char **fault)
{
    int fd =
        raw_openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, LOG_FILE_MODE);
    if (fd < 0) {
        *fault = errno == ELOOP ? "it is a symbolic link" : error_words(errno);
        return -1;
    }
    *fault = fstat(fd, status) != 0 ? error_words(errno) : find_fault(status);
    if (*fault == NULL)
        return fd;
    raw_close(fd);
    return -1;
}

/* Not a file that has been removed: nobody would read what goes there. */
static bool find_kept(int *fd, struct stat *status)
{
    *fd = atomic_load(&kept.number);
    return *fd != 0 && fstat(*fd, status) == 0 && S_ISREG(status->st_mode) && status->st_nlink == 1 &&
           status->st_dev == atomic_load(&kept.device) && status->st_ino == atomic_load(&kept.inode);
}

/* What `fd` leads to. A number that the program has taken from us is not closed: it is the program's. */
static void keep(int fd, const struct stat *status)
{
    struct stat now;
    struct rlimit limit;
    int old;
    if (geteuid() != 0 || !owns_memory() || find_kept(&old, &now))
        return;
    bool small = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= 2 * HIGH_NUMBERS;
    int high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, small ? (int)(limit.rlim_cur / 2) : HIGH_NUMBERS);
    if (high < 0)
        return;
    if (!atomic_compare_exchange_strong(&kept.number, &old, high)) {
        raw_close(high); /* another thread was quicker */
        return;
    }
    atomic_store(&kept.device, status->st_dev);
    atomic_store(&kept.inode, status->st_ino);
}

/* The line as syslog(3) sends it (RFC 3164): its priority, who says it, and no time, which the receiver adds. */
static const char *send_to_syslog(const char *path, const struct text *line)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *begin = strchr(line->data, ' '), *words = begin != NULL ? strchr(begin + 1, ' ') : NULL;
    if (words == NULL || strlen(path) >= sizeof to.sun_path)
        return "its name is too long for a socket";
    memcpy(to.sun_path, path, strlen(path) + 1);
    char head_data[SYSLOG_HEAD_SIZE];
    struct text head = text_on(head_data, sizeof head_data);
    text_add(&head, SYSLOG_PRIORITY);
    text_add_bytes(&head, begin + 1, (size_t)(words - begin - 1));
    text_add(&head, ":");
    struct iovec parts[] = {
        {.iov_base = head_data, .iov_len = head.length},
        {.iov_base = (void *)(uintptr_t)words, .iov_len = line->length - (size_t)(words - line->data) - 1}};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2};
    int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_words(errno);
    bool sent = syscall(SYS_sendmsg, fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
    const char *fault = sent ? NULL : error_words(errno);
    raw_close(fd);
    return fault;
}

/* Not inline: its status is not on the stack while standard error is written to. */
__attribute__((noinline)) const char *log_file_add(const char *path, const struct text *line)
{
    struct stat status;
    const char *fault;
    int fd = open_file(path, &status, &fault), old;
    /* /dev/log is a link with systemd. */
    if (fd < 0 && stat(path, &status) == 0 && S_ISSOCK(status.st_mode) &&
        (status.st_uid == 0 || status.st_uid == geteuid()))
        return send_to_syslog(path, line);
    if (fd >= 0) {
        quiet_write(fd, status.st_mode, line->data, line->length);
        keep(fd, &status);
        raw_close(fd);
    } else if (find_kept(&old, &status)) {
        quiet_write(old, status.st_mode, line->data, line->length);
        fault = NULL;
    }
    return fault;
}

void log_file_keep(const char *path)
{
    struct stat status;
    const char *fault;
    int fd;
    if (geteuid() != 0 || find_kept(&fd, &status))
        return;
    fd = open_file(path, &status, &fault);
    if (fd < 0)
        return;
    keep(fd, &status);
    raw_close(fd);
}
