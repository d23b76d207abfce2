/*
 * The headers of an ELF file, of both classes and byte orders, as far as they tell what kind of program it is and
 * which loader it names (System V ABI, chapters 4 and 5). For commands that have no libelf; check reads the rest of a
 * file with it (check/elf/image.h).
 *
 * Nothing in the file is trusted: what it says is beyond its end counts as damage. No allocation; the file stays as
 * it is.
 */
#ifndef V6SHIM_COMMAND_COMMON_ELF_HEADER_H
#define V6SHIM_COMMAND_COMMON_ELF_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the bytes are: a file that is open for reading or, where memory isn't NULL, there. */
struct elf_source {
    int fd;
    const void *memory;
    size_t size; /* of the memory */
};

struct elf_header {
    int elf_class; /* ELFCLASS32 or ELFCLASS64 */
    bool big_endian;
    int type;    /* ET_EXEC and so on */
    int machine; /* EM_X86_64 and so on */
    uint64_t segments_offset;
    unsigned segment_count;
};

/* A program header. */
struct elf_header_segment {
    uint32_t type; /* PT_INTERP and so on */
    uint64_t offset, size;
};

/* `length` bytes at this offset of the file; false unless all of them are there. */
bool elf_source_read(const struct elf_source *source, uint64_t offset, void *bytes, size_t length);

/* 0, or -ENOEXEC for what has no header, or one of neither class or byte order. */
int elf_header_read(const struct elf_source *source, struct elf_header *header);

/* The program header of this number, which is less than segment_count. False where the file is cut short before it.
 */
bool elf_header_segment(const struct elf_source *source, const struct elf_header *header, unsigned number,
                        struct elf_header_segment *segment);

/* The value of the first entry with this tag in the dynamic section, which is this segment; 0 where there is none. */
uint64_t elf_header_dynamic(const struct elf_source *source, const struct elf_header *header,
                            const struct elf_header_segment *segment, uint64_t tag);

#endif
