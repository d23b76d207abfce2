/* command/common/program: what kind of program a file is, on files made for it: ELF headers of each kind, cut short
   and damaged, scripts, permissions; and the search along PATH. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/common/program.h"

#define INTERPRETER "/lib64/ld-linux-x86-64.so.2"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define OUR_BYTE_ORDER ELFDATA2MSB
#else
#define OUR_BYTE_ORDER ELFDATA2LSB
#endif

static char room[] = "/tmp/v6shim-program-XXXXXX";

static const char *place(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", room, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t length, mode_t mode)
{
    FILE *file = fopen(place(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(place(name), mode), 0);
}

/* A 64-bit ELF file: up to two program headers, an interpreter, a dynamic section. */
struct image {
    Elf64_Ehdr file;
    Elf64_Phdr headers[2];
    Elf64_Dyn dynamic[2];
    char interpreter[sizeof INTERPRETER];
};

static struct image make_image(uint16_t type, const char *interpreter, bool dynamic, bool pie)
{
    struct image image = {
        .file = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, OUR_BYTE_ORDER, EV_CURRENT},
                 .e_type = type,
                 .e_machine = EM_X86_64,
                 .e_version = EV_CURRENT,
                 .e_phoff = offsetof(struct image, headers),
                 .e_ehsize = sizeof(Elf64_Ehdr),
                 .e_phentsize = sizeof(Elf64_Phdr)},
        .dynamic = {{.d_tag = DT_FLAGS_1, .d_un = {.d_val = pie ? DF_1_PIE : DF_1_NOW}}, {.d_tag = DT_NULL}},
    };
    if (interpreter != NULL) {
        memcpy(image.interpreter, interpreter, sizeof image.interpreter);
        image.headers[image.file.e_phnum++] = (Elf64_Phdr){.p_type = PT_INTERP,
                                                           .p_offset = offsetof(struct image, interpreter),
                                                           .p_filesz = sizeof image.interpreter};
    }
    if (dynamic)
        image.headers[image.file.e_phnum++] = (Elf64_Phdr){
            .p_type = PT_DYNAMIC, .p_offset = offsetof(struct image, dynamic), .p_filesz = sizeof image.dynamic};
    return image;
}

static struct program read_image(const struct image *image, int expected)
{
    struct program program;
    write_file("image", image, sizeof *image, 0755);
    assert_int_equal(program_read(place("image"), &program), expected);
    return program;
}

static void test_kinds_of_elf(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        const char *interpreter;
        bool dynamic, pie;
        enum program_kind kind;
    } cases[] = {
        {ET_EXEC, INTERPRETER, true, false, PROGRAM_DYNAMIC}, {ET_DYN, INTERPRETER, true, true, PROGRAM_DYNAMIC},
        {ET_EXEC, NULL, false, false, PROGRAM_STATIC},        {ET_EXEC, NULL, true, false, PROGRAM_STATIC},
        {ET_DYN, NULL, true, true, PROGRAM_STATIC_PIE},       {ET_DYN, NULL, true, false, PROGRAM_LIBRARY},
        {ET_REL, NULL, false, false, PROGRAM_OBJECT},         {ET_CORE, NULL, false, false, PROGRAM_OBJECT},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct image image =
            make_image(cases[index].type, cases[index].interpreter, cases[index].dynamic, cases[index].pie);
        struct program program = read_image(&image, 0);
        assert_int_equal(program.kind, cases[index].kind);
        assert_int_equal(program.elf_class, ELFCLASS64);
        assert_int_equal(program.machine, EM_X86_64);
        assert_string_equal(program.interpreter, cases[index].interpreter != NULL ? INTERPRETER : "");
    }
}

