/* Reads the headers of an ELF file without libelf; called by command/common/program.c. */
#include "command/common/elf_header.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Real dynamic sections have some thirty entries. */
#define DYNAMIC_ENTRIES_MOST 4096

bool elf_source_read(const struct elf_source *source, uint64_t offset, void *bytes, size_t length)
{
    if (source->memory == NULL) {
        off_t at = (off_t)offset;
        return at >= 0 && (uint64_t)at == offset && pread(source->fd, bytes, length, at) == (ssize_t)length;
    }
    if (offset > source->size || length > source->size - offset)
        return false;
    memcpy(bytes, (const uint8_t *)source->memory + offset, length);
    return true;
}

/* A number of `size` bytes in the file's byte order. */
static uint64_t number(const struct elf_header *header, const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t place = 0; place < size; place++)
        value = value << 8 | bytes[header->big_endian ? place : size - 1 - place];
    return value;
}

/* A field of what lies at `bytes`, an Elf32_TYPE or Elf64_TYPE, and the size of that. */
#define FIELD_OF(header, bytes, type, field) number(header, (bytes) + offsetof(type, field), sizeof((type *)0)->field)
#define FIELD(header, bytes, type, field)                                             \
    ((header)->elf_class == ELFCLASS64 ? FIELD_OF(header, bytes, Elf64_##type, field) \
                                       : FIELD_OF(header, bytes, Elf32_##type, field))
#define SIZE_OF(header, type) ((header)->elf_class == ELFCLASS64 ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

int elf_header_read(const struct elf_source *source, struct elf_header *header)
{
    uint8_t bytes[sizeof(Elf64_Ehdr)];
    *header = (struct elf_header){0};
    if (!elf_source_read(source, 0, bytes, EI_NIDENT) || memcmp(bytes, ELFMAG, SELFMAG) != 0 ||
        (bytes[EI_CLASS] != ELFCLASS32 && bytes[EI_CLASS] != ELFCLASS64) ||
        (bytes[EI_DATA] != ELFDATA2LSB && bytes[EI_DATA] != ELFDATA2MSB) || bytes[EI_VERSION] != EV_CURRENT)
        return -ENOEXEC;
    header->elf_class = bytes[EI_CLASS];
    header->big_endian = bytes[EI_DATA] == ELFDATA2MSB;
    if (!elf_source_read(source, 0, bytes, SIZE_OF(header, Ehdr)))
        return -ENOEXEC;
    header->type = (int)FIELD(header, bytes, Ehdr, e_type);
    header->machine = (int)FIELD(header, bytes, Ehdr, e_machine);
    header->segments_offset = FIELD(header, bytes, Ehdr, e_phoff);
    header->segment_count = header->segments_offset == 0 ? 0 : (unsigned)FIELD(header, bytes, Ehdr, e_phnum);
    return 0;
}

bool elf_header_segment(const struct elf_source *source, const struct elf_header *header, unsigned segment_number,
                        struct elf_header_segment *segment)
{
    uint8_t bytes[sizeof(Elf64_Phdr)];
    size_t size = SIZE_OF(header, Phdr);
    uint64_t before = (uint64_t)segment_number * size;
    if (header->segments_offset > UINT64_MAX - before ||
        !elf_source_read(source, header->segments_offset + before, bytes, size))
        return false;
    segment->type = (uint32_t)FIELD(header, bytes, Phdr, p_type);
    segment->offset = FIELD(header, bytes, Phdr, p_offset);
    segment->size = FIELD(header, bytes, Phdr, p_filesz);
    return true;
}

uint64_t elf_header_dynamic(const struct elf_source *source, const struct elf_header *header,
                            const struct elf_header_segment *segment, uint64_t tag)
{
    uint8_t bytes[sizeof(Elf64_Dyn)];
    size_t size = SIZE_OF(header, Dyn);
    for (uint64_t entry = 0; entry < segment->size / size && entry < DYNAMIC_ENTRIES_MOST; entry++) {
        if (segment->offset > UINT64_MAX - entry * size ||
            !elf_source_read(source, segment->offset + entry * size, bytes, size))
            return 0;
        uint64_t found = FIELD(header, bytes, Dyn, d_tag);
        if (found == tag)
            return FIELD(header, bytes, Dyn, d_un.d_val);
        if (found == DT_NULL)
            return 0;
    }
    return 0;
}
