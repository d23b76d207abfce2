/* Makes a report of what was observed of a program; called by check/run/run.c when the program has ended. */
#include "check/run/gaps.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "check/file/file.h"
#include "check/run/words.h"

#define FTP_PORT         21
#define DOTTED_QUAD_ROOM 16u
#define BIT(name)        FACT_BIT(FACT_##name)

struct study {
    struct report *report;
    const struct run_program *program;
    struct run_places *places;
    facts_t facts;
    bool dual; /* it reached for IPv6, or would have */
};

/* --- the lines --- */

static bool is_call(const struct observation *seen, const char *call)
{
    return strcmp(seen->call, call) == 0;
}

/* What has an address that the program gave: told before the call was made. */
static bool is_destination(const struct observation *seen)
{
    return seen->origin != NULL && !is_call(seen, "socket") && !is_call(seen, "listen");
}

static bool is_sending(const struct observation *seen)
{
    return strncmp(seen->call, "send", strlen("send")) == 0;
}

#define EACH_LINE(study, line) \
    for (const struct run_line *line = (study)->program->lines; line != NULL; line = line->next)

/* The same kind of address, of IPv6, was read, or given to a socket of the same port: the program has one for each
   family. */
static bool has_sibling(const struct study *study, const struct observation *seen)
{
    EACH_LINE(study, line)
    {
        const struct observation *other = &line->observation;
        if (other->address.family == AF_INET6 && (other->port == seen->port || other->port == OBSERVATION_NONE) &&
            ((address_is_unspecified(&other->address) && address_is_unspecified(&seen->address)) ||
             (address_is_loopback(&other->address) && address_is_loopback(&seen->address))))
            return true;
    }
    return false;
}

static bool has_option(const struct study *study, bool (*wanted)(int option))
{
    EACH_LINE(study, line)
    if (is_call(&line->observation, "setsockopt") && line->observation.level == IPPROTO_IPV6 &&
        wanted(line->observation.option))
        return true;
    return false;
}

static bool is_inet6_multicast(int option)
{
    return option == IPV6_JOIN_GROUP || option == IPV6_LEAVE_GROUP || option == IPV6_MULTICAST_IF ||
           option == IPV6_MULTICAST_HOPS || option == IPV6_MULTICAST_LOOP;
}

static bool is_inet6_twin(int option)
{
    return option != IPV6_V6ONLY && !is_inet6_multicast(option);
}

/* --- places --- */

static const char *file_of(const struct study *study, const struct observation *seen)
{
    return seen->object == NULL || seen->object[0] == '\0' ? study->program->path : seen->object;
}

static struct evidence evidence_of(struct study *study, const struct observation *seen, const char *detail)
{
    struct evidence evidence = {.symbol = seen->call, .address = seen->offset, .detail = detail};
    const char *file = file_of(study, seen), *slash = strrchr(file, '/');
    if (file != study->program->path)
        evidence.object = slash != NULL ? slash + 1 : file;
    if (seen->offset == 0)
        return evidence;
    struct elf_place place = run_place_find(study->places, file, seen->offset);
    evidence.function = place.function;
    evidence.file = place.file;
    evidence.line = place.line > 0 ? (unsigned)place.line : 0;
    return evidence;
}

static void add_gap(struct study *study, enum gap_number gap, const struct observation *seen, const char *detail)
{
    struct evidence evidence = evidence_of(study, seen, detail);
    report_add_gap(study->report, gap, &evidence);
}

/* --- facts --- */

static facts_t fact_of_socket(const struct observation *seen)
{
    int family = seen->family, type = seen->type;
    if (seen->origin != NULL)
        return 0;
    if (family == AF_INET6)
        return type == SOCK_RAW ? BIT(RAW_INET6) : BIT(SOCKET_INET6);
    if (family == AF_INET)
        return type == SOCK_RAW ? BIT(RAW_INET) : BIT(SOCKET_ANY); /* an IPv4 one where that shows: judge_socket */
    return family == AF_PACKET ? BIT(SOCKET_PACKET) : BIT(SOCKET_LOCAL);
}

