/* What the texts in an IPv4-only program's data give away: addresses inside protocols, and numbers written into it.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "check/file/file.h"

struct telltale {
    const char *text;
    enum gap_number gap;
    bool whole;       /* a string of its own, not part of one */
    const char *twin; /* the IPv6 way of the same thing: where it is there too, nothing is wrong; NULL: none */
    const char *with; /* must be there too for the text to mean this; NULL: nothing */
    bool translated;  /* by the shim (ftp-ports) */
};

static const struct telltale telltales[] = {
    {"%d,%d,%d,%d,%d,%d", GAP_PAYLOAD_ADDRESS, false, "EPRT", "PORT", true}, /* FTP's PORT and PASV */
    {"%u,%u,%u,%u,%u,%u", GAP_PAYLOAD_ADDRESS, false, "EPRT", "PORT", true},
    {"%i,%i,%i,%i,%i,%i", GAP_PAYLOAD_ADDRESS, false, "EPRT", "PORT", true},
    {"PASV", GAP_PAYLOAD_ADDRESS, false, "EPSV", "227", true},   /* its reply is read some other way */
    {"DCC SEND", GAP_PAYLOAD_ADDRESS, false, NULL, NULL, false}, /* IRC */
    {"DCC CHAT", GAP_PAYLOAD_ADDRESS, false, NULL, NULL, false},
    {"DCC %s", GAP_PAYLOAD_ADDRESS, false, NULL, NULL, false},
    {"IN IP4 ", GAP_PAYLOAD_ADDRESS, false, "IN IP6 ", NULL, false}, /* SDP, in SIP and RTSP */
    {"SIP/2.0/", GAP_PAYLOAD_ADDRESS, false, NULL, NULL, false},     /* SIP's Via and Contact */
    {"ntalk", GAP_PAYLOAD_ADDRESS, true, NULL, NULL, false}, /* the service of talk, whose packets hold sockaddr_in */
    {"/proc/net/tcp", GAP_PROC_NET, false, "/proc/net/tcp6", NULL, false},
    {"/proc/net/udp", GAP_PROC_NET, false, "/proc/net/udp6", NULL, false},
};

static const uint8_t *find_bytes(const struct elf_image *image, const char *bytes, size_t size,
                                 const struct elf_segment **where)
{
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        const uint8_t *found = memmem(image->data + segment->offset, segment->file_size, bytes, size);
        if (found != NULL) {
            *where = segment;
            return found;
        }
    }
    return NULL;
}

static const uint8_t *find_text(const struct elf_image *image, const char *text, const struct elf_segment **where)
{
    return find_bytes(image, text, strlen(text), where);
}

/* A text between two NULs. */
static const uint8_t *find_whole(const struct elf_image *image, const char *text, const struct elf_segment **where)
{
    char bytes[32] = "";
    size_t length = strlen(text);
    memcpy(bytes + 1, text, length);
    const uint8_t *found = find_bytes(image, bytes, length + 2, where);
    return found == NULL ? NULL : found + 1;
}

/* A number worth renumbering: not the wildcard, loopback, broadcast, a netmask, or what is more likely a version. */
static bool is_hard_coded(const char *text)
{
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1)
        return false;
    uint32_t number = ntohl(address.s_addr);
    unsigned first = number >> 24;
    return first >= 10 && first != 127 && first < 240;
}

/* Whole strings that are dotted quads, in segments that hold no code. */
static void find_addresses(struct report *report, const struct elf_image *image)
{
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        const char *data = (const char *)image->data + segment->offset;
        for (uint64_t at = 1; !segment->executable && at + 8 < segment->file_size; at++) {
            if (data[at - 1] != '\0' || data[at] < '0' || data[at] > '9')
                continue;
            size_t length = strnlen(data + at, segment->file_size - at);
            if (length < sizeof "1.1.1.1" - 1 || length >= INET_ADDRSTRLEN || length == segment->file_size - at ||
                !is_hard_coded(data + at))
                continue;
            struct report_gap *gap =
                report_add_gap(report, GAP_HARD_CODED_ADDRESS,
                               &(struct evidence){.address = segment->address + at, .detail = data + at});
            gap->severity = GAP_NOTE; /* a default, an example in a help text: only running it could tell */
        }
    }
}

/* 127.0.0.1 as an operand of x86-64 code that moves it into a register or to memory, in either byte order. */
static void find_loopback(struct report *report, const struct elf_image *image)
{
    enum { MOVE_TO_REGISTER = 0xb8, REGISTER_MASK = 0xf8, MOVE_TO_MEMORY = 0xc7, LONGEST_ADDRESS = 6 };
    static const uint8_t loopbacks[][4] = {{127, 0, 0, 1}, {1, 0, 0, 127}};
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        const uint8_t *code = image->data + segment->offset, *end = code + segment->file_size;
        for (size_t order = 0; segment->executable && order < 2; order++)
            for (const uint8_t *at = code;
                 (at = memmem(at, (size_t)(end - at), loopbacks[order], sizeof loopbacks[order])) != NULL; at++) {
                bool moves = at > code && (at[-1] & REGISTER_MASK) == MOVE_TO_REGISTER;
                for (int before = 2; !moves && before <= LONGEST_ADDRESS && before <= at - code; before++)
                    moves = at[-before] == MOVE_TO_MEMORY;
                if (moves)
                    report_add_gap(report, GAP_ADDRESS_CONSTANT,
                                   &(struct evidence){.address = segment->address + (uint64_t)(at - code),
                                                      .detail = "INADDR_LOOPBACK"});
            }
    }
}