static void test_a_32_bit_big_endian_program(void **state)
{
    (void)state;
    struct {
        Elf32_Ehdr file;
        Elf32_Phdr headers[2];
        Elf32_Dyn dynamic[2];
        char interpreter[16];
    } image = {.file = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2MSB, EV_CURRENT},
                        .e_type = htons(ET_EXEC),
                        .e_machine = htons(EM_PPC),
                        .e_version = htonl(EV_CURRENT),
                        .e_ehsize = htons(sizeof(Elf32_Ehdr)),
                        .e_phentsize = htons(sizeof(Elf32_Phdr)),
                        .e_phoff = htonl(sizeof(Elf32_Ehdr))},
               .headers = {{.p_type = htonl(PT_DYNAMIC)}, {.p_type = htonl(PT_INTERP)}},
               .dynamic = {{.d_tag = (Elf32_Sword)htonl(DT_FLAGS_1), .d_un = {.d_val = htonl(DF_1_PIE)}}},
               .interpreter = "/lib/ld.so.1"};
    image.headers[0].p_offset = htonl((uint32_t)((char *)image.dynamic - (char *)&image));
    image.headers[0].p_filesz = htonl(sizeof image.dynamic);
    image.headers[1].p_offset = htonl((uint32_t)(image.interpreter - (char *)&image));
    image.headers[1].p_filesz = htonl(sizeof image.interpreter);
    static const struct {
        uint16_t type, headers;
        enum program_kind kind;
    } cases[] = {{ET_EXEC, 0, PROGRAM_STATIC}, {ET_DYN, 1, PROGRAM_STATIC_PIE}, {ET_DYN, 2, PROGRAM_DYNAMIC}};
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct program program;
        image.file.e_type = htons(cases[index].type);
        image.file.e_phnum = htons(cases[index].headers);
        write_file("ppc", &image, sizeof image, 0755);
        assert_int_equal(program_read(place("ppc"), &program), 0);
        assert_int_equal(program.kind, cases[index].kind);
        assert_int_equal(program.elf_class, ELFCLASS32);
        assert_int_equal(program.machine, EM_PPC);
        assert_string_equal(program.interpreter, cases[index].headers == 2 ? "/lib/ld.so.1" : "");
    }
}

static void test_musl_is_known_by_its_loader(void **state)
{
    (void)state;
    struct image image = make_image(ET_DYN, INTERPRETER, true, true);
    struct program program = read_image(&image, 0);
    assert_false(program_uses_musl(&program));
    strcpy(image.interpreter, "/lib/ld-musl-x86_64.so.1");
    program = read_image(&image, 0);
    assert_true(program_uses_musl(&program));
}

static void test_damaged_elf_files(void **state)
{
    (void)state;
    struct image good = make_image(ET_DYN, INTERPRETER, true, true), image = good;
    struct program program;
    for (size_t length = SELFMAG; length < offsetof(struct image, interpreter) + sizeof INTERPRETER; length++) {
        write_file("cut", &image, length, 0755);
        int result = program_read(place("cut"), &program);
        assert_true(result == -ENOEXEC || (result == 0 && program.kind != PROGRAM_DYNAMIC));
    }
    image.headers[0].p_offset = UINT64_MAX - 3;
    read_image(&image, -ENOEXEC);
    image = good;
    image.headers[0].p_filesz = UINT64_MAX;
    read_image(&image, -ENOEXEC);
    image = good;
    image.headers[0].p_filesz = 5; /* not terminated */
    read_image(&image, -ENOEXEC);
    image = good;
    image.headers[0].p_filesz = 0;
    read_image(&image, -ENOEXEC);
    image = good;
    image.file.e_phnum = 0xfffe;
    read_image(&image, -ENOEXEC);
    image = good;
    image.headers[1].p_offset = UINT64_MAX - 3; /* the dynamic section: it still names its interpreter */
    assert_int_equal(read_image(&image, 0).kind, PROGRAM_DYNAMIC);
}

static void check_script(const char *line, const char *interpreter, const char *argument)
{
    struct program program;
    write_file("script", line, strlen(line), 0755);
    assert_int_equal(program_read(place("script"), &program), 0);
    assert_int_equal(program.kind, PROGRAM_SCRIPT);
    assert_string_equal(program.interpreter, interpreter);
    assert_string_equal(program.argument, argument);
}

static void test_scripts(void **state)
{
    (void)state;
    check_script("#!/bin/sh\necho", "/bin/sh", "");
    check_script("#! \t/usr/bin/env  -S perl -w \t\n", "/usr/bin/env", "-S perl -w");
    check_script("#!/bin/sh", "/bin/sh", "");
    check_script("#!", "", "");
    check_script("#!\n/bin/sh", "", "");
    char line[2 * PROGRAM_SCRIPT_LINE_SIZE] = "#!";
    memset(line + 2, 'x', sizeof line - 3);
    struct program program;
    write_file("script", line, sizeof line - 1, 0755);
    assert_int_equal(program_read(place("script"), &program), 0);
    assert_int_equal(strlen(program.interpreter), PROGRAM_SCRIPT_LINE_SIZE - 2);
}

