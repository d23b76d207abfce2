/* Tells what kind of program a file is; called before a program is started or judged. */
#include "command/common/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPTS_FOLLOWED 5               /* as many as the kernel follows */
#define DEFAULT_PATH     "/bin:/usr/bin" /* execvp's own, where PATH is not set */

/* PT_INTERP's text. */
static int read_interpreter(const struct elf_source *source, const struct elf_header_segment *segment,
                            struct program *program)
{
    size_t size = (size_t)segment->size;
    if (segment->size == 0 || segment->size > sizeof program->interpreter ||
        !elf_source_read(source, segment->offset, program->interpreter, size) ||
        memchr(program->interpreter, '\0', size) == NULL)
        return -ENOEXEC;
    return 0;
}

/* A program without an interpreter: DF_1_PIE, as linkers set it since 2018, tells one from a library. */
static enum program_kind kind_of_alone(const struct elf_source *source, const struct elf_header *header,
                                       const struct elf_header_segment *dynamic)
{
    if (header->type == ET_EXEC)
        return PROGRAM_STATIC;
    bool pie = (elf_header_dynamic(source, header, dynamic, DT_FLAGS_1) & DF_1_PIE) != 0;
    return pie ? PROGRAM_STATIC_PIE : PROGRAM_LIBRARY;
}

int program_read_elf(const struct elf_source *source, struct program *program)
{
    struct elf_header header;
    struct elf_header_segment segment, dynamic = {0};
    int error = elf_header_read(source, &header);
    if (error != 0)
        return error;
    program->elf_class = header.elf_class;
    program->machine = header.machine;
    program->interpreter[0] = '\0';
    program->needs_others = false;
    if (header.type != ET_EXEC && header.type != ET_DYN) {
        program->kind = PROGRAM_OBJECT;
        return 0;
    }
    for (unsigned number = 0; number < header.segment_count; number++) {
        if (!elf_header_segment(source, &header, number, &segment))
            return -ENOEXEC;
        if (segment.type == PT_INTERP && read_interpreter(source, &segment, program) != 0)
            return -ENOEXEC;
        if (segment.type == PT_DYNAMIC)
            dynamic = segment;
    }
    program->needs_others = elf_header_dynamic(source, &header, &dynamic, DT_NEEDED) != 0;
    program->kind = program->interpreter[0] != '\0' ? PROGRAM_DYNAMIC : kind_of_alone(source, &header, &dynamic);
    return 0;
}

/* "#! interpreter argument", as the kernel takes it apart: at most one argument, inner blanks kept. */
static void read_script_line(char *line, struct program *program)
{
    program->kind = PROGRAM_SCRIPT;
    line[strcspn(line, "\n")] = '\0';
    for (size_t end = strlen(line); end > 0 && strchr(" \t", line[end - 1]) != NULL;)
        line[--end] = '\0';
    line += strspn(line, " \t");
    size_t length = strcspn(line, " \t");
    memcpy(program->interpreter, line, length);
    program->interpreter[length] = '\0';
    line += length;
    strcpy(program->argument, line + strspn(line, " \t"));
}

