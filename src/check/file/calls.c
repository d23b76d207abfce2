/* Says what a call of libc shows, by the list calls.def; called by check/file/object.c. */
#include "check/file/calls.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Which argument of a call decides. FAMILY_n: argument n is an address family. */
enum reading {
    NOTHING,
    FAMILY_2,
    FAMILY_3,
    HINTS,
    PRESENTATION,
    SOCKET,
    OPTION,
    IOCTL,
    SYSTEM_CALL,
    SHORT_BUFFER,
    COLON_2,
};

struct call {
    const char *symbol;
    enum reading reading;
    enum fact fact;
};

static const struct call calls[] = {
#define FACT(name, text)
#define CALL(symbol, reading, fact) {#symbol, reading, FACT_##fact},
#define HABIT(symbol, reading, fact)
#include "check/file/calls.def"
#undef FACT
#undef CALL
#undef HABIT
};

static const struct call habits[] = {
#define FACT(name, text)
#define CALL(symbol, reading, fact)
#define HABIT(symbol, reading, fact) {#symbol, reading, FACT_##fact},
#include "check/file/calls.def"
#undef FACT
#undef CALL
#undef HABIT
};

static const char *const fact_texts[FACT_COUNT] = {
#define FACT(name, text) [FACT_##name] = text,
#define CALL(symbol, reading, fact)
#define HABIT(symbol, reading, fact)
#include "check/file/calls.def"
#undef FACT
#undef CALL
#undef HABIT
};

#define CALL_COUNT (sizeof calls / sizeof calls[0])

static int compare_calls(const void *left, const void *right)
{
    const struct call *const *a = left, *const *b = right;
    return strcmp((*a)->symbol, (*b)->symbol);
}

const struct call *call_find(const char *symbol)
{
    static const struct call *sorted[CALL_COUNT];
    if (sorted[0] == NULL) {
        for (size_t index = 0; index < CALL_COUNT; index++)
            sorted[index] = &calls[index];
        qsort(sorted, CALL_COUNT, sizeof sorted[0], compare_calls);
    }
    struct call wanted = {.symbol = gap_usual_symbol(symbol)};
    const struct call *key = &wanted;
    const struct call **found = bsearch(&key, sorted, CALL_COUNT, sizeof sorted[0], compare_calls);
    return found == NULL ? NULL : *found;
}

const struct call *call_find_habit(const char *symbol)
{
    symbol = gap_usual_symbol(symbol);
    for (size_t index = 0; index < sizeof habits / sizeof habits[0]; index++)
        if (strcmp(habits[index].symbol, symbol) == 0)
            return &habits[index];
    return NULL;
}

const char *call_symbol(const struct call *call)
{
    return call->symbol;
}

bool call_reads_arguments(const struct call *call)
{
    return call->reading != NOTHING;
}

enum fact call_default(const struct call *call)
{
    return call->fact;
}

enum fact call_imported(const struct call *call)
{
    return call->reading == FAMILY_2 ? FACT_NAME_OLD : call->fact;
}

static const struct x86_value *argument(const struct x86_state *state, unsigned number)
{
    static const int registers[] = {X86_RDI, X86_RSI, X86_RDX, X86_RCX};
    return &state->registers[registers[number - 1]];
}

/* An int argument. Returns false where it is not known. */
static bool argument_number(const struct x86_state *state, unsigned number, int *value)
{
    const struct x86_value *found = argument(state, number);
    *value = (int)found->number;
    return found->kind == X86_CONSTANT;
}

/* Whether the argument is this number, or one of two that may be it. */
static bool argument_may_be(const struct x86_state *state, unsigned number, int wanted)
{
    const struct x86_value *found = argument(state, number);
    return (found->kind == X86_CONSTANT && (int)found->number == wanted) ||
           (found->kind == X86_EITHER && ((int)found->number == wanted || (int)found->other == wanted));
}

/* `other` is for a family decided at run time, and for what is neither. */
static enum fact choose_family(const struct x86_state *state, unsigned number, enum fact inet, enum fact inet6,
                               enum fact other)
{
    bool may_be_inet = argument_may_be(state, number, AF_INET),
         may_be_inet6 = argument_may_be(state, number, AF_INET6);
    return may_be_inet == may_be_inet6 ? other : may_be_inet ? inet : inet6;
}

static enum fact read_socket(const struct x86_state *state)
{
    enum { TYPE = 0xf }; /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
    int given;
    if (argument(state, 1)->kind != X86_CONSTANT && argument(state, 1)->kind != X86_EITHER)
        return FACT_SOCKET_ANY;
    int type = argument_number(state, 2, &given) ? given & TYPE : SOCK_STREAM;
    bool raw = type == SOCK_RAW;
    enum fact inet = raw ? FACT_RAW_INET : type == SOCK_DGRAM ? FACT_DATAGRAM_INET : FACT_SOCKET_INET;
    enum fact fact = choose_family(state, 1, inet, raw ? FACT_RAW_INET6 : FACT_SOCKET_INET6, FACT_SOCKET_LOCAL);
    if (fact == FACT_SOCKET_LOCAL && argument_may_be(state, 1, AF_INET6))
        return FACT_SOCKET_INET6;
    return fact == FACT_SOCKET_LOCAL && argument_may_be(state, 1, AF_PACKET) ? FACT_SOCKET_PACKET : fact;
}

static enum fact read_option(const struct x86_state *state)
{
    int level, name;
    if (!argument_number(state, 2, &level))
        return FACT_COUNT;
    bool named = argument_number(state, 3, &name);
    if (level == IPPROTO_IPV6)
        return FACT_OPTION_INET6;
    if (level == SOL_SOCKET)
        return named && name == SO_BROADCAST ? FACT_BROADCAST : FACT_COUNT;
    if (level != IPPROTO_IP)
        return FACT_COUNT;
    if (named && name >= IP_MULTICAST_IF && name <= IP_DROP_SOURCE_MEMBERSHIP)
        return FACT_MULTICAST_INET;
    return FACT_OPTION_INET;
}

