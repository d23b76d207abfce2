/*
 * The check of statically linked programs, Go's among them: no imports, so it goes by system calls, by the constants
 * that reach socket(), and by what the C library leaves behind in the data.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check/file/file.h"

#define BIT(name) FACT_BIT(FACT_##name)

/* Whether the text stands anywhere in what is loaded. */
static bool has_text(const struct elf_image *image, const char *text)
{
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        if (memmem(image->data + segment->offset, segment->file_size, text, strlen(text)) != NULL)
            return true;
    }
    return false;
}

/* --- Go --- */

/* The linker's note of the build, whose owner is padded: "Go" and two zeros. */
static bool has_go_note(const struct elf_image *image)
{
    size_t count = 0;
    GElf_Phdr header;
    if (elf_getphdrnum(image->elf, &count) != 0)
        return false;
    for (size_t index = 0; index < count; index++) {
        if (gelf_getphdr(image->elf, (int)index, &header) == NULL || header.p_type != PT_NOTE)
            continue;
        Elf_Data *data = elf_getdata_rawchunk(image->elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_NHDR);
        GElf_Nhdr note;
        size_t offset = 0, name, contents;
        while (data != NULL && (offset = gelf_getnote(data, offset, &note, &name, &contents)) > 0)
            if (note.n_namesz >= sizeof "Go" && memcmp((const char *)data->d_buf + name, "Go", sizeof "Go") == 0)
                return true;
    }
    return false;
}

bool check_is_go(const struct elf_image *image)
{
    return has_go_note(image) || has_text(image, "\xff Go buildinf:"); /* the note can be left out */
}

/* The first of the names that the linker kept in Go's table of functions, which strip leaves alone; or NULL. */
static const char *find_function(const struct elf_image *image, const char *const *names, size_t count)
{
    for (size_t index = 0; index < count; index++)
        if (has_text(image, names[index]))
            return names[index];
    return NULL;
}

bool check_go(struct report *report, const struct elf_image *image)
{
    /* Of package net, kept only where the program dials or listens. */
    static const char *const dialling[] = {"net.(*sysDialer).dial", "net.(*sysListener).listen",
                                           "net.internetSocket"};
    /* In every program. */
    static const char *const any[] = {"runtime.gopanic", "runtime.main", "runtime.goexit"};
    /* Sockets without package net; "syscall.socket" begins other names too, and stands there for both. */
    static const char *const by_hand[] = {"syscall.Socket", "syscall.socket", "unix.Socket", "unix.socket"};
    const char *name = find_function(image, dialling, sizeof dialling / sizeof dialling[0]);
    report->kind = "go";
    if (name != NULL) {
        report->verdict = VERDICT_READY;
        report->reason = "Go's own network package dials and listens on both families";
        report_add_credit(report, "uses Go's package net", &(struct evidence){.symbol = name});
        report_add_note(report, "it makes its system calls itself: the shim neither helps nor disturbs it");
        return true;
    }
    if (find_function(image, any, sizeof any / sizeof any[0]) == NULL) {
        report->verdict = VERDICT_UNKNOWN;
        report->reason = "a Go program whose table of functions can't be read";
        return true;
    }
    name = find_function(image, by_hand, sizeof by_hand / sizeof by_hand[0]);
    if (name != NULL) {
        report->verdict = VERDICT_UNKNOWN;
        report->reason =
            report_print(report, "a Go program that makes sockets itself (%s); which can't be seen", name);
        return true;
    }
    report->verdict = VERDICT_NO_NETWORK;
    report->reason = "a Go program that neither dials nor listens";
    return false;
}

/* --- other static programs --- */

struct static_scan {
    const struct elf_image *image;
    const struct elf_functions *functions;
    struct elf_target sockets[8]; /* functions that are libc's socket(), as far as can be told */
    size_t count;
    facts_t facts;
    uint64_t example[FACT_COUNT];
};

enum { LINUX_SOCKET = 41, LINUX_CONNECT = 42, LINUX_BIND = 49, LINUX_SENDTO = 44, LINUX_LISTEN = 50 };

/* A wrapper of the system call: short, so the call stands near its start. */
static void note_system_call(uint64_t address, unsigned number, void *context)
{
    enum { WRAPPER_LENGTH = 64 };
    struct static_scan *scan = context;
    size_t function = elf_functions_find(scan->functions, address);
    if (number == LINUX_CONNECT)
        scan->facts |= BIT(CONNECT);
    else if (number == LINUX_BIND || number == LINUX_LISTEN)
        scan->facts |= BIT(BIND);
    else if (number == LINUX_SENDTO)
        scan->facts |= BIT(DATAGRAM);
    if (number != LINUX_SOCKET || function == SIZE_MAX ||
        address - scan->functions->starts[function] > WRAPPER_LENGTH ||
        scan->count == sizeof scan->sockets / sizeof scan->sockets[0])
        return;
    scan->sockets[scan->count++] = (struct elf_target){
        .address = scan->functions->starts[function],
        .direct = true,
        .follow = true,
    };
}