static void test_files_that_are_no_programs(void **state)
{
    (void)state;
    struct program program;
    write_file("text", "\177EL", 3, 0755);
    assert_int_equal(program_read(place("text"), &program), 0);
    assert_int_equal(program.kind, PROGRAM_OTHER);
    assert_int_equal(program.elf_class, ELFCLASSNONE);
    write_file("empty", "", 0, 0755);
    assert_int_equal(program_read(place("empty"), &program), 0);
    assert_int_equal(program.kind, PROGRAM_OTHER);
    assert_int_equal(program_read(room, &program), -EISDIR);
    assert_int_equal(program_read("/dev/null", &program), -EACCES);
    assert_int_equal(program_read(place("nothing"), &program), -ENOENT);
    assert_int_equal(mkfifo(place("fifo"), 0755), 0);
    assert_int_equal(program_read(place("fifo"), &program), -EACCES); /* at once */
}

static void test_rights(void **state)
{
    (void)state;
    struct program program;
    write_file("rights", "text", 4, 04755);
    assert_int_equal(program_read(place("rights"), &program), 0);
    assert_true(program.setuid && !program.setgid && !program.capabilities);
    assert_int_equal(chmod(place("rights"), 02755), 0);
    assert_int_equal(program_read(place("rights"), &program), 0);
    assert_true(!program.setuid && program.setgid);
    assert_int_equal(chmod(place("rights"), 02745), 0); /* without group execution: mandatory locking, once */
    assert_int_equal(program_read(place("rights"), &program), 0);
    assert_false(program.setgid);
}

static void test_machine_names(void **state)
{
    (void)state;
    char buffer[32];
    assert_string_equal(program_machine_name(EM_AARCH64, buffer, sizeof buffer), "ARM64");
    assert_string_equal(program_machine_name(4711, buffer, sizeof buffer), "ELF machine 4711");
}

static void test_find(void **state)
{
    (void)state;
    char path[PATH_MAX], search[2 * PATH_MAX];
    char long_name[2 * PATH_MAX];
    mkdir(place("first"), 0755);
    mkdir(place("second"), 0755);
    mkdir(place("first/directory"), 0755);
    write_file("first/plain", "", 0, 0644);
    write_file("second/plain", "", 0, 0755);
    write_file("second/only-plain", "", 0, 0644);
    snprintf(search, sizeof search, "%s/first:%s/second:/nowhere", room, room);
    setenv("PATH", search, 1);

    assert_int_equal(program_find("plain", path), 0);
    assert_string_equal(path, place("second/plain"));
    assert_int_equal(program_find("only-plain", path), -EACCES);
    assert_string_equal(path, place("second/only-plain"));
    assert_int_equal(program_find("directory", path), -EACCES);
    assert_int_equal(program_find("nothing", path), -ENOENT);
    assert_string_equal(path, "nothing");
    assert_int_equal(program_find("", path), -ENOENT);
    assert_int_equal(program_find(place("second/plain"), path), 0);
    assert_int_equal(program_find(place("first"), path), -EISDIR);
    assert_int_equal(program_find(place("first/plain/below"), path), -ENOENT);
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(program_find(long_name, path), -ENOENT);
    long_name[0] = '/';
    assert_int_equal(program_find(long_name, path), -ENOENT);

    assert_int_equal(chdir(place("second")), 0);
    setenv("PATH", "/nowhere:", 1);
    assert_int_equal(program_find("plain", path), 0);
    assert_string_equal(path, "./plain");
    assert_int_equal(chdir("/"), 0);
    unsetenv("PATH");
    assert_int_equal(program_find("sh", path), 0);
    assert_string_equal(path, "/bin/sh");
}

static int make_room(void **state)
{
    (void)state;
    return mkdtemp(room) == NULL ? -1 : 0;
}

static int remove_room(void **state)
{
    (void)state;
    static const char *const names[] = {"image",
                                        "ppc",
                                        "cut",
                                        "script",
                                        "text",
                                        "empty",
                                        "fifo",
                                        "rights",
                                        "first/plain",
                                        "first/directory",
                                        "first",
                                        "second/plain",
                                        "second/only-plain",
                                        "second"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        remove(place(names[index]));
    return rmdir(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_elf),
        cmocka_unit_test(test_a_32_bit_big_endian_program),
        cmocka_unit_test(test_musl_is_known_by_its_loader),
        cmocka_unit_test(test_damaged_elf_files),
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_files_that_are_no_programs),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_machine_names),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, make_room, remove_room);
}
