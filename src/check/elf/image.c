/* Reads an ELF file with every access checked; called by whatever looks at programs: check/elf, check/file,
   command/common/program.c. */
#include "check/elf/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* No real program comes near these; a damaged header could claim any number. */
#define NEEDED_MAXIMUM  4096
#define SEGMENT_MAXIMUM 256

/* The dynamic entries that are read in a first pass and used in a second, when the string table is known. */
struct dynamic_values {
    uint64_t strings, strings_size;
    uint64_t symbols;
    uint64_t hash, gnu_hash;
    uint64_t rela, rela_size;
    uint64_t rel, rel_size;
    uint64_t jmprel, jmprel_size, jmprel_kind;
    uint64_t versions, version_needs, version_need_count;
};

const uint8_t *elf_image_at(const struct elf_image *image, uint64_t address, size_t length)
{
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        uint64_t distance = address - segment->address;
        if (address >= segment->address && distance <= segment->file_size && length <= segment->file_size - distance)
            return image->data + segment->offset + distance;
    }
    return NULL;
}

bool elf_image_is_constant(const struct elf_image *image, uint64_t address)
{
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        if (address >= segment->address && address - segment->address < segment->file_size)
            return !segment->writable;
    }
    return false;
}

const struct elf_segment *elf_image_code(const struct elf_image *image, uint64_t address)
{
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        if (segment->executable && address >= segment->address && address - segment->address < segment->file_size)
            return segment;
    }
    return NULL;
}

/* The table at an address, translated; cut to what is in the file. NULL if none of it is. */
static Elf_Data *table_at(const struct elf_image *image, uint64_t address, uint64_t size, Elf_Type type)
{
    for (size_t index = 0; address != 0 && index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        uint64_t distance = address - segment->address;
        if (address < segment->address || distance >= segment->file_size)
            continue;
        uint64_t rest = segment->file_size - distance;
        size_t entry = gelf_fsize(image->elf, type, 1, EV_CURRENT);
        uint64_t usable = size < rest ? size : rest;
        usable -= entry == 0 ? usable : usable % entry;
        if (usable == 0)
            return NULL;
        return elf_getdata_rawchunk(image->elf, (int64_t)(segment->offset + distance), usable, type);
    }
    return NULL;
}

static uint32_t word_at(const struct elf_image *image, uint64_t address)
{
    Elf_Data *data = table_at(image, address, sizeof(uint32_t), ELF_T_WORD);
    uint32_t word = 0;
    if (data != NULL && data->d_size >= sizeof word)
        memcpy(&word, data->d_buf, sizeof word);
    return word;
}

/*
 * The number of symbols is nowhere in the dynamic section. DT_HASH has it as its second word; DT_GNU_HASH hides it at
 * the end of the chain of the highest bucket.
 */
static size_t symbol_count_gnu(const struct elf_image *image, uint64_t hash)
{
    uint32_t buckets = word_at(image, hash), base = word_at(image, hash + 4), bloom = word_at(image, hash + 8);
    uint64_t word_size = image->program.elf_class == ELFCLASS64 ? 8 : 4;
    uint64_t bucket_table = hash + 16 + bloom * word_size;
    Elf_Data *data = table_at(image, bucket_table, (uint64_t)buckets * 4, ELF_T_WORD);
    uint32_t highest = 0;
    for (size_t index = 0; data != NULL && index < data->d_size / 4; index++) {
        uint32_t bucket = ((const uint32_t *)data->d_buf)[index];
        highest = bucket > highest ? bucket : highest;
    }
    if (highest < base)
        return base;
    uint64_t chain = bucket_table + (uint64_t)buckets * 4 + (uint64_t)(highest - base) * 4;
    Elf_Data *rest = table_at(image, chain, image->size, ELF_T_WORD);
    for (size_t index = 0; rest != NULL && index < rest->d_size / 4; index++)
        if ((((const uint32_t *)rest->d_buf)[index] & 1) != 0)
            return (size_t)highest + index + 1;
    return (size_t)highest + 1;
}

struct highest_symbol {
    size_t count;
};

static void note_highest(uint64_t address, size_t symbol, unsigned type, void *context)
{
    struct highest_symbol *highest = context;
    (void)address;
    (void)type;
    if (symbol >= highest->count)
        highest->count = symbol + 1;
}

