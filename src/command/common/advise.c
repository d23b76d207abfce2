/* Warns when a preload can't reach a program; called by command/common/launch.c before the start. */
#include "command/common/advise.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/common/command.h"

#define REASON_SIZE (PATH_MAX + 256)

/* Secure execution (ld.so(8)), as the kernel decides: other ids than the caller's, or capabilities gained. */
static const char *secure_reason(const char *path, const struct program *program)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return NULL;
    if (program->setuid && status.st_uid != getuid())
        return "is setuid: the loader ignores LD_PRELOAD for it";
    if (program->setgid && status.st_gid != getgid())
        return "is setgid: the loader ignores LD_PRELOAD for it";
    if (program->capabilities && getuid() != 0)
        return "has file capabilities: the loader ignores LD_PRELOAD for it";
    return NULL;
}

static const char *class_name(int elf_class)
{
    return elf_class == ELFCLASS32 ? "32-bit" : "64-bit";
}

/* Why the library can't work in this program, or NULL. `buffer` has REASON_SIZE bytes. */
static const char *find_reason(const char *path, const struct program *program, const struct program *library,
                               char *buffer)
{
    char machine[32], library_machine[32];
    switch (program->kind) {
    case PROGRAM_STATIC:
    case PROGRAM_STATIC_PIE:
        return "is statically linked: LD_PRELOAD cannot reach it";
    case PROGRAM_OBJECT:
    case PROGRAM_SCRIPT: /* more of them in a row than the kernel follows */
        return "is nothing that can be run";
    case PROGRAM_LIBRARY:
    case PROGRAM_OTHER:
        return NULL;
    case PROGRAM_DYNAMIC:
        break;
    }
    if (program->machine != library->machine) {
        snprintf(buffer, REASON_SIZE, "is for %s, libv6shim.so for %s",
                 program_machine_name(program->machine, machine, sizeof machine),
                 program_machine_name(library->machine, library_machine, sizeof library_machine));
        return buffer;
    }
    if (program->elf_class != library->elf_class) {
        snprintf(buffer, REASON_SIZE, "is a %s program, libv6shim.so is %s", class_name(program->elf_class),
                 class_name(library->elf_class));
        return buffer;
    }
    if (program_uses_musl(program) == library->needs_others) {
        snprintf(buffer, REASON_SIZE, "uses %s (%s), libv6shim.so is for %s",
                 library->needs_others ? "the musl C library" : "another C library", program->interpreter,
                 library->needs_others ? "the GNU C library" : "musl");
        return buffer;
    }
    return secure_reason(path, program);
}

bool advise_find(const char *path, const struct program *library, char reason[ADVISE_REASON_SIZE])
{
    char place[PATH_MAX], buffer[REASON_SIZE];
    struct program program;
    snprintf(place, sizeof place, "%s", path);
    if (!program_read_started(place, &program))
        return false;
    const char *found = find_reason(place, &program, library, buffer);
    if (found == NULL)
        return false;
    if (strcmp(place, path) == 0)
        snprintf(reason, ADVISE_REASON_SIZE, "%s %s", path, found);
    else
        snprintf(reason, ADVISE_REASON_SIZE, "%s is run by %s, which %s", path, place, found);
    return true;
}

void advise(const char *command, const char *path, const struct program *library)
{
    char reason[ADVISE_REASON_SIZE];
    if (advise_find(path, library, reason))
        complain(command, "warning: %s; it runs without the shim", reason);
}