static enum fact read_ioctl(const struct x86_state *state)
{
    int request;
    if (!argument_number(state, 2, &request))
        return FACT_COUNT;
    switch (request) {
    case SIOCGIFCONF:
    case SIOCGIFADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFDSTADDR:
        return FACT_INTERFACE_INET;
    default:
        return FACT_COUNT;
    }
}

/* ai_family in the hints, where they are constant data or were filled in on the stack. */
static enum fact read_hints(const struct elf_image *image, const struct x86_state *state)
{
    enum { FAMILY_OFFSET = 4 }; /* of ai_family in struct addrinfo */
    struct x86_value hints = *argument(state, 3);
    struct x86_value family = x86_state_load(state, hints, FAMILY_OFFSET);
    if (family.kind == X86_COPY && elf_image_is_constant(image, (uint64_t)family.number)) {
        const uint8_t *bytes = elf_image_at(image, (uint64_t)family.number, sizeof(uint32_t));
        uint32_t word = 0;
        if (bytes != NULL)
            memcpy(&word, bytes, sizeof word);
        family = (struct x86_value){.kind = X86_CONSTANT, .number = (int64_t)word};
    }
    return family.kind == X86_CONSTANT && family.number == AF_INET ? FACT_NAME_INET : FACT_NAME_NEW;
}

enum fact system_call_fact(uint64_t number)
{
    enum { SOCKET_NUMBER = 41, CONNECT_NUMBER = 42, ACCEPT_NUMBER = 43, SENDTO_NUMBER = 44, BIND_NUMBER = 49 };
    enum { IO_URING_SETUP_NUMBER = 425 };
    switch (number) {
    case SOCKET_NUMBER:
    case CONNECT_NUMBER:
    case ACCEPT_NUMBER:
    case SENDTO_NUMBER:
    case BIND_NUMBER:
        return FACT_DIRECT_CALL;
    case IO_URING_SETUP_NUMBER:
        return FACT_URING;
    default:
        return FACT_COUNT;
    }
}

enum fact call_read(const struct call *call, const struct elf_image *image, const struct x86_state *state)
{
    int number;
    if (state == NULL)
        return call->fact;
    switch (call->reading) {
    case NOTHING:
        return call->fact;
    case FAMILY_2:
        return choose_family(state, 2, FACT_NAME_OLD, FACT_NAME_NEW, call->fact);
    case FAMILY_3:
        return choose_family(state, 3, FACT_NAME_OLD, FACT_PRESENT_INET6, FACT_PRESENT_ANY);
    case HINTS:
        return read_hints(image, state);
    case PRESENTATION:
        return choose_family(state, 1, FACT_PRESENT_INET, FACT_PRESENT_INET6, call->fact);
    case SOCKET:
        return read_socket(state);
    case OPTION:
        return read_option(state);
    case IOCTL:
        return read_ioctl(state);
    case SYSTEM_CALL:
        return argument_number(state, 1, &number) ? system_call_fact((uint64_t)number) : FACT_COUNT;
    case SHORT_BUFFER:
        return argument_number(state, 4, &number) && number == INET_ADDRSTRLEN && argument_may_be(state, 1, AF_INET)
                   ? FACT_SHORT_TEXT
                   : FACT_COUNT;
    case COLON_2:
        return argument_number(state, 2, &number) && number == ':' ? FACT_COLON : FACT_COUNT;
    }
    return call->fact;
}

const char *fact_text(enum fact fact)
{
    return fact_texts[fact];
}

enum gap_number fact_gap(enum fact fact)
{
    switch (fact) {
    case FACT_NAME_OLD:
        return GAP_NAME_LOOKUP;
    case FACT_NAME_INET:
        return GAP_FAMILY_HINT;
    case FACT_SOCKET_INET:
    case FACT_DATAGRAM_INET:
        return GAP_INET_SOCKET;
    case FACT_TEXT_OLD:
        return GAP_ADDRESS_TEXT;
    case FACT_PRINT_OLD:
        return GAP_ADDRESS_PRINT;
    case FACT_TEXT_CLASS:
        return GAP_NETWORK_TEXT;
    case FACT_PRESENT_INET:
        return GAP_PRESENTATION;
    case FACT_RAW_INET:
    case FACT_SOCKET_PACKET: /* packets made by hand, or taken as they come */
    case FACT_CAPTURE:
        return GAP_RAW_SOCKET;
    case FACT_BROADCAST:
        return GAP_BROADCAST;
    case FACT_MULTICAST_INET:
        return GAP_MULTICAST;
    case FACT_OPTION_INET:
        return GAP_IP_OPTION;
    case FACT_INTERFACE_INET:
        return GAP_INTERFACE_IOCTL;
    case FACT_REMOTE_COMMAND:
        return GAP_REMOTE_COMMAND;
    case FACT_SUN_RPC:
        return GAP_SUN_RPC;
    case FACT_ADDRESS_QUERY:
        return GAP_ADDRESS_QUERY;
    case FACT_SERVICE:
        return GAP_SERVICE_LOOKUP;
    case FACT_DIRECT_CALL:
        return GAP_DIRECT_CALL;
    case FACT_URING:
        return GAP_IO_URING;
    case FACT_TRUST:
        return GAP_ADDRESS_TRUST;
    case FACT_SHORT_TEXT:
        return GAP_TEXT_BUFFER;
    default:
        return GAP_COUNT;
    }
}