static void note_socket_call(const struct elf_call_site *site, void *context)
{
    /* glibc's own resolver and interface code make their sockets so; programs old enough to be static hardly do. */
    enum { LIBC_TYPE = SOCK_DGRAM | SOCK_CLOEXEC };
    struct static_scan *scan = context;
    const struct x86_value *type = site->state == NULL ? NULL : &site->state->registers[X86_RSI];
    if (type != NULL && type->kind == X86_CONSTANT && (type->number & LIBC_TYPE) == LIBC_TYPE)
        return;
    enum fact fact = call_read(call_find("socket"), scan->image, site->state);
    scan->facts |= FACT_BIT(fact);
    if (scan->example[fact] == 0)
        scan->example[fact] = site->address;
}

/*
 * Whether getaddrinfo is linked in, by the files that it reads: in glibc, gai.conf is nobody else's; musl, which has
 * no nsswitch.conf, wants /etc/services beside the resolver's configuration for getaddrinfo alone.
 */
static bool has_getaddrinfo(const struct elf_image *image)
{
    return has_text(image, "/etc/gai.conf") ||
           (has_text(image, "/etc/resolv.conf") && has_text(image, "/etc/services") &&
            !has_text(image, "/etc/nsswitch.conf"));
}

static void conclude_static(struct report *report, const struct static_scan *scan)
{
    bool resolver = has_getaddrinfo(scan->image);
    bool inet6 = (scan->facts & (BIT(SOCKET_INET6) | BIT(RAW_INET6))) != 0;
    facts_t inet = scan->facts & (BIT(SOCKET_INET) | BIT(DATAGRAM_INET) | BIT(RAW_INET));
    for (unsigned fact = 0; fact < FACT_COUNT; fact++)
        if ((scan->facts & FACT_BIT(fact) & facts_for) != 0)
            report_add_credit(report, fact_text((enum fact)fact),
                              &(struct evidence){.symbol = "socket", .address = scan->example[fact]});
    if (inet6 || (resolver && (scan->facts & BIT(SOCKET_ANY)) != 0)) {
        report->verdict = VERDICT_READY;
        report->reason = inet6 ? "makes IPv6 sockets" : "has getaddrinfo linked in, and sockets of any family";
        report_add_note(report, "statically linked: the shim can neither help nor disturb it");
        return;
    }
    if (inet == 0 || stance_of(scan->facts & ~BIT(SOCKET_ANY)) != STANCE_IPV4) {
        report->verdict = VERDICT_NO_NETWORK;
        report->reason = "statically linked, and makes no Internet socket that can be seen";
        return;
    }
    for (unsigned fact = 0; fact < FACT_COUNT; fact++)
        if ((inet & FACT_BIT(fact)) != 0)
            report_add_gap(report, fact_gap((enum fact)fact),
                           &(struct evidence){.symbol = "socket", .address = scan->example[fact]});
    check_texts(report, scan->image);
    check_conclude_ipv4(report, scan->facts);
}

/* Of another machine's code only the data is read. */
static void conclude_unread(struct report *report, const struct elf_image *image)
{
    if (has_getaddrinfo(image)) {
        report->verdict = VERDICT_READY;
        report->reason = "statically linked, and has getaddrinfo linked in";
        report_add_note(report, "a guess: code of static programs for this machine is not read here");
    } else {
        report->verdict = VERDICT_UNKNOWN;
        report->reason = "statically linked, and code of static programs for this machine is not read here";
    }
}

void check_static(struct report *report, const struct elf_image *image)
{
    if (image->program.machine != EM_X86_64) {
        conclude_unread(report, image);
        return;
    }
    struct elf_functions functions;
    struct static_scan scan = {.image = image, .functions = &functions};
    report_add_gap(report, GAP_STATIC_PROGRAM, &(struct evidence){.detail = report->kind});
    if (elf_functions_read(image, &functions) != 0) {
        report->error = "not enough memory";
        return;
    }
    elf_system_calls(image, note_system_call, &scan);
    if (elf_calls(image, &functions, scan.sockets, scan.count, note_socket_call, &scan) != 0)
        report->error = "not enough memory";
    conclude_static(report, &scan);
    /* What can't be helped is a gap only where help is needed. */
    if (report->verdict != VERDICT_OUT_OF_REACH)
        report->gaps = NULL;
    elf_functions_free(&functions);
}
