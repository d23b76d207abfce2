/* Reads ld.so.conf(5)'s list of directories; called by check/elf/search.c. */
#include "check/elf/conf.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MOST 8 /* of files that include others: one may include itself */

FILE *open_regular(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    FILE *stream = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
    if (stream == NULL && fd >= 0)
        close(fd);
    return stream;
}

static void read_file(FILE *list, const char *path, unsigned depth);

/* A pattern, relative to the including file's directory. */
static void include(FILE *list, const char *from, const char *pattern, unsigned depth)
{
    char path[PATH_MAX];
    glob_t found;
    int directory = *pattern == '/' ? 0 : (int)(strrchr(from, '/') - from) + 1;
    if (snprintf(path, sizeof path, "%.*s%s", directory, from, pattern) >= (int)sizeof path ||
        glob(path, 0, NULL, &found) != 0)
        return;
    for (size_t index = 0; index < found.gl_pathc; index++)
        read_file(list, found.gl_pathv[index], depth + 1);
    globfree(&found);
}

static void read_file(FILE *list, const char *path, unsigned depth)
{
    char *line = NULL;
    size_t size = 0;
    FILE *stream = depth < DEPTH_MOST ? open_regular(path) : NULL;
    while (stream != NULL && getline(&line, &size, stream) > 0) {
        line[strcspn(line, "#\n")] = '\0';
        char *rest = line;
        for (char *word; (word = strsep(&rest, " \t,")) != NULL;) {
            if (strcmp(word, "include") == 0) {
                while (rest != NULL && (word = strsep(&rest, " \t")) != NULL)
                    if (*word != '\0')
                        include(list, path, word, depth);
                break;
            }
            if (*word == '/')
                fprintf(list, "%s:", word);
        }
    }
    if (stream != NULL)
        fclose(stream);
    free(line);
}

char *elf_conf_read(const char *path)
{
    char *directories = NULL;
    size_t size;
    FILE *list = open_memstream(&directories, &size);
    if (list == NULL)
        return NULL;
    read_file(list, path, 0);
    if (fclose(list) == 0)
        return directories;
    free(directories);
    return NULL;
}