static facts_t fact_of(const struct observation *seen)
{
    if (is_call(seen, "socket"))
        return fact_of_socket(seen);
    if (is_call(seen, "getaddrinfo"))
        return seen->family == AF_INET ? BIT(NAME_INET) : BIT(NAME_NEW);
    if (is_call(seen, "gethostbyname2") || is_call(seen, "gethostbyname2_r"))
        return seen->family == AF_INET6 ? BIT(NAME_NEW) : BIT(NAME_OLD);
    if (is_call(seen, "inet_pton") || is_call(seen, "inet_ntop"))
        return seen->family == AF_INET6 ? BIT(PRESENT_INET6) : BIT(PRESENT_INET);
    if (is_call(seen, "setsockopt"))
        return seen->level == IPPROTO_IPV6             ? BIT(OPTION_INET6)
               : seen->level == SOL_SOCKET             ? BIT(BROADCAST)
               : run_option_is_multicast(seen->option) ? BIT(MULTICAST_INET)
                                                       : BIT(OPTION_INET);
    if (is_call(seen, "ioctl"))
        return BIT(INTERFACE_INET);
    const struct call *call = call_find(seen->call);
    return call == NULL || is_call(seen, "getsockopt") ? 0 : FACT_BIT(call_default(call));
}

static void gather_facts(struct study *study)
{
    static const facts_t proof = BIT(NAME_NEW) | BIT(SOCKET_INET6) | BIT(RAW_INET6) | BIT(PRESENT_INET6);
    EACH_LINE(study, line)
    {
        facts_t fact = fact_of(&line->observation);
        study->facts |= fact;
        if ((fact & facts_for & ~BIT(SOCKET_ANY)) == 0)
            continue;
        struct evidence evidence = evidence_of(study, &line->observation, NULL);
        for (unsigned number = 0; number < FACT_COUNT; number++)
            if (fact == FACT_BIT(number))
                report_add_credit(study->report, fact_text((enum fact)number), &evidence);
    }
    study->dual = (study->facts & proof) != 0;
}

/* --- what each line shows --- */

static const char *destination_words(struct study *study, const struct observation *seen)
{
    char printed[ADDRESS_TEXT_SIZE];
    return report_print(study->report, "%s port %d, %s", address_print(&seen->address, printed), seen->port,
                        run_origin_words(study->report, seen));
}

static void add_address(struct study *study, const struct observation *seen)
{
    char printed[ADDRESS_TEXT_SIZE];
    struct report_address address = {
        .place = evidence_of(study, seen, run_origin_words(study->report, seen)),
        .address = address_print(&seen->address, printed),
        .port = seen->port,
        .origin = run_origin_name(seen),
        .by = seen->origin->call,
        .name = seen->origin->name[0] != '\0' ? seen->origin->name : NULL,
    };
    report_add_address(study->report, &address);
}

/* An address to send from, whichever: what the socket is for shows when it is given another one, or listens. */
static bool is_preparation(const struct observation *seen)
{
    return address_is_unspecified(&seen->address) && seen->port == 0;
}

/* An AF_INET socket that was given this address: whether the program had chosen the family before it knew. */
static bool is_explained(const struct study *study, const struct observation *seen)
{
    const struct origin *origin = seen->origin;
    bool by_getaddrinfo = origin->call != NULL && strcmp(origin->call, "getaddrinfo") == 0; /* a gap of its own */
    bool by_inet_pton = origin->call != NULL && strcmp(origin->call, "inet_pton") == 0;
    return origin->either_family || origin->kind == ORIGIN_UNKNOWN || by_getaddrinfo ||
           (by_inet_pton && study->dual) || has_sibling(study, seen);
}

static void judge_socket(struct study *study, const struct observation *seen)
{
    if (seen->origin == NULL) {
        if (seen->family == AF_INET && seen->type == SOCK_RAW && (study->facts & BIT(RAW_INET6)) == 0)
            add_gap(study, GAP_RAW_SOCKET, seen, NULL);
        return;
    }
    if (seen->type == SOCK_RAW || is_preparation(seen) || is_explained(study, seen))
        return;
    study->facts |= seen->type == SOCK_DGRAM ? BIT(DATAGRAM_INET) : BIT(SOCKET_INET);
    add_gap(study, GAP_INET_SOCKET, seen, destination_words(study, seen));
}

