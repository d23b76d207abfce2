/* Reads /proc/PID; called by v6shim status and v6shim doctor. */
#include "command/doctor/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY       "libv6shim.so"
#define DELETED       " (deleted)"
#define PROC_SIZE     64  /* "/proc/", a number, "/", the name of a file */
#define SOCKETS_FIRST 16u /* room for so many at first */
#define DECIMAL       10

#define LIBRARY_SIZE_MAX (64 * 1024 * 1024) /* ours has less than one, and with all for the debugger a few */

static FILE *open_file(pid_t pid, const char *name)
{
    char path[PROC_SIZE];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    return fopen(path, "re");
}

/* A line of maps names the file after five fields; whether that is the library. */
static bool take_mapping(char *line, struct process *process)
{
    char *path = strchr(line, '/');
    if (path == NULL)
        return false;
    path[strcspn(path, "\n")] = '\0';
    size_t length = strlen(path), ending = sizeof DELETED - 1;
    bool replaced = length > ending && strcmp(path + length - ending, DELETED) == 0;
    if (replaced)
        path[length - ending] = '\0';
    if (strcmp(strrchr(path, '/') + 1, LIBRARY) != 0)
        return false;
    snprintf(process->library, sizeof process->library, "%s", path);
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %" SCNu64, &process->begin, &process->end,
               &process->inode) != 3)
        process->begin = process->end = process->inode = 0;
    process->replaced = replaced;
    return true;
}

static enum process_library read_maps(struct process *process)
{
    FILE *maps = open_file(process->pid, "maps");
    if (maps == NULL)
        return PROCESS_UNREADABLE;
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    errno = 0;
    while (!found && getline(&line, &size, maps) >= 0)
        found = take_mapping(line, process);
    int error = errno;
    free(line);
    fclose(maps);
    errno = error;
    return found ? PROCESS_WITH : error != 0 ? PROCESS_UNREADABLE : PROCESS_WITHOUT;
}

/* The second number of "Uid:\treal\teffective\tsaved\tfs". */
static bool read_status(struct process *process)
{
    FILE *status = open_file(process->pid, "status");
    if (status == NULL)
        return false;
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    while (!found && getline(&line, &size, status) >= 0) {
        if (strncmp(line, "Uid:", 4) != 0)
            continue;
        char *rest = line + 4;
        strtoul(rest, &rest, DECIMAL);
        process->user = (uid_t)strtoul(rest, NULL, DECIMAL);
        found = true;
    }
    free(line);
    fclose(status);
    return found;
}

static void read_name(struct process *process)
{
    FILE *comm = open_file(process->pid, "comm");
    if (comm == NULL || fgets(process->name, sizeof process->name, comm) == NULL)
        process->name[0] = '\0';
    process->name[strcspn(process->name, "\n")] = '\0';
    if (comm != NULL)
        fclose(comm);
}

enum process_library process_read(pid_t pid, struct process *process)
{
    *process = (struct process){.pid = pid};
    if (!read_status(process))
        return PROCESS_UNREADABLE;
    read_name(process);
    return read_maps(process);
}

/* --- the library's version --- */

/* The file that is mapped, and no other: what has its name by now may be anything. It is looked at before it is
   opened. */
static int open_mapped(const struct process *process, const char *path)
{
    struct stat status;
    char opened[PROC_SIZE];
    int place = open(path, O_PATH | O_CLOEXEC), fd = -1;
    if (place >= 0 && fstat(place, &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == process->inode) {
        snprintf(opened, sizeof opened, "/proc/self/fd/%d", place);
        fd = open(opened, O_RDONLY | O_CLOEXEC);
    }
    if (place >= 0)
        close(place);
    return fd;
}

static int open_library(const struct process *process)
{
    char path[PROC_SIZE + PATH_MAX];
    snprintf(path, sizeof path, "/proc/%ld/map_files/%" PRIx64 "-%" PRIx64, (long)process->pid, process->begin,
             process->end);
    int fd = open_mapped(process, path); /* for root alone */
    if (fd >= 0)
        return fd;
    snprintf(path, sizeof path, "/proc/%ld/root%s", (long)process->pid, process->library);
    return open_mapped(process, path);
}

/* What preload/init.c says once it is loaded: "version 1.2.3 is loaded". */
static bool find_version(const char *bytes, size_t size, char version[PROCESS_VERSION_SIZE])
{
    static const char before[] = "version ", behind[] = " is loaded";
    for (const char *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), before, sizeof before - 1)) != NULL;) {
        at += sizeof before - 1;
        size_t left = size - (size_t)(at - bytes), length = 0;
        while (length < left && length < PROCESS_VERSION_SIZE - 1 &&
               (isalnum((unsigned char)at[length]) || strchr(".-+~_", at[length]) != NULL) && at[length] != '\0')
            length++;
        if (length == 0 || left - length < sizeof behind || memcmp(at + length, behind, sizeof behind) != 0)
            continue;
        memcpy(version, at, length);
        version[length] = '\0';
        return true;
    }
    return false;
}

bool process_library_version(const struct process *process, char version[PROCESS_VERSION_SIZE])
{
    struct stat status;
    bool found = false;
    int fd = process->inode != 0 ? open_library(process) : -1;
    if (fd < 0)
        return false;
    char *bytes = fstat(fd, &status) == 0 && status.st_size > 0 && status.st_size <= LIBRARY_SIZE_MAX
                      ? malloc((size_t)status.st_size)
                      : NULL;
    ssize_t size = bytes != NULL ? pread(fd, bytes, (size_t)status.st_size, 0) : 0;
    if (size > 0)
        found = find_version(bytes, (size_t)size, version);
    free(bytes);
    close(fd);
    return found;
}

/* --- its sockets --- */

/* The inode of a descriptor that is a socket ("socket:[4711]"), else 0. */
static uint64_t inode_of(int directory, const char *name)
{
    char text[PROC_SIZE];
    uint64_t inode;
    ssize_t length = readlinkat(directory, name, text, sizeof text - 1);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    return sscanf(text, "socket:[%" SCNu64 "]", &inode) == 1 ? inode : 0;
}

static int by_number(const void *left, const void *right)
{
    const struct process_socket *one = left, *other = right;
    return (one->fd > other->fd) - (one->fd < other->fd);
}

struct process_socket *process_sockets(pid_t pid, size_t *count, bool *unreadable)
{
    char path[PROC_SIZE];
    struct process_socket *list = NULL;
    size_t room = 0;
    *count = 0;
    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    DIR *directory = opendir(path);
    *unreadable = directory == NULL;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        uint64_t inode = inode_of(dirfd(directory), entry->d_name);
        if (inode == 0)
            continue;
        if (*count == room) {
            room = room == 0 ? SOCKETS_FIRST : 2 * room;
            struct process_socket *more = reallocarray(list, room, sizeof *list);
            if (more == NULL)
                break;
            list = more;
        }
        list[(*count)++] = (struct process_socket){(int)strtol(entry->d_name, NULL, DECIMAL), inode};
    }
    if (directory != NULL)
        closedir(directory);
    if (list != NULL)
        qsort(list, *count, sizeof *list, by_number);
    return list;
}
