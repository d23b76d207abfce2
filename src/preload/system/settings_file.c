/* Reads a configuration file; called by settings_sources.c and v6shim config. */
#include "preload/system/settings_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/linker/start.h"
#include "preload/base/raw_file.h"

/* read() until the end, by direct system calls: the names may be interposed. One byte more than is allowed tells a
   file that is too long. */
static int read_whole(int fd, struct settings_file *file)
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
        if (file->length > SETTINGS_FILE_SIZE)
            return EFBIG;
    }
}

/* Whether it may be read. The home directory may be another user's (as sudo leaves it), and then what is in it is
   nothing to complain of: EACCES, as if it could not be opened. */
static bool is_own(int fd, uid_t owner, struct settings_file *file)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || (status.st_uid != 0 && status.st_uid != owner))
        file->error = EACCES;
    else if (!S_ISREG(status.st_mode))
        file->fault = "it is no regular file";
    else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        file->fault = "others may write to it (chmod go-w)";
    return file->error == 0 && file->fault == NULL;
}

static void read_text(int fd, struct settings_file *file)
{
    char *text = mmap(NULL, SETTINGS_FILE_SIZE + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (text == MAP_FAILED) {
        file->error = ENOMEM;
        return;
    }
    file->text = text;
    file->error = read_whole(fd, file);
    if (file->error == 0)
        return;
    const char *last = memrchr(text, '\n', file->length); /* no half of a line is taken for a whole */
    file->length = last == NULL ? 0 : (size_t)(last - text);
}

/* O_NONBLOCK: a FIFO without a writer must not stop the program. */
START_CODE void settings_file_read(struct settings_file *file, uid_t owner)
{
    int own = owner != SETTINGS_FILE_ANY ? O_NOFOLLOW : 0;
    int fd = raw_openat(AT_FDCWD, file->path, O_RDONLY | O_NOCTTY | O_NONBLOCK | own, 0);
    if (fd < 0) {
        file->error = errno;
        if (own != 0 && errno == ELOOP)
            file->fault = "it is a symbolic link";
        return;
    }
    if (own == 0 || is_own(fd, owner, file))
        read_text(fd, file);
    raw_close(fd);
}

START_CODE void settings_file_release(struct settings_file *file)
{
    if (file->text != NULL)
        munmap(file->text, SETTINGS_FILE_SIZE + 1);
    file->text = NULL;
}
