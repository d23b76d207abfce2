/* Judges the library and what the loader does with it; called by v6shim doctor. */
#include "command/doctor/host.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/preload.h"
#include "command/common/program.h"

#define LD_SO_PRELOAD "/etc/ld.so.preload"
#define MUSL_LOADERS  "/lib/ld-musl-*.so.1"
#define SEPARATORS    " :\t\r\n" /* of ld.so.preload, ld.so(8) */
#define LIBRARY       "libv6shim.so"
#define LINE_SIZE     1024 /* of what the loader says */

/* Loaders of programs that another library is needed for, where they are installed. */
static const char *const other_loaders[] = {"/lib/ld-linux.so.2", "/lib/ld-linux-armhf.so.3",
                                            "/lib64/ld-linux-x86-64.so.2"};

/* Becomes this command, that prints its version, with the library, and standard error on `output`. */
__attribute__((noreturn)) static void run_with(const char *library, int output)
{
    char self[] = "/proc/self/exe", option[] = "--version";
    char *arguments[] = {self, option, NULL};
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    setenv("LD_PRELOAD", library, 1);
    setenv("V6SHIM_LOG", "quiet", 1);
    if (nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0)
        execv(self, arguments);
    _exit(EXIT_STATUS_NOT_EXECUTABLE);
}

/* What the loader says when it doesn't take the library; false: it takes it. glibc's says "ERROR: ld.so: object ...
   cannot be preloaded", or which symbol version it has not. A file that is cut behind its headers is mapped, and the
   program dies. */
static bool is_refused(const char *library, char line[LINE_SIZE])
{
    int ends[2];
    bool refused = false;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t child = fork();
    if (child == 0)
        run_with(library, ends[1]);
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    while (!refused && output != NULL && fgets(line, LINE_SIZE, output) != NULL)
        refused = strstr(line, "cannot be preloaded") != NULL || strstr(line, ": version `") != NULL;
    line[strcspn(line, "\n")] = '\0';
    if (output != NULL)
        fclose(output);
    else
        close(ends[0]);
    int status;
    if (child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status)) {
        snprintf(line, LINE_SIZE, "a program with it was killed: %s", strsignal(WTERMSIG(status)));
        refused = true;
    }
    return refused;
}

static void judge_other_classes(struct findings *findings)
{
    struct program own, other;
    if (program_read("/proc/self/exe", &own) != 0)
        return;
    for (size_t index = 0; index < sizeof other_loaders / sizeof other_loaders[0]; index++) {
        if (program_read(other_loaders[index], &other) != 0 ||
            (other.elf_class == own.elf_class && other.machine == own.machine) || preload_has_class(&other))
            continue;
        finding_add(findings, FINDING_NOTE, "library-class",
                    "install the library for them beside this one (README, Install)",
                    "programs of %s run here, but no library is there for them", other_loaders[index]);
    }
}

static void judge_musl(struct findings *findings)
{
    char file[PATH_MAX];
    glob_t found = {.gl_pathc = 0};
    if (glob(MUSL_LOADERS, 0, NULL, &found) == 0 && found.gl_pathc > 0 && !preload_has_musl(file))
        finding_add(findings, FINDING_NOTE, "library-musl",
                    "install the library for them beside this one (README, Install)",
                    "programs of %s run here, but no library is there for them", found.gl_pathv[0]);
    globfree(&found);
}

/* One name of ld.so.preload. */
static void judge_entry(struct findings *findings, const char *entry)
{
    char path[PATH_MAX];
    bool ours = strstr(entry, LIBRARY) != NULL;
    bool there = strchr(entry, '/') == NULL || preload_expand(entry, "/proc/self/exe", path);
    if (!there)
        finding_add(findings, FINDING_WRONG, "ld.so.preload", "take the line out, or install the file",
                    LD_SO_PRELOAD " names %s, which is not there: each program complains", entry);
    else if (ours)
        finding_add(findings, FINDING_NOTE, "ld.so.preload", "",
                    LD_SO_PRELOAD " names %s: every program of this host has it", entry);
}

static void judge_ld_so_preload(struct findings *findings)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(LD_SO_PRELOAD, "re");
    while (file != NULL && getline(&line, &size, file) >= 0) {
        char *rest = line, *entry;
        line[strcspn(line, "#\n")] = '\0';
        while ((entry = strsep(&rest, SEPARATORS)) != NULL)
            if (entry[0] != '\0')
                judge_entry(findings, entry);
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

static void judge_own_class(struct findings *findings, const char *path)
{
    char file[PATH_MAX], line[LINE_SIZE] = "";
    const char *named = getenv("V6SHIM_LIBRARY");
    if (named != NULL && named[0] != '\0' && strcmp(named, path) != 0)
        finding_add(findings, FINDING_WRONG, "library", "name a shared library by its absolute path, or none",
                    "V6SHIM_LIBRARY names %s, which is not taken", named);
    if (!preload_expand(path, "/proc/self/exe", file))
        finding_add(findings, FINDING_WRONG, "library", "install it there", "there is no library %s", path);
    else if (is_refused(file, line))
        finding_add(findings, FINDING_WRONG, "library", "install it anew", "the library can't be loaded: %s: %s",
                    file, line);
    else
        finding_add(findings, FINDING_GOOD, "library", "", "the library is %s", file);
}

void host_judge_library(struct findings *findings)
{
    char path[PATH_MAX];
    if (preload_find(NULL, path)) {
        judge_own_class(findings, path);
        judge_other_classes(findings);
        judge_musl(findings);
    } else {
        finding_add(findings, FINDING_WRONG, "library", "install it there, or name it in V6SHIM_LIBRARY",
                    "there is no library %s", path);
    }
    judge_ld_so_preload(findings);
}
