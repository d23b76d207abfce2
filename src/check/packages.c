/* Finds the packages of files; called by check/check.c. dpkg's database is read as dpkg-query(1) reads it: a list of
   files for each package, the versions in one file, and the files that were diverted. */
#include "check/packages.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/elf/conf.h"
#include "command/common/program.h"

#define DPKG_LISTS      "/var/lib/dpkg/info"
#define DPKG_STATUS     "/var/lib/dpkg/status"
#define DPKG_DIVERSIONS "/var/lib/dpkg/diversions"
#define RPM_FORMAT      "[%{FILENAMES}\t%{=NAME}\t%{=EVR}\n]" /* a line for each file of each package */

/* A checked file by its path without links. */
struct file {
    char *path; /* NULL: an empty place */
    struct report **reports;
    size_t count;
};

/* dpkg-divert(1): what package's file is elsewhere. */
struct diversion {
    char *from, *to, *package;
    struct diversion *next;
};

struct packages {
    struct file *files; /* a hash table, its size a power of two */
    size_t size;
    bool merged; /* /bin is a link to usr/bin: lists of packages name either */
    struct diversion *diversions;
};

static size_t hash_text(const char *text)
{
    size_t hash = 2166136261u; /* FNV-1a */
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

static struct file *find_slot(const struct packages *packages, const char *path)
{
    size_t index = hash_text(path) & (packages->size - 1);
    while (packages->files[index].path != NULL && strcmp(packages->files[index].path, path) != 0)
        index = (index + 1) & (packages->size - 1);
    return &packages->files[index];
}

static void add_file(struct packages *packages, struct report *report)
{
    char *path = realpath(report->path, NULL);
    struct file *file = path == NULL ? NULL : find_slot(packages, path);
    struct report **reports =
        file == NULL ? NULL : realloc(file->reports, (file->count + 1) * sizeof(struct report *));
    if (reports == NULL) {
        free(path);
        return;
    }
    if (file->path == NULL)
        file->path = path;
    else
        free(path);
    reports[file->count++] = report;
    file->reports = reports;
}

/* What a package's list names was found. A file that another package has too (a link to it is another file) keeps its
   first. */
static void note_package(const struct packages *packages, const char *path, const char *package, const char *version)
{
    struct file *file = find_slot(packages, path);
    char merged[4096];
    if (file->path == NULL && packages->merged &&
        (strncmp(path, "/bin/", 5) == 0 || strncmp(path, "/sbin/", 6) == 0 || strncmp(path, "/lib", 4) == 0) &&
        snprintf(merged, sizeof merged, "/usr%s", path) < (int)sizeof merged)
        file = find_slot(packages, merged);
    for (size_t index = 0; file->path != NULL && index < file->count; index++)
        if (file->reports[index]->package == NULL) {
            file->reports[index]->package = report_copy(file->reports[index], package);
            file->reports[index]->package_version = report_copy(file->reports[index], version);
        }
}

/* --- dpkg --- */

static char *read_line(FILE *stream)
{
    char *line = NULL;
    size_t size = 0;
    if (getline(&line, &size, stream) < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static void read_diversions(struct packages *packages)
{
    FILE *stream = open_regular(DPKG_DIVERSIONS);
    while (stream != NULL) {
        struct diversion *diversion = calloc(1, sizeof *diversion);
        if (diversion == NULL)
            break;
        diversion->from = read_line(stream);
        diversion->to = read_line(stream);
        diversion->package = read_line(stream);
        diversion->next = packages->diversions;
        packages->diversions = diversion;
        if (diversion->package == NULL)
            break;
    }
    if (stream != NULL)
        fclose(stream);
}

/* Where the package's file of that name is. */
static const char *divert(const struct packages *packages, const char *path, const char *package)
{
    size_t length = strcspn(package, ":");
    for (const struct diversion *diversion = packages->diversions; diversion != NULL; diversion = diversion->next)
        if (diversion->package != NULL && strcmp(diversion->from, path) == 0 &&
            (strncmp(diversion->package, package, length) != 0 || diversion->package[length] != '\0'))
            return diversion->to;
    return path;
}

/* A list's name is PACKAGE.list or PACKAGE:ARCHITECTURE.list. */
static void read_list(const struct packages *packages, const char *name)
{
    char path[512], package[256], *line = NULL;
    size_t size = 0, length = strlen(name);
    if (length <= 5 || length >= sizeof package || strcmp(name + length - 5, ".list") != 0)
        return;
    snprintf(package, sizeof package, "%.*s", (int)(length - 5), name);
    snprintf(path, sizeof path, DPKG_LISTS "/%s", name);
    FILE *stream = open_regular(path);
    while (stream != NULL && getline(&line, &size, stream) > 0) {
        line[strcspn(line, "\n")] = '\0';
        note_package(packages, divert(packages, line, package), package, NULL);
    }
    if (stream != NULL)
        fclose(stream);
    free(line);
}

/* Whether a list's name for a package is that of a paragraph in the status file. */
static bool is_package(const char *listed, const char *name, const char *architecture)
{
    size_t length = strlen(name);
    return strncmp(listed, name, length) == 0 &&
           (listed[length] == '\0' || (listed[length] == ':' && strcmp(listed + length + 1, architecture) == 0));
}

static void note_version(const struct packages *packages, const char *name, const char *architecture,
                         const char *version)
{
    for (size_t place = 0; place < packages->size; place++)
        for (size_t index = 0; index < packages->files[place].count; index++) {
            struct report *report = packages->files[place].reports[index];
            if (report->package == NULL || report->package_version != NULL ||
                !is_package(report->package, name, architecture))
                continue;
            report->package_version = report_copy(report, version);
            report->package = report_copy(report, name);
        }
}

static void read_status(const struct packages *packages)
{
    char name[256] = "", architecture[64] = "", version[256] = "", *line = NULL;
    size_t size = 0;
    FILE *stream = open_regular(DPKG_STATUS);
    while (stream != NULL && getline(&line, &size, stream) > 0) {
        sscanf(line, "Package: %255s", name);
        sscanf(line, "Architecture: %63s", architecture);
        sscanf(line, "Version: %255s", version);
        if (*line != '\n' || *name == '\0')
            continue;
        note_version(packages, name, architecture, version);
        *name = *architecture = *version = '\0';
    }
    if (*name != '\0')
        note_version(packages, name, architecture, version);
    if (stream != NULL)
        fclose(stream);
    free(line);
}

/* Returns whether there is such a database. */
static bool read_dpkg(struct packages *packages)
{
    DIR *directory = opendir(DPKG_LISTS);
    if (directory == NULL)
        return false;
    read_diversions(packages);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        read_list(packages, entry->d_name);
    closedir(directory);
    read_status(packages);
    return true;
}

/* --- rpm --- */

/* Starts rpm and returns where it writes to, or NULL. What it complains about is not for the reader of the report. */
static FILE *start_rpm(const char *path, pid_t *process)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return NULL;
    fflush(NULL); /* else both write what is buffered */
    *process = fork();
    if (*process == 0) {
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(nowhere, STDIN_FILENO) >= 0 &&
            dup2(nowhere, STDERR_FILENO) >= 0)
            execl(path, "rpm", "-qa", "--qf", RPM_FORMAT, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *stream = *process < 0 ? NULL : fdopen(ends[0], "r");
    if (stream == NULL)
        close(ends[0]);
    return stream;
}

static void read_rpm(const struct packages *packages)
{
    char path[PATH_MAX], *line = NULL;
    size_t size = 0;
    pid_t process = -1;
    FILE *stream = program_find("rpm", path) == 0 ? start_rpm(path, &process) : NULL;
    while (stream != NULL && getline(&line, &size, stream) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = line, *file = strsep(&rest, "\t"), *package = strsep(&rest, "\t");
        if (package != NULL && rest != NULL)
            note_package(packages, file, package, rest);
    }
    if (stream != NULL)
        fclose(stream);
    if (process > 0)
        waitpid(process, NULL, 0);
    free(line);
}

static void free_all(struct packages *packages)
{
    for (size_t index = 0; index < packages->size; index++) {
        free(packages->files[index].path);
        free(packages->files[index].reports);
    }
    free(packages->files);
    while (packages->diversions != NULL) {
        struct diversion *diversion = packages->diversions;
        packages->diversions = diversion->next;
        free(diversion->from);
        free(diversion->to);
        free(diversion->package);
        free(diversion);
    }
}

void packages_name(struct report *const *reports, size_t count, bool ask_rpm)
{
    char link[8];
    struct packages packages = {.size = 64, .merged = readlink("/bin", link, sizeof link) > 0};
    while (packages.size < 2 * count)
        packages.size *= 2;
    packages.files = calloc(packages.size, sizeof *packages.files);
    if (packages.files == NULL)
        return;
    for (size_t index = 0; index < count; index++)
        if (reports[index] != NULL)
            add_file(&packages, reports[index]);
    if (!read_dpkg(&packages) && ask_rpm)
        read_rpm(&packages);
    free_all(&packages);
}
