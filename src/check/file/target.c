/* Lists the files to be checked, from arguments, directories and standard input; called by check/check.c. */
#include "check/file/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int add(struct check_targets *targets, const char *path, pid_t pid, bool named)
{
    if (targets->count == targets->size) {
        size_t size = targets->size == 0 ? 64 : targets->size * 2;
        struct check_target *list = realloc(targets->list, size * sizeof *list);
        if (list == NULL)
            return -ENOMEM;
        targets->list = list;
        targets->size = size;
    }
    char *copy = strdup(path);
    if (copy == NULL)
        return -ENOMEM;
    targets->list[targets->count++] = (struct check_target){copy, pid, named};
    return 0;
}

static int compare_names(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

static int add_directory(struct check_targets *targets, const char *path)
{
    char *copy = strdup(path);
    char *roots[] = {copy, NULL};
    FTS *tree = copy == NULL ? NULL : fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare_names);
    int error = tree == NULL ? -ENOMEM : 0;
    for (FTSENT *entry; error == 0 && !*targets->stop && (entry = fts_read(tree)) != NULL;) {
        if (targets->listing != NULL)
            targets->listing(targets->count, entry->fts_path, targets->context);
        bool executable =
            entry->fts_info == FTS_F && (entry->fts_statp->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
        if (executable)
            error = add(targets, entry->fts_path, 0, false);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            /* reading it again says why: its path may be too long for the kernel */
            error = add(targets, entry->fts_path, 0, true);
    }
    if (tree != NULL)
        fts_close(tree);
    free(copy);
    return error;
}

int check_targets_add(struct check_targets *targets, const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return add_directory(targets, path);
    return add(targets, path, 0, true);
}

/* Whether a regular file may be a program: it is executable, or a library (which needn't be) and the like. */
static bool is_candidate(const char *path, const struct stat *status)
{
    if (!S_ISREG(status->st_mode) || (status->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0)
        return S_ISREG(status->st_mode);
    char magic[SELFMAG];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool elf = fd >= 0 && read(fd, magic, sizeof magic) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
    if (fd >= 0)
        close(fd);
    return elf;
}

/* One line of a list. Its carriage return is taken off where only that makes it the name of a file. */
static int add_line(struct check_targets *targets, char *line, size_t length)
{
    struct stat status;
    if (length == 0)
        return 0;
    bool found = stat(line, &status) == 0;
    if (!found && line[length - 1] == '\r') {
        line[--length] = '\0';
        if (length == 0)
            return 0;
        found = stat(line, &status) == 0;
    }
    if (found && !is_candidate(line, &status))
        return 0;
    return add(targets, line, 0, !found);
}

int check_targets_add_list(struct check_targets *targets, FILE *stream, int delimiter)
{
    char *line = NULL;
    size_t size = 0;
    int error = 0;
    for (ssize_t length; error == 0 && !*targets->stop && (length = getdelim(&line, &size, delimiter, stream)) > 0;) {
        if (line[length - 1] == delimiter)
            line[--length] = '\0';
        error = add_line(targets, line, (size_t)length);
    }
    free(line);
    return error;
}

int check_targets_add_process(struct check_targets *targets, pid_t pid)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) {
        snprintf(path, sizeof path, "process %ld", (long)pid);
        return add(targets, path, pid, true);
    }
    path[length] = '\0';
    return add(targets, path, pid, true);
}

void check_targets_free(struct check_targets *targets)
{
    for (size_t index = 0; index < targets->count; index++)
        free(targets->list[index].path);
    free(targets->list);
    *targets = (struct check_targets){0};
}