/* Where the four bytes, or the text, of an address stand in the program: then it was certainly put there. */
static const char *hard_coded_words(struct study *study, const struct observation *seen)
{
    const struct ip_address *address = &seen->address;
    const char *file = file_of(study, seen), *words = destination_words(study, seen);
    uint32_t turned = address->family == AF_INET ? __builtin_bswap32(address->ipv4.s_addr) : 0;
    size_t place;
    if (seen->origin->kind == ORIGIN_TEXT)
        return words;
    bool found = address->family == AF_INET
                     ? run_place_holds(study->places, file, &address->ipv4, sizeof address->ipv4, &place) ||
                           run_place_holds(study->places, file, &turned, sizeof turned, &place)
                     : run_place_holds(study->places, file, &address->ipv6, sizeof address->ipv6, &place);
    return found ? report_print(study->report, "%s; it stands in the file at 0x%zx", words, place)
                 : report_print(study->report, "%s, or read from a file or a peer: it does not stand in the file",
                                words);
}

/* The address that an FTP server named for its data comes to the program as text that no function read. */
static bool is_from_payload(const struct study *study, const struct observation *seen)
{
    if (seen->origin->kind != ORIGIN_NONE || !is_call(seen, "connect"))
        return false;
    EACH_LINE(study, line)
    if (is_call(&line->observation, "connect") && line->observation.port == FTP_PORT)
        return seen->port != FTP_PORT;
    return false;
}

static void judge_destination(struct study *study, const struct observation *seen)
{
    bool ipv4 = seen->address.family == AF_INET;
    switch (run_constant_of(seen)) {
    case CONSTANT_HOST:
        add_gap(study, is_from_payload(study, seen) ? GAP_PAYLOAD_ADDRESS : GAP_HARD_CODED_ADDRESS, seen,
                hard_coded_words(study, seen));
        break;
    case CONSTANT_ANY:
    case CONSTANT_LOOPBACK:
        if (ipv4 && !(study->dual && is_preparation(seen)) && !has_sibling(study, seen))
            add_gap(study, GAP_ADDRESS_CONSTANT, seen, destination_words(study, seen));
        break;
    case CONSTANT_BROADCAST:
        add_gap(study, GAP_BROADCAST, seen, destination_words(study, seen));
        break;
    case CONSTANT_GROUP:
        if (ipv4)
            add_gap(study, GAP_MULTICAST, seen, destination_words(study, seen));
        break;
    case CONSTANT_NONE:
        break;
    }
}

/* A stream socket that listens, or a datagram socket with a port of its own choice, at 0.0.0.0 alone. */
static void judge_listener(struct study *study, const struct observation *seen)
{
    bool waits = is_call(seen, "listen") || (is_call(seen, "bind") && seen->type == SOCK_DGRAM && seen->port > 0);
    if (waits && seen->address.family == AF_INET && address_is_unspecified(&seen->address) &&
        !seen->origin->either_family && !has_sibling(study, seen))
        add_gap(study, GAP_SINGLE_LISTENER, seen, report_print(study->report, "0.0.0.0 port %d", seen->port));
}

static void judge_option(struct study *study, const struct observation *seen)
{
    const char *name = run_option_name(study->report, seen->level, seen->option);
    if (seen->level == SOL_SOCKET)
        add_gap(study, GAP_BROADCAST, seen, name);
    else if (seen->level == IPPROTO_IP && run_option_is_multicast(seen->option)) {
        if (!has_option(study, is_inet6_multicast))
            add_gap(study, GAP_MULTICAST, seen, name);
    } else if (seen->level == IPPROTO_IP && !has_option(study, is_inet6_twin))
        add_gap(study, GAP_IP_OPTION, seen, name);
}