static void read_symbols(struct elf_image *image, const struct dynamic_values *values)
{
    struct highest_symbol highest = {0};
    if (values->hash != 0)
        highest.count = word_at(image, values->hash + 4);
    else if (values->gnu_hash != 0)
        highest.count = symbol_count_gnu(image, values->gnu_hash);
    /* Without a hash table, and where it leaves out undefined symbols: what the relocations name. */
    elf_image_relocations(image, note_highest, &highest);
    size_t entry = gelf_fsize(image->elf, ELF_T_SYM, 1, EV_CURRENT);
    size_t most = entry == 0 ? 0 : image->size / entry;
    size_t count = highest.count < most ? highest.count : most;
    image->symbols = table_at(image, values->symbols, (uint64_t)count * entry, ELF_T_SYM);
    image->symbol_count = image->symbols == NULL || entry == 0 ? 0 : image->symbols->d_size / entry;
    image->versions = table_at(image, values->versions, (uint64_t)image->symbol_count * 2, ELF_T_HALF);
    image->version_needs = values->version_needs;
    image->version_need_count = values->version_need_count;
}

static const char *string_at(const struct elf_image *image, uint64_t offset)
{
    if (image->strings == NULL || offset >= image->strings_size)
        return NULL;
    const char *string = image->strings + offset;
    return memchr(string, '\0', image->strings_size - offset) == NULL ? NULL : string;
}

#ifndef DT_RELR /* the <elf.h> of glibc before 2.36 */
#define DT_RELR 36
#endif

/* What an entry says of the file as a whole. */
static void collect_property(const GElf_Dyn *entry, struct elf_image *image)
{
    switch (entry->d_tag) {
    case DT_RELR:
        image->packed_relative = true;
        break;
    case DT_FLAGS_1:
        image->flags_1 = entry->d_un.d_val;
        break;
    case DT_NEEDED:
        image->needed_count++;
        break;
    default:
        break;
    }
}

/* Where the tables of the dynamic section are, and how long; what else it says goes to collect_property(). */
static void collect_value(const GElf_Dyn *entry, struct dynamic_values *values, struct elf_image *image)
{
    uint64_t value = entry->d_un.d_val;
    switch (entry->d_tag) {
    case DT_STRTAB:
        values->strings = value;
        break;
    case DT_STRSZ:
        values->strings_size = value;
        break;
    case DT_SYMTAB:
        values->symbols = value;
        break;
    case DT_HASH:
        values->hash = value;
        break;
    case DT_GNU_HASH:
        values->gnu_hash = value;
        break;
    case DT_RELA:
        values->rela = value;
        break;
    case DT_RELASZ:
        values->rela_size = value;
        break;
    case DT_REL:
        values->rel = value;
        break;
    case DT_RELSZ:
        values->rel_size = value;
        break;
    case DT_JMPREL:
        values->jmprel = value;
        break;
    case DT_PLTRELSZ:
        values->jmprel_size = value;
        break;
    case DT_PLTREL:
        values->jmprel_kind = value;
        break;
    case DT_VERSYM:
        values->versions = value;
        break;
    case DT_VERNEED:
        values->version_needs = value;
        break;
    case DT_VERNEEDNUM:
        values->version_need_count = value;
        break;
    default:
        collect_property(entry, image);
        break;
    }
}

static void collect_string(const GElf_Dyn *entry, struct elf_image *image, size_t *needed)
{
    const char *string = string_at(image, entry->d_un.d_val);
    if (string == NULL)
        return;
    if (entry->d_tag == DT_NEEDED && *needed < image->needed_count)
        image->needed[(*needed)++] = string;
    else if (entry->d_tag == DT_SONAME)
        image->soname = string;
    else if (entry->d_tag == DT_RPATH)
        image->rpath = string;
    else if (entry->d_tag == DT_RUNPATH)
        image->runpath = string;
}