/* A resolver of the program's own: it reads the configuration that only resolvers read, and asks libc for no name. */
static void find_resolver(struct report *report, const struct elf_image *image)
{
    static const char configuration[] = "/etc/resolv.conf";
    const struct elf_segment *segment;
    const uint8_t *found = find_text(image, configuration, &segment);
    if (found == NULL || report_find_gap(report, GAP_NAME_LOOKUP) != NULL ||
        report_find_gap(report, GAP_FAMILY_HINT) != NULL || report_find_gap(report, GAP_ADDRESS_QUERY) != NULL)
        return;
    struct evidence evidence = {
        .address = segment->address + (uint64_t)(found - (image->data + segment->offset)),
        .detail = "it reads /etc/resolv.conf itself",
        .translated = true, /* own-queries */
    };
    report_add_gap(report, GAP_ADDRESS_QUERY, &evidence);
}

/* Whether a text between two NULs stands elsewhere than among the names of the dynamic symbols and libraries. */
static bool has_own_text(const struct elf_image *image, const char *text)
{
    char bytes[32] = "";
    size_t size = strlen(text) + 2;
    const uint8_t *names = (const uint8_t *)image->strings, *names_end = names + image->strings_size;
    memcpy(bytes + 1, text, size - 2);
    for (size_t index = 0; index < image->segment_count; index++) {
        const uint8_t *at = image->data + image->segments[index].offset;
        const uint8_t *end = at + image->segments[index].file_size;
        for (; (at = memmem(at, (size_t)(end - at), bytes, size)) != NULL; at++)
            if (names == NULL || at < names || at >= names_end)
                return true;
    }
    return false;
}

bool check_has_symbol(const struct elf_image *image, const char *name)
{
    struct elf_symbol symbol;
    for (size_t index = 1; index < image->symbol_count; index++)
        if (elf_image_symbol(image, index, &symbol) && strcmp(symbol.name, name) == 0)
            return true;
    return false;
}

const char *check_dlsym_name(const struct elf_image *image)
{
    static const char *const names[] = {"connect", "getaddrinfo", "gethostbyname", "gethostbyname_r"};
    if (!check_has_symbol(image, "dlsym") && !check_has_symbol(image, "dlvsym"))
        return NULL;
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (!check_has_symbol(image, names[index]) && has_own_text(image, names[index]))
            return names[index];
    return NULL;
}

/* Functions that are asked of libc itself, not of whatever comes first, are libc's own. */
static void find_dlsym(struct report *report, const struct elf_image *image)
{
    const char *name = check_dlsym_name(image);
    if (name == NULL || !has_own_text(image, "libc.so.6"))
        return;
    struct evidence evidence = {.symbol = "dlsym",
                                .detail = report_print(report, "the texts \"%s\" and \"libc.so.6\"", name)};
    report_add_gap(report, GAP_DIRECT_CALL, &evidence);
}

bool check_names_inet6(const struct elf_image *image)
{
    static const char *const names[] = {"ipv6", "ip6"};
    static const char not [] = "not "; /* "ip and not ip6", a filter */
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        const char *data = (const char *)image->data + segment->offset;
        for (uint64_t at = sizeof not ; !segment->executable && at + sizeof "ipv6" < segment->file_size; at++)
            for (size_t name = 0; name < sizeof names / sizeof names[0] && (data[at] | 0x20) == 'i'; name++)
                if (strncasecmp(data + at, names[name], strlen(names[name])) == 0 &&
                    strncasecmp(data + at - strlen(not ), not, strlen(not )) != 0)
                    return true;
    }
    return false;
}

void check_texts(struct report *report, const struct elf_image *image)
{
    find_resolver(report, image);
    find_dlsym(report, image);
    for (size_t index = 0; index < sizeof telltales / sizeof telltales[0]; index++) {
        const struct telltale *telltale = &telltales[index];
        const struct elf_segment *segment, *unused;
        const uint8_t *found = (telltale->whole ? find_whole : find_text)(image, telltale->text, &segment);
        if (found == NULL || (telltale->twin != NULL && find_text(image, telltale->twin, &unused) != NULL) ||
            (telltale->with != NULL && find_text(image, telltale->with, &unused) == NULL))
            continue;
        struct evidence evidence = {
            .address = segment->address + (uint64_t)(found - (image->data + segment->offset)),
            .detail = report_print(report, "the text \"%s\"", telltale->text),
            .translated = telltale->translated,
        };
        report_add_gap(report, telltale->gap, &evidence);
    }
    find_addresses(report, image);
    if (image->program.machine == EM_X86_64)
        find_loopback(report, image);
}