/* inet_ntoa gives no more than 15 characters; a place for just that beside it is a place for too little. */
static void judge_text_buffer(struct study *study, const struct observation *seen)
{
    const char *name = is_call(seen, "inet_ntoa")
                           ? run_place_short_text(study->places, file_of(study, seen), seen->offset, DOTTED_QUAD_ROOM)
                           : NULL;
    if (name != NULL)
        add_gap(study, GAP_TEXT_BUFFER, seen, report_print(study->report, "beside it is char %s[16]", name));
    else if (seen->room > 0 && is_call(seen, "strcpy"))
        add_gap(study, GAP_TEXT_BUFFER, seen,
                report_print(study->report, "of inet_ntoa's text into %d bytes", seen->room));
    else if (seen->room > 0 && (is_call(seen, "getnameinfo") || is_call(seen, "inet_ntop")) &&
             !(study->dual && seen->family == AF_INET))
        add_gap(study, GAP_TEXT_BUFFER, seen, report_print(study->report, "into %d bytes", seen->room));
}

/* Room for sockaddr_in alone. Who speaks IPv6 may have chosen it for the socket that it knows to be an IPv4 one. */
static void judge_room(struct study *study, const struct observation *seen)
{
    bool gives_text = is_call(seen, "getnameinfo") || is_call(seen, "inet_ntop") || is_call(seen, "strcpy");
    if (seen->room > 0 && !gives_text && !(study->dual && seen->family == AF_INET))
        add_gap(study, GAP_ADDRESS_STORAGE, seen, report_print(study->report, "into %d bytes", seen->room));
}

/* A command of FTP: PORT and PASV, unless their successors are known as well. */
static void judge_command(struct study *study, const struct observation *seen)
{
    EACH_LINE(study, line)
    {
        const char *other = line->observation.name;
        if (line->observation.port == FTP_PORT && other != NULL &&
            (strcmp(other, "EPRT") == 0 || strcmp(other, "EPSV") == 0))
            return;
    }
    add_gap(study, GAP_PAYLOAD_ADDRESS, seen, seen->name);
}

/* tcp, udp and raw of /proc/net, unless the same of IPv6 is read too. */
static void judge_file(struct study *study, const struct observation *seen)
{
    size_t length = strlen(seen->name);
    if (seen->name[length - 1] == '6')
        return;
    EACH_LINE(study, line)
    {
        const char *other = line->observation.name;
        if (other != NULL && strncmp(other, seen->name, length) == 0 && strcmp(other + length, "6") == 0)
            return;
    }
    add_gap(study, GAP_PROC_NET, seen, seen->name);
}

static const char *quoted_name(struct study *study, const struct observation *seen)
{
    return seen->name != NULL ? report_print(study->report, "\"%s\"", seen->name) : NULL;
}

/* The same call was made for IPv6, from the same place: one family after the other. */
static bool has_turn_of_inet6(const struct study *study, const struct observation *seen)
{
    EACH_LINE(study, line)
    {
        const struct observation *other = &line->observation;
        if (other->family == AF_INET6 && other->offset == seen->offset && is_call(other, seen->call))
            return true;
    }
    return false;
}

/* Calls that are a gap in themselves, where they are for IPv4. */
static void judge_call(struct study *study, const struct observation *seen)
{
    enum gap_number gap = is_call(seen, "res_query") || is_call(seen, "res_search") ? GAP_ADDRESS_QUERY
                          : is_call(seen, "ioctl")                                  ? GAP_INTERFACE_IOCTL
                                                                                    : gap_of_symbol(seen->call);
    if (gap == GAP_COUNT || (seen->family != OBSERVATION_NONE && seen->family != AF_INET) ||
        (gap == GAP_PRESENTATION && study->dual) || (seen->family == AF_INET && has_turn_of_inet6(study, seen)))
        return;
    add_gap(study, gap, seen, is_call(seen, "ioctl") ? seen->name : quoted_name(study, seen));
    if (is_call(seen, "inet_addr") && seen->error != 0 && seen->name != NULL)
        add_gap(study, GAP_ADDRESS_CONSTANT, seen,
                report_print(study->report, "INADDR_NONE says that %s is no address", quoted_name(study, seen)));
}