/* Returns what is wrong, or NULL. */
static const char *read_dynamic(struct elf_image *image, const GElf_Phdr *header)
{
    Elf_Data *data = NULL;
    if (header->p_offset < image->size) {
        uint64_t rest = image->size - header->p_offset;
        data = elf_getdata_rawchunk(image->elf, (int64_t)header->p_offset,
                                    header->p_filesz < rest ? header->p_filesz : rest, ELF_T_DYN);
    }
    if (data == NULL)
        return "the file is cut short: its dynamic section is missing";
    struct dynamic_values values = {0};
    GElf_Dyn entry;
    for (int index = 0; gelf_getdyn(data, index, &entry) != NULL && entry.d_tag != DT_NULL; index++)
        collect_value(&entry, &values, image);
    if (image->needed_count > NEEDED_MAXIMUM)
        return "its dynamic section is damaged";

    image->strings = (const char *)elf_image_at(image, values.strings, values.strings_size);
    image->strings_size = values.strings_size;
    if (image->strings == NULL)
        return "the file is cut short or damaged: its dynamic strings are missing";
    image->needed = calloc(image->needed_count + 1, sizeof *image->needed);
    if (image->needed == NULL)
        return "not enough memory";
    size_t needed = 0;
    for (int index = 0; gelf_getdyn(data, index, &entry) != NULL && entry.d_tag != DT_NULL; index++)
        if (entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME || entry.d_tag == DT_RPATH ||
            entry.d_tag == DT_RUNPATH)
            collect_string(&entry, image, &needed);
    image->needed_count = needed;

    image->relocations[0] = table_at(image, values.rela, values.rela_size, ELF_T_RELA);
    image->relocations[1] = table_at(image, values.rel, values.rel_size, ELF_T_REL);
    image->relocations[2] =
        table_at(image, values.jmprel, values.jmprel_size, values.jmprel_kind == DT_REL ? ELF_T_REL : ELF_T_RELA);
    read_symbols(image, &values);
    return NULL;
}

/* Fills the segments; cut-short files keep what is there. Returns what is wrong, or NULL. */
static const char *read_segments(struct elf_image *image)
{
    size_t count;
    if (elf_getphdrnum(image->elf, &count) != 0 || count > SEGMENT_MAXIMUM)
        return "its program headers are damaged";
    image->segments = calloc(count + 1, sizeof *image->segments);
    if (image->segments == NULL)
        return "not enough memory";
    bool cut = false;
    GElf_Phdr header, dynamic = {0};
    for (size_t index = 0; index < count; index++) {
        if (gelf_getphdr(image->elf, (int)index, &header) == NULL)
            return "the file is cut short: its program headers are missing";
        if (header.p_type == PT_DYNAMIC)
            dynamic = header;
        else if (header.p_type == PT_GNU_EH_FRAME)
            image->eh_frame_header = header.p_vaddr;
        if (header.p_type != PT_LOAD)
            continue;
        if (header.p_vaddr > UINT64_MAX - header.p_filesz)
            return "its program headers are damaged";
        if (header.p_offset > image->size || header.p_filesz > image->size - header.p_offset)
            cut = true;
        if (header.p_offset >= image->size)
            continue;
        uint64_t rest = image->size - header.p_offset;
        image->segments[image->segment_count++] = (struct elf_segment){
            .address = header.p_vaddr,
            .offset = header.p_offset,
            .file_size = header.p_filesz < rest ? header.p_filesz : rest,
            .executable = (header.p_flags & PF_X) != 0,
            .writable = (header.p_flags & PF_W) != 0,
        };
    }
    if (cut)
        return "the file is cut short: a part that its headers promise is missing";
    return dynamic.p_type == PT_DYNAMIC && dynamic.p_filesz > 0 ? read_dynamic(image, &dynamic) : NULL;
}

int elf_image_from_memory(const void *data, size_t size, struct elf_image *image, const char **problem)
{
    *image = (struct elf_image){.data = data, .size = size};
    *problem = "it is not an ELF file";
    if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0)
        return -ENOEXEC;
    *problem = "its ELF header is damaged or cut short";
    if (size < sizeof(Elf32_Ehdr) || elf_version(EV_CURRENT) == EV_NONE)
        return -ENOEXEC;
    union {
        const void *constant;
        char *libelf_wants;
    } bytes = {data};
    image->elf = elf_memory(bytes.libelf_wants, size);
    struct elf_source source = {.memory = data, .size = size};
    if (image->elf != NULL && program_read_elf(&source, &image->program) == 0) {
        *problem = read_segments(image);
        if (*problem == NULL)
            return 0;
    }
    elf_image_close(image);
    return -ENOEXEC;
}

int elf_image_open(const char *path, struct elf_image *image, const char **problem)
{
    *problem = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    struct stat status;
    void *data = MAP_FAILED;
    int error = 0;
    if (fstat(fd, &status) != 0)
        error = -errno;
    else if (!S_ISREG(status.st_mode) || status.st_size < SELFMAG)
        error = -ENOEXEC;
    else if ((data = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd,
                          0)) == MAP_FAILED) /* libelf writes into the headers of sections that it unpacks */
        error = -errno;
    close(fd);
    if (error != 0) {
        *problem = error == -ENOEXEC ? "it is not an ELF file" : NULL;
        return error;
    }
    error = elf_image_from_memory(data, (size_t)status.st_size, image, problem);
    if (error != 0)
        munmap(data, (size_t)status.st_size);
    else
        image->mapped = true;
    return error;
}

