/*
 * What kind of program a file is, as far as that decides whether LD_PRELOAD reaches it. Shared by the commands that
 * start programs and those that judge them. Nothing here runs or changes the file.
 */
#ifndef V6SHIM_COMMAND_COMMON_PROGRAM_H
#define V6SHIM_COMMAND_COMMON_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "command/common/elf_header.h"

/* Of a script's first line the kernel reads this much, no more (BINPRM_BUF_SIZE). */
#define PROGRAM_SCRIPT_LINE_SIZE 256

enum program_kind {
    PROGRAM_DYNAMIC,    /* ELF that names an interpreter: its loader reads LD_PRELOAD */
    PROGRAM_STATIC,     /* ELF without one, at a fixed address */
    PROGRAM_STATIC_PIE, /* ELF without one, position-independent */
    PROGRAM_LIBRARY,    /* ELF shared object that is no program by itself; the loader, too, looks like this */
    PROGRAM_OBJECT,     /* any other ELF file: relocatable, core */
    PROGRAM_SCRIPT,     /* starts with #! */
    PROGRAM_OTHER,      /* anything else; execvp hands it to /bin/sh */
};

struct program {
    enum program_kind kind;
    int elf_class;     /* ELFCLASS32 or ELFCLASS64; ELFCLASSNONE where this is no ELF file */
    int machine;       /* EM_X86_64 and so on; EM_NONE where this is no ELF file */
    bool needs_others; /* DT_NEEDED: other libraries; libv6shim.so for musl is the one that needs none */
    bool setuid;       /* the three that make the loader ignore LD_PRELOAD; nosuid mounts are allowed for */
    bool setgid;
    bool capabilities;
    char interpreter[PATH_MAX];              /* PROGRAM_DYNAMIC: PT_INTERP; PROGRAM_SCRIPT: the path after #! */
    char argument[PROGRAM_SCRIPT_LINE_SIZE]; /* PROGRAM_SCRIPT: the rest of that line, one argument to the kernel */
};

/*
 * Reads the file. Returns 0, or -errno of opening or reading it, -EISDIR or -EACCES for what is no regular file,
 * -ENOEXEC for an ELF file that is cut short or damaged.
 */
int program_read(const char *path, struct program *program);

/* The ELF half alone, of bytes the caller has: kind, elf_class, machine, needs_others, interpreter. 0 or -ENOEXEC. */
int program_read_elf(const struct elf_source *source, struct program *program);

/* Whether the interpreter is musl's loader (/lib/ld-musl-x86_64.so.1). */
bool program_uses_musl(const struct program *program);

/* A machine as people call it ("x86-64", "ARM64"), else "ELF machine N" in the buffer. */
const char *program_machine_name(int machine, char *buffer, size_t size);

/*
 * Finds a program as execvp does: as it stands where the name has a slash, else along PATH. Returns 0; -ENOENT; or
 * what is wrong with the file (-EACCES, -EISDIR), along PATH -EACCES where only such files have that name. `path`
 * then holds the last one.
 */
int program_find(const char *name, char path[PATH_MAX]);

/*
 * From a script to what its first line names, through /usr/bin/env; `path` and `program` change in place. False where
 * that can't be found or read: `path` then holds its name, `program` is as it was.
 */
bool program_follow_script(char path[PATH_MAX], struct program *program);

/*
 * The program that the kernel would start for this file: the file itself, or what the first lines of scripts lead to.
 * `path` changes with it. False where one of them can't be found or read.
 */
bool program_read_started(char path[PATH_MAX], struct program *program);

#endif
