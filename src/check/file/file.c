/* Checks one file: looks what it is and starts the check for it; called by check/pool.c and check/run. */
#include "check/file/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command/common/preload.h"

#define BIT(name) FACT_BIT(FACT_##name)

const facts_t facts_against = BIT(NAME_OLD) | BIT(NAME_INET) | BIT(SOCKET_INET) | BIT(DATAGRAM_INET) | BIT(TEXT_OLD) |
                              BIT(PRINT_OLD) | BIT(TEXT_CLASS) | BIT(PRESENT_INET) | BIT(RAW_INET) | BIT(BROADCAST) |
                              BIT(MULTICAST_INET) | BIT(OPTION_INET) | BIT(INTERFACE_INET) | BIT(REMOTE_COMMAND) |
                              BIT(SUN_RPC) | BIT(ADDRESS_QUERY) | BIT(SOCKET_PACKET) | BIT(CAPTURE);
const facts_t facts_for = BIT(NAME_NEW) | BIT(REVERSE_NEW) | BIT(SOCKET_INET6) | BIT(RAW_INET6) | BIT(PRESENT_INET6) |
                          BIT(OPTION_INET6) | BIT(ADDRESS_INET6) | BIT(INTERFACE_NEW) | BIT(SOCKET_ANY) |
                          BIT(PRESENT_ANY);

#define DESCRIBED_MAXIMUM 3

const char *check_describe(struct report *report, facts_t facts)
{
    const char *text = "";
    unsigned described = 0;
    for (unsigned fact = 0; fact < FACT_COUNT && described < DESCRIBED_MAXIMUM; fact++)
        if ((facts & FACT_BIT(fact)) != 0)
            text = report_print(report, "%s%s%s", text, described++ > 0 ? ", " : "", fact_text((enum fact)fact));
    return text;
}

void checker_know_native(struct program *native)
{
    if (program_read("/proc/self/exe", native) != 0)
        native->elf_class = ELFCLASSNONE; /* no /proc: taken for a match */
}

bool checker_begin(struct checker *checker, const struct program *native)
{
    *checker = (struct checker){.libraries = libraries_new(), .native = *native};
    return checker->libraries != NULL;
}

void checker_end(struct checker *checker)
{
    libraries_free(checker->libraries);
}

/* Whether a libv6shim.so for this program's machine is installed with this command, or lies where its loader would
   look. */
static bool has_shim_for(const struct checker *checker, const struct program *program)
{
    const struct program *native = &checker->native;
    if (native->elf_class == ELFCLASSNONE ||
        (native->elf_class == program->elf_class && native->machine == program->machine) ||
        preload_has_class(program))
        return true;
    struct elf_requester requester = {
        .directory = "/",
        .elf_class = program->elf_class,
        .machine = program->machine,
        .privileged = true,
    };
    return libraries_get(checker->libraries, &requester, "libv6shim.so") != NULL;
}

void check_obstacles(struct checker *checker, struct report *report, const struct program *program)
{
    const char *rights = program->setuid         ? "the setuid bit"
                         : program->setgid       ? "the setgid bit"
                         : program->capabilities ? "file capabilities"
                                                 : NULL;
    if (rights != NULL)
        report_add_gap(report, GAP_PRIVILEGED_PROGRAM, &(struct evidence){.detail = rights});
    char library[PATH_MAX];
    if (program_uses_musl(program)) {
        if (!preload_has_musl(library))
            report_add_gap(report, GAP_OTHER_LIBC, &(struct evidence){.detail = program->interpreter});
    } else if (strncmp(program->interpreter, "/system/bin/linker", 18) == 0 ||
               strstr(program->interpreter, "/ld-uClibc") != NULL) {
        report_add_gap(report, GAP_OTHER_LIBC, &(struct evidence){.detail = program->interpreter});
    } else if (!has_shim_for(checker, program)) {
        report_add_gap(report, GAP_OTHER_ABI, &(struct evidence){.detail = report->machine});
    }
}

/* Where inet_pton for IPv4 is the only source of the addresses that it connects to, the program never has another
   one: no name is looked up, and the shim shows an alias to nobody. */
static void raise_presentation(struct report *report, facts_t facts)
{
    facts_t sources = BIT(NAME_OLD) | BIT(NAME_INET) | BIT(NAME_NEW) | BIT(TEXT_OLD) | BIT(ADDRESS_QUERY);
    struct report_gap *gap = report_find_gap(report, GAP_PRESENTATION);
    if (gap == NULL || (facts & sources) != 0 || (facts & BIT(CONNECT)) == 0)
        return;
    for (const struct evidence *place = gap->evidence; place != NULL; place = place->next)
        if (place->symbol != NULL && strcmp(place->symbol, "inet_pton") == 0)
            gap->severity = GAP_WARNING;
}

