/*
 * Makes damaged programs out of a sound one, for the checker to survive: mangle SOUND DIRECTORY [COUNT].
 * Writes cut-NUMBER (cut short there), flip-NUMBER (bytes changed, always the same ones), and some made by hand:
 * headers of other machines, counts and offsets that point anywhere. With COUNT, so many others instead,
 * section-NUMBER, that are damaged only in the headers of their sections and in sections that are compressed.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CUTS        120
#define FLIPS       400
#define FLIPS_EACH  12
#define SOUND_LIMIT (16u << 20)

static const char *directory;

static void write_file(const char *kind, unsigned number, const void *data, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%u", directory, kind, number);
    FILE *stream = fopen(path, "wb");
    if (stream == NULL || fwrite(data, 1, size, stream) != size || fclose(stream) != 0 || chmod(path, 0755) != 0) {
        perror(path);
        exit(1);
    }
}

static uint64_t next_random(void)
{
    static uint64_t state = 0x6a09e667f3bcc909;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Most damage goes where it is read: the headers, the dynamic section and the tables it names lie in the first part.
 */
static void write_flips(const uint8_t *sound, size_t size)
{
    uint8_t *copy = malloc(size);
    for (unsigned number = 0; copy != NULL && number < FLIPS; number++) {
        memcpy(copy, sound, size);
        for (unsigned flip = 0; flip < FLIPS_EACH; flip++) {
            size_t range = flip % 2 == 0 && size > 2048 ? 2048 : size;
            copy[4 + next_random() % (range - 4)] = (uint8_t)next_random();
        }
        write_file("flip", number, copy, size);
    }
    free(copy);
}

static void write_cuts(const uint8_t *sound, size_t size)
{
    for (unsigned number = 0; number < CUTS; number++) /* closely at first, where the headers are */
        write_file("cut", number, sound, number < 80 ? 4 + number * 10u : size / CUTS * number);
}

/* A byte of a compressed section: mostly of its header, which says how it is compressed and how long it was. */
static size_t pick_compressed(const uint8_t *sound, size_t size)
{
    Elf64_Ehdr header;
    Elf64_Shdr section;
    memcpy(&header, sound, sizeof header);
    size_t offset = header.e_shoff + next_random() % header.e_shnum * sizeof section;
    if (offset + sizeof section > size)
        return size - 1;
    memcpy(&section, sound + offset, sizeof section);
    if ((section.sh_flags & SHF_COMPRESSED) == 0 || section.sh_size == 0)
        return size - 1;
    size_t range =
        next_random() % 2 == 0 && section.sh_size > sizeof(Elf64_Chdr) + 4 ? sizeof(Elf64_Chdr) + 4 : section.sh_size;
    return (section.sh_offset + next_random() % range) % size;
}

static void write_section_flips(const uint8_t *sound, size_t size, unsigned count)
{
    Elf64_Ehdr header;
    uint8_t *copy = malloc(size);
    memcpy(&header, sound, sizeof header);
    for (unsigned number = 0; copy != NULL && header.e_shoff < size && number < count; number++) {
        memcpy(copy, sound, size);
        for (unsigned flip = 0; flip < FLIPS_EACH; flip++)
            copy[pick_compressed(sound, size)] = (uint8_t)next_random();
        if (number % 2 == 0)
            copy[header.e_shoff + next_random() % (size - header.e_shoff)] = (uint8_t)next_random();
        write_file("section", number, copy, size);
    }
    free(copy);
}

/* The fields that lead elsewhere, each set to numbers that make careless arithmetic fail. */
static void write_extremes(const uint8_t *sound, size_t size)
{
    static const uint64_t numbers[] = {0, 1, UINT64_MAX, UINT64_MAX / 2, 0x7fffffff, 0xffffffff, UINT64_MAX - 8};
    Elf64_Ehdr header;
    uint8_t *copy = malloc(size);
    memcpy(&header, sound, sizeof header);
    unsigned count = 0;
    for (unsigned segment = 0; copy != NULL && segment < header.e_phnum; segment++)
        for (unsigned field = 0; field < 4; field++)
            for (size_t number = 0; number < sizeof numbers / sizeof numbers[0]; number++) {
                static const size_t fields[] = {offsetof(Elf64_Phdr, p_offset), offsetof(Elf64_Phdr, p_vaddr),
                                                offsetof(Elf64_Phdr, p_filesz), offsetof(Elf64_Phdr, p_memsz)};
                memcpy(copy, sound, size);
                memcpy(copy + header.e_phoff + segment * sizeof(Elf64_Phdr) + fields[field], &numbers[number], 8);
                write_file("extreme", count++, copy, size);
            }
    free(copy);
}

/* A 32-bit big-endian program without anything in it but an interpreter. */
static void write_foreign(void)
{
    static const char interpreter[] = "/lib/ld.so.1";
    uint8_t file[256] = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2MSB, EV_CURRENT};
    file[17] = ET_EXEC;
    file[19] = EM_MIPS;
    file[23] = EV_CURRENT;
    file[31] = 52; /* e_phoff */
    file[41] = 52; /* e_ehsize */
    file[43] = 32; /* e_phentsize */
    file[45] = 1;  /* e_phnum */
    file[52 + 3] = PT_INTERP;
    file[52 + 7] = 128; /* p_offset */
    file[52 + 19] = sizeof interpreter;
    memcpy(file + 128, interpreter, sizeof interpreter);
    write_file("foreign", 0, file, sizeof file);
}

int main(int argc, char **argv)
{
    FILE *stream = argc == 3 || argc == 4 ? fopen(argv[1], "rb") : NULL;
    uint8_t *sound = malloc(SOUND_LIMIT);
    if (stream == NULL || sound == NULL) {
        fprintf(stderr, "usage: mangle SOUND DIRECTORY [COUNT]\n");
        return 1;
    }
    size_t size = fread(sound, 1, SOUND_LIMIT, stream);
    fclose(stream);
    directory = argv[2];
    if (size < 4096 || memcmp(sound, ELFMAG, SELFMAG) != 0) {
        fprintf(stderr, "mangle: %s is no program to start from\n", argv[1]);
        return 1;
    }
    if (argc == 4) {
        write_section_flips(sound, size, (unsigned)atoi(argv[3]));
        free(sound);
        return 0;
    }
    write_cuts(sound, size);
    write_flips(sound, size);
    if (sound[EI_CLASS] == ELFCLASS64)
        write_extremes(sound, size);
    write_foreign();
    free(sound);
    return 0;
}