/* What the file's metadata says: whose rights it would take on. */
static int read_rights(int fd, struct program *program)
{
    struct stat status;
    struct statvfs mount;
    if (fstat(fd, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? -EISDIR : -EACCES;
    if (fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0)
        return 0;
    program->setuid = (status.st_mode & S_ISUID) != 0;
    program->setgid = (status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0;
    program->capabilities = fgetxattr(fd, "security.capability", NULL, 0) > 0;
    return 0;
}

static int read_contents(int fd, struct program *program)
{
    char line[PROGRAM_SCRIPT_LINE_SIZE + 1];
    ssize_t length = pread(fd, line, sizeof line - 1, 0);
    if (length < 0)
        return -errno;
    line[length] = '\0';
    if (length >= 2 && memcmp(line, "#!", 2) == 0) {
        read_script_line(line + 2, program);
        return 0;
    }
    if (length < SELFMAG || memcmp(line, ELFMAG, SELFMAG) != 0) {
        program->kind = PROGRAM_OTHER;
        return 0;
    }
    return program_read_elf(&(struct elf_source){.fd = fd}, program);
}

int program_read(const char *path, struct program *program)
{
    memset(program, 0, sizeof *program);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    int error = read_rights(fd, program);
    if (error == 0)
        error = read_contents(fd, program);
    close(fd);
    return error;
}

bool program_uses_musl(const struct program *program)
{
    const char *slash = strrchr(program->interpreter, '/');
    return program->kind == PROGRAM_DYNAMIC && slash != NULL && strncmp(slash + 1, "ld-musl-", 8) == 0;
}

const char *program_machine_name(int machine, char *buffer, size_t size)
{
    static const struct {
        int machine;
        const char *name;
    } names[] = {
        {EM_386, "i386"},       {EM_X86_64, "x86-64"},   {EM_ARM, "ARM"},         {EM_AARCH64, "ARM64"},
        {EM_PPC, "PowerPC"},    {EM_PPC64, "PowerPC64"}, {EM_S390, "S/390"},      {EM_RISCV, "RISC-V"},
        {EM_MIPS, "MIPS"},      {EM_SPARC, "SPARC"},     {EM_SPARCV9, "SPARC64"}, {EM_IA_64, "Itanium"},
        {EM_PARISC, "PA-RISC"}, {EM_68K, "68000"},       {EM_ALPHA, "Alpha"},
    };
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (names[index].machine == machine)
            return names[index].name;
    snprintf(buffer, size, "ELF machine %d", machine);
    return buffer;
}

/* 0 where execve would take this file: a regular one that the effective user may execute. */
static int check_executable(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT || errno == ENOTDIR ? -ENOENT : -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    if (!S_ISREG(status.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
        return -EACCES;
    return 0;
}

int program_find(const char *name, char path[PATH_MAX])
{
    if (strchr(name, '/') != NULL || name[0] == '\0') {
        if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
            return -ENOENT;
        return check_executable(path);
    }
    const char *directory = getenv("PATH");
    char last[PATH_MAX] = "";
    if (directory == NULL)
        directory = DEFAULT_PATH;
    for (;; directory++) {
        int length = (int)strcspn(directory, ":"); /* an empty one is the current directory */
        int written = length == 0 ? snprintf(path, PATH_MAX, "./%s", name)
                                  : snprintf(path, PATH_MAX, "%.*s/%s", length, directory, name);
        int error = written < PATH_MAX ? check_executable(path) : -ENOENT;
        if (error == 0)
            return 0;
        if (error != -ENOENT && access(path, F_OK) == 0) /* a directory that we can't look into counts as empty */
            strcpy(last, path);
        directory += length;
        if (*directory == '\0')
            break;
    }
    snprintf(path, PATH_MAX, "%s", last[0] != '\0' ? last : name);
    return last[0] != '\0' ? -EACCES : -ENOENT;
}

/* The program that `/usr/bin/env [-S] [NAME=VALUE]... PROGRAM` starts; false where the line has none. */
static bool find_through_env(const char *argument, char path[PATH_MAX])
{
    char word[PROGRAM_SCRIPT_LINE_SIZE];
    for (argument += strspn(argument, " \t"); *argument != '\0'; argument += strspn(argument, " \t")) {
        size_t length = strcspn(argument, " \t");
        memcpy(word, argument, length);
        word[length] = '\0';
        argument += length;
        if (word[0] != '-' && strchr(word, '=') == NULL)
            return program_find(word, path) == 0;
    }
    return false;
}

bool program_follow_script(char path[PATH_MAX], struct program *program)
{
    const char *slash = strrchr(program->interpreter, '/');
    if (slash != NULL && strcmp(slash + 1, "env") == 0) {
        if (!find_through_env(program->argument, path))
            return false;
    } else {
        snprintf(path, PATH_MAX, "%s", program->interpreter);
    }
    struct program next;
    if (program_read(path, &next) != 0)
        return false;
    *program = next;
    return true;
}

bool program_read_started(char path[PATH_MAX], struct program *program)
{
    if (program_read(path, program) != 0)
        return false;
    for (int scripts = 0; program->kind == PROGRAM_SCRIPT && scripts < SCRIPTS_FOLLOWED; scripts++)
        if (!program_follow_script(path, program))
            return false;
    return true;
}