void elf_image_close(struct elf_image *image)
{
    elf_end(image->elf);
    free(image->segments);
    free(image->needed);
    if (image->mapped) {
        union {
            const void *constant;
            void *munmap_wants;
        } bytes = {image->data};
        munmap(bytes.munmap_wants, image->size);
    }
    *image = (struct elf_image){0};
}

bool elf_image_symbol(const struct elf_image *image, size_t index, struct elf_symbol *symbol)
{
    GElf_Sym entry;
    if (index >= image->symbol_count || gelf_getsym(image->symbols, (int)index, &entry) == NULL)
        return false;
    const char *name = string_at(image, entry.st_name);
    if (name == NULL)
        return false;
    *symbol = (struct elf_symbol){
        .name = name,
        .value = entry.st_value,
        .size = entry.st_size,
        .undefined = entry.st_shndx == SHN_UNDEF,
        .weak = GELF_ST_BIND(entry.st_info) == STB_WEAK,
        .function = GELF_ST_TYPE(entry.st_info) == STT_FUNC || GELF_ST_TYPE(entry.st_info) == STT_GNU_IFUNC,
    };
    return true;
}

const char *elf_image_symbol_version(const struct elf_image *image, size_t index)
{
    GElf_Versym wanted;
    if (image->versions == NULL || gelf_getversym(image->versions, (int)index, &wanted) == NULL)
        return NULL;
    wanted &= 0x7fff; /* the top bit hides the symbol */
    Elf_Data *data = table_at(image, image->version_needs, image->size, ELF_T_VNEED);
    size_t offset = 0;
    GElf_Verneed need;
    for (size_t n = 0; data != NULL && n < image->version_need_count && n < NEEDED_MAXIMUM; n++) {
        if (gelf_getverneed(data, (int)offset, &need) == NULL)
            return NULL;
        GElf_Vernaux auxiliary;
        size_t entry = offset + need.vn_aux;
        for (size_t count = 0; count < need.vn_cnt; count++) {
            if (entry > data->d_size || gelf_getvernaux(data, (int)entry, &auxiliary) == NULL)
                return NULL;
            if (auxiliary.vna_other == wanted)
                return string_at(image, auxiliary.vna_name);
            entry += auxiliary.vna_next;
        }
        offset += need.vn_next;
        if (offset > data->d_size || need.vn_next == 0)
            return NULL;
    }
    return NULL;
}

void elf_image_relocations(const struct elf_image *image, elf_relocation_visit *visit, void *context)
{
    for (size_t table = 0; table < 3; table++) {
        Elf_Data *data = image->relocations[table];
        GElf_Rela rela;
        GElf_Rel rel;
        for (int index = 0; data != NULL; index++) {
            if (data->d_type == ELF_T_RELA) {
                if (gelf_getrela(data, index, &rela) == NULL)
                    break;
                rel = (GElf_Rel){rela.r_offset, rela.r_info};
            } else if (gelf_getrel(data, index, &rel) == NULL) {
                break;
            }
            size_t symbol = GELF_R_SYM(rel.r_info);
            if (symbol != 0)
                visit(rel.r_offset, symbol, (unsigned)GELF_R_TYPE(rel.r_info), context);
        }
    }
}

bool elf_image_is_relocated(const struct elf_image *image)
{
    GElf_Ehdr header;
    return gelf_getehdr(image->elf, &header) != NULL && header.e_type == ET_DYN && !image->packed_relative &&
           image->relocations[0] != NULL && image->relocations[0]->d_type == ELF_T_RELA;
}

void elf_image_pointers(const struct elf_image *image, elf_pointer_visit *visit, void *context)
{
    GElf_Rela rela;
    for (size_t table = 0; table < 3; table++) {
        Elf_Data *data = image->relocations[table];
        for (int index = 0; data != NULL && data->d_type == ELF_T_RELA && gelf_getrela(data, index, &rela) != NULL;
             index++)
            if (GELF_R_SYM(rela.r_info) == 0)
                visit((uint64_t)rela.r_addend, context);
    }
}
