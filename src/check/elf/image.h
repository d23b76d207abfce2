/*
 * An ELF file in memory, read as the loader reads it: program headers and dynamic section, never section headers, so
 * that stripped files work. Every access is checked against the size of the file; nothing in it is trusted.
 *
 * Words of the file's byte order come out in the host's (libelf translates). Pointers returned point into the file
 * and live as long as the image.
 */
#ifndef V6SHIM_CHECK_ELF_IMAGE_H
#define V6SHIM_CHECK_ELF_IMAGE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command/common/program.h"

struct elf_segment { /* PT_LOAD */
    uint64_t address;
    uint64_t offset;
    uint64_t file_size; /* cut to what the file has */
    bool executable, writable;
};

struct elf_image {
    const uint8_t *data;
    size_t size;
    bool mapped; /* data is ours to unmap */
    Elf *elf;
    struct program program;
    size_t segment_count;
    struct elf_segment *segments;
    uint64_t eh_frame_header; /* address of PT_GNU_EH_FRAME, 0 if none */

    /* The dynamic section; all empty where there is none. */
    const char *strings;
    size_t strings_size;
    const char *soname, *rpath, *runpath; /* NULL: none */
    const char **needed;
    size_t needed_count;
    uint64_t flags_1;
    bool packed_relative; /* DT_RELR */
    Elf_Data *symbols;    /* ELF_T_SYM */
    size_t symbol_count;
    Elf_Data *relocations[3]; /* DT_RELA, DT_REL, DT_JMPREL: ELF_T_RELA or ELF_T_REL */
    Elf_Data *versions;       /* DT_VERSYM, ELF_T_HALF */
    uint64_t version_needs;   /* DT_VERNEED, file offset, 0 if none */
    size_t version_need_count;
};

struct elf_symbol {
    const char *name; /* never NULL */
    uint64_t value;
    uint64_t size;
    bool undefined;
    bool weak;
    bool function;
};

/*
 * Opens a file, or takes one that is in memory already (which must outlive the image). Returns 0; -errno; or -ENOEXEC
 * for what is no usable ELF file, with *problem a static text that says what is wrong. elf_image_close is needed
 * after success only. Of what is in memory the headers of compressed sections are changed where libelf unpacks them:
 * it has to be writable (a mapped file's page is copied then).
 */
int elf_image_open(const char *path, struct elf_image *image, const char **problem);
int elf_image_from_memory(const void *data, size_t size, struct elf_image *image, const char **problem);
void elf_image_close(struct elf_image *image);

/* The bytes at an address of the loaded program, or NULL unless all `length` of them are in the file. */
const uint8_t *elf_image_at(const struct elf_image *image, uint64_t address, size_t length);

/* Whether the address lies in a segment that stays as the file has it. */
bool elf_image_is_constant(const struct elf_image *image, uint64_t address);

/* The executable segment that holds the address, or NULL. */
const struct elf_segment *elf_image_code(const struct elf_image *image, uint64_t address);

/* Symbol `index` of the dynamic symbol table. Returns false past the end or where the entry is damaged. */
bool elf_image_symbol(const struct elf_image *image, size_t index, struct elf_symbol *symbol);

/* The version that symbol `index` asks for ("GLIBC_2.2.5"), or NULL. */
const char *elf_image_symbol_version(const struct elf_image *image, size_t index);

/*
 * Calls visit(address, symbol index, type, context) for each dynamic relocation that names a symbol. visit may not
 * change the image.
 */
typedef void elf_relocation_visit(uint64_t address, size_t symbol, unsigned type, void *context);
void elf_image_relocations(const struct elf_image *image, elf_relocation_visit *visit, void *context);

/* Whether every pointer in its data has a relocation that tells its value: position-independent, without the packed
   relative relocations (DT_RELR) that are not read here. */
bool elf_image_is_relocated(const struct elf_image *image);

/* Calls visit for each pointer that relocations without a symbol put into the data. */
typedef void elf_pointer_visit(uint64_t value, void *context);
void elf_image_pointers(const struct elf_image *image, elf_pointer_visit *visit, void *context);

#endif