static void judge(struct study *study, const struct observation *seen)
{
    judge_room(study, seen);
    judge_text_buffer(study, seen);
    if (is_call(seen, "socket")) {
        judge_socket(study, seen);
    } else if (is_call(seen, "setsockopt")) {
        judge_option(study, seen);
    } else if ((is_call(seen, "fopen") || is_call(seen, "open")) && seen->name != NULL && seen->name[0] != '\0') {
        judge_file(study, seen);
    } else if (is_call(seen, "write") || is_call(seen, "fflush") || (is_sending(seen) && seen->origin == NULL)) {
        judge_command(study, seen);
    } else if (seen->origin != NULL) {
        if (seen->error == 0 && is_destination(seen)) {
            add_address(study, seen);
            judge_destination(study, seen);
        }
        judge_listener(study, seen);
    } else {
        judge_call(study, seen);
    }
}

/* --- the addresses of a name --- */

/* Whether the connection that this line began is known to have failed. */
static bool has_failed(const struct study *study, const struct observation *seen)
{
    EACH_LINE(study, line)
    {
        const struct observation *other = &line->observation;
        if (other->error != 0 && ((is_call(other, "connect") && address_equal(&other->address, &seen->address) &&
                                   other->port == seen->port) ||
                                  (is_call(other, "getsockopt") && other->pid == seen->pid && other->fd == seen->fd)))
            return true;
    }
    return false;
}

/* One of several addresses of the name was tried in vain, and none of the others. */
static void judge_attempt(struct study *study, const struct observation *seen)
{
    const struct origin *origin = seen->origin;
    if (!is_call(seen, "connect") || seen->type != SOCK_STREAM || seen->error != 0 || origin == NULL ||
        origin->kind != ORIGIN_RESOLVER || origin->count < 2 || !has_failed(study, seen))
        return;
    EACH_LINE(study, line)
    {
        const struct observation *other = &line->observation;
        if (is_call(other, "connect") && other->origin != NULL && strcmp(other->origin->name, origin->name) == 0 &&
            other->origin->kind == ORIGIN_RESOLVER && !address_equal(&other->address, &seen->address))
            return;
    }
    char printed[ADDRESS_TEXT_SIZE];
    add_gap(study, GAP_FIRST_ADDRESS, seen,
            report_print(study->report, "%s has %u addresses; %s failed, and no other was tried", origin->name,
                         origin->count, address_print(&seen->address, printed)));
}

/* --- the verdict --- */

static bool reached_for_network(facts_t facts)
{
    facts_t beyond = BIT(SOCKET_LOCAL) | BIT(SERVICE) | BIT(TEXT_OLD) | BIT(PRINT_OLD) | BIT(TEXT_CLASS) |
                     BIT(PRESENT_INET) | BIT(PRESENT_INET6) | BIT(INTERFACE_NEW) | BIT(INTERFACE_INET);
    return (facts & ~beyond) != 0;
}

static void conclude(struct study *study)
{
    struct report *report = study->report;
    const char *how = check_describe(report, study->facts & facts_for);
    struct report_gap *text_buffer = report_find_gap(report, GAP_TEXT_BUFFER);
    if (text_buffer != NULL) /* under the shim no address is longer than its place */
        text_buffer->covered = true;
    if (!reached_for_network(study->facts)) {
        report->verdict = VERDICT_NO_NETWORK;
        report->reason = "it did not reach for the network";
    } else if (report_has(report, GAP_ERROR) || (!study->dual && report_has(report, GAP_WARNING))) {
        check_conclude_ipv4(report, study->facts);
    } else if (report->gaps == NULL || study->dual) {
        report->verdict = VERDICT_READY;
        report->reason = how[0] != '\0' ? how : "nothing that it did was for IPv4 alone";
    } else {
        check_conclude_ipv4(report, study->facts);
    }
}

struct report *run_report(const struct run_program *program, struct run_places *places)
{
    struct report *report = report_new(program->path);
    if (report == NULL)
        return NULL;
    struct study study = {.report = report, .program = program, .places = places};
    report->observed = true;
    gather_facts(&study);
    EACH_LINE(&study, line)
    {
        judge(&study, &line->observation);
        judge_attempt(&study, &line->observation);
    }
    conclude(&study);
    report_sort(report);
    return report;
}