void check_conclude_ipv4(struct report *report, facts_t facts)
{
    static const enum gap_number obstacles[] = {GAP_STATIC_PROGRAM, GAP_DIRECT_CALL, GAP_OTHER_LIBC, GAP_OTHER_ABI,
                                                GAP_PRIVILEGED_PROGRAM};
    const char *how = check_describe(report, facts & facts_against);
    for (size_t index = 0; index < sizeof obstacles / sizeof obstacles[0]; index++)
        if (report_find_gap(report, obstacles[index]) != NULL) {
            report->verdict = VERDICT_OUT_OF_REACH;
            report->reason = report_print(report, "%s, and %s", gap_get(obstacles[index])->title, how);
            for (struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
                gap->covered = false;
            return;
        }
    if (facts_are_packets_only(facts)) {
        report->verdict = VERDICT_OUT_OF_REACH;
        report->reason = report_print(report, "works on packets itself: %s", how);
        return;
    }
    raise_presentation(report, facts);
    const char *lost = NULL;
    report_sort(report);
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        if (!gap->covered && gap->severity >= GAP_WARNING && lost == NULL)
            lost = gap_get(gap->number)->title;
    report->verdict = lost != NULL ? VERDICT_PARTLY : VERDICT_SHIM;
    report->reason = lost != NULL ? report_print(report, "%s; the shim can't change that %s", how, lost)
                                  : report_print(report, "%s; the shim covers that", how);
}

static void describe_file(struct report *report, const struct program *program)
{
    static const char *const kinds[] = {
        [PROGRAM_DYNAMIC] = "dynamic", [PROGRAM_STATIC] = "static", [PROGRAM_STATIC_PIE] = "static-pie",
        [PROGRAM_LIBRARY] = "library", [PROGRAM_OBJECT] = "object", [PROGRAM_SCRIPT] = "script",
        [PROGRAM_OTHER] = "other",
    };
    report->kind = kinds[program->kind];
    if (program->elf_class == ELFCLASSNONE)
        return;
    char buffer[32];
    report->machine = report_copy(report, program_machine_name(program->machine, buffer, sizeof buffer));
    report->bits = program->elf_class == ELFCLASS32 ? 32 : 64;
    if (program->kind == PROGRAM_DYNAMIC)
        report->interpreter = report_copy(report, program->interpreter);
}

static void check_elf(struct checker *checker, struct report *report, const struct program *program,
                      const struct check_mapping *mappings)
{
    struct elf_image image;
    const char *problem;
    int error = elf_image_open(report->path, &image, &problem);
    if (error != 0) {
        report->error = problem != NULL ? problem : report_copy(report, strerror(-error));
        return;
    }
    image.program.setuid = program->setuid;
    image.program.setgid = program->setgid;
    image.program.capabilities = program->capabilities;
    if (check_is_go(&image) && (check_go(report, &image) || program->kind != PROGRAM_DYNAMIC))
        ;
    else if (program->kind == PROGRAM_STATIC || program->kind == PROGRAM_STATIC_PIE)
        check_static(report, &image);
    else
        check_dynamic(checker, report, &image, mappings);
    elf_image_close(&image);
}

/* What the kernel's and libelf's answers mean to the one who named the file. */
static const char *explain(struct report *report, int error)
{
    struct stat status;
    bool irregular = stat(report->path, &status) == 0 && !S_ISREG(status.st_mode);
    switch (error) {
    case -ENOEXEC:
        return "its ELF header is damaged or cut short";
    case -EISDIR:
        return "it is a directory";
    case -ELOOP:
        return "its symbolic links go round in a circle";
    case -EACCES:
        if (!irregular)
            return "it may not be read";
        break;
    }
    if (!irregular)
        return report_copy(report, strerror(-error));
    return S_ISDIR(status.st_mode)    ? "it is a directory that may not be read"
           : S_ISFIFO(status.st_mode) ? "it is a pipe, not a file"
           : S_ISSOCK(status.st_mode) ? "it is a socket, not a file"
                                      : "it is a device, not a file";
}

struct report *check_file(struct checker *checker, const char *path, const struct check_mapping *mappings)
{
    struct report *report = report_new(path);
    if (report == NULL)
        return NULL;
    struct program program;
    int error = program_read(path, &program);
    if (error != 0) {
        report->error = explain(report, error);
        return report;
    }
    describe_file(report, &program);
    switch (program.kind) {
    case PROGRAM_SCRIPT:
        check_script(checker, report, &program);
        break;
    case PROGRAM_OBJECT:
    case PROGRAM_OTHER:
        report->skipped = true;
        report->reason = "neither a program nor a script";
        break;
    default:
        check_elf(checker, report, &program, mappings);
        break;
    }
    report_sort(report);
    return report;
}
