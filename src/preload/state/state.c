/* Keeps candidates, marks and the list of state files; called by lookups, history, NAT64 and the command. */
#include "preload/state/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/base/slot.h"
#include "core/linker/start.h"
#include "preload/base/critical_section.h"
#include "preload/log/log.h"
#include "preload/state/host.h"
#include "preload/state/unlisted.h"

#define READ_TRIES 3 /* a slot that is being written may look damaged for a moment */

#define NAME_SLOTS     65536u
#define NAME_SLOT_SIZE 512u
#define MARK_SLOT_SIZE 32u
#define SLOT_SIZE_MAX  NAME_SLOT_SIZE

/* The payload of a name: alias, minute, boot, count, then the addresses as family, scope and 16 bytes. */
#define LIST_ALIAS     0
#define LIST_MINUTE    4
#define LIST_BOOT      8
#define LIST_COUNT     12
#define LIST_ADDRESSES 16
#define ADDRESS_SIZE   24
_Static_assert(SLOT_CHECKSUM_SIZE + LIST_ADDRESSES + CANDIDATES_PER_LIST * ADDRESS_SIZE <= NAME_SLOT_SIZE,
               "a list fits its slot");

/* Of a mark: its value, then something that is never zero. */
#define MARK_VALUE 0
#define MARK_SET   8

static const struct siphash_key names_part = {0x7636736869d06b05, 0x27d4eb2f165667c5};

struct state state_of_process = {
    .place = {.owner = STATE_OWNER_SELF}, .pool = {.first = 0xf0400000, .count = 0x400000}, /* 240.64.0.0/10 */
};

START_CODE struct state *state_current(void)
{
    return &state_of_process;
}

START_CODE bool state_set_up(struct state *state, struct in_addr pool, unsigned pool_length, const char *key_text)
{
    struct text text = text_on(state->key_text, sizeof state->key_text);
    text_add(&text, key_text);
    atomic_store(&state->key.known, false);
    state->user = geteuid();
    return alias_pool_set(&state->pool, pool, pool_length);
}

void state_set_up_range(struct state *state, const struct state *whole, struct in_addr range, unsigned length)
{
    char network[ADDRESS_TEXT_SIZE];
    struct ip_address address = address_ipv4(range);
    struct text name = text_on(state->aliases_name, sizeof state->aliases_name);
    state->place = whole->place;
    state_set_up(state, range, length, whole->key_text);
    text_add(&name, "aliases-");
    text_add(&name, address_print(&address, network));
    text_add(&name, "-");
    text_add_unsigned(&name, length);
}

bool state_keys(struct state *state, enum state_mode mode, struct state_keys *keys, struct state_fault *fault)
{
    return state_keys_load(&state->key, &state->place, state->key_text, mode, keys, fault);
}

static const struct state_format formats[STATE_FILES] = {
    [STATE_ALIASES] = {.name = "aliases", .magic = "v6shim-a", .slot_size = ALIAS_RECORD_SIZE, .durable = true},
    [STATE_NAMES] = {.name = "names", .magic = "v6shim-n", .slot_size = NAME_SLOT_SIZE, .slots = NAME_SLOTS},
    [STATE_MARKS] = {.name = "marks", .magic = "v6shim-m", .slot_size = MARK_SLOT_SIZE, .slots = STATE_MARK_COUNT},
    [STATE_HISTORY] = {.name = "history",
                       .magic = "v6shim-h",
                       .slot_size = STATE_HISTORY_SLOT_SIZE,
                       .slots = STATE_HISTORY_SLOTS},
    [STATE_PREFIXES] = {.name = "prefixes",
                        .magic = "v6shim-p",
                        .slot_size = STATE_PREFIXES_SLOT_SIZE,
                        .slots = STATE_PREFIXES_SLOTS},
};

const char *state_file_name(struct state *state, enum state_file_number number)
{
    return number == STATE_ALIASES && state->aliases_name[0] != '\0' ? state->aliases_name : formats[number].name;
}

struct state_format state_format_for(struct state *state, enum state_file_number number, enum state_mode mode)
{
    struct state_format format = formats[number];
    struct state_keys keys;
    if (number == STATE_MARKS || number == STATE_HISTORY || number == STATE_PREFIXES)
        return format;
    if (!state_keys(state, mode, &keys, &format.fault))
        format.fault_spares_read = mode == STATE_CREATE && state_fault_is_read_only(&format.fault);
    format.fingerprint = keys.has_key ? state_key_fingerprint(keys.key) : 0;
    format.former = keys.has_former ? state_key_fingerprint(keys.former) : 0;
    format.name = state_file_name(state, number);
    if (number == STATE_ALIASES)
        format.slots = state->pool.count;
    format.pool_first = state->pool.first;
    format.pool_count = state->pool.count;
    return format;
}

struct state_format state_format(struct state *state, enum state_file_number number)
{
    return state_format_for(state, number, STATE_READ);
}

/* What was told of the aliases by this process or its kin, in a page that is shared with children; NULL: none. */
static _Atomic uint32_t *_Atomic told_by_family;

void state_share_told(const struct state *state)
{
    uid_t user = geteuid();
    if (atomic_load(&told_by_family) != NULL || (user != 0 && user == state->user))
        return;
    void *page = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    _Atomic uint32_t *none = NULL;
    if (page != MAP_FAILED && !atomic_compare_exchange_strong(&told_by_family, &none, (_Atomic uint32_t *)page))
        munmap(page, sizeof(uint32_t));
}

static bool is_first_of_family(uint32_t bit)
{
    _Atomic uint32_t *told = atomic_load(&told_by_family);
    return told != NULL && (atomic_fetch_or_explicit(told, bit, memory_order_relaxed) & bit) == 0;
}

void state_tell(struct state *state, enum state_file_number number, const struct state_fault *fault)
{
    static const char *const consequences[STATE_FILES] = {
        [STATE_ALIASES] = "aliases are private to this process: ",
        [STATE_NAMES] = "the addresses of names are not shared with other processes: ",
        [STATE_MARKS] = "what was learnt about the network is not shared with other processes: ",
        [STATE_PREFIXES] = "the NAT64 prefix of the network is not shared with other processes: ",
        [STATE_HISTORY] = "how connections went is not shared with other processes: ",
    };
    if (fault->reason == STATE_NONE || fault->reason == STATE_ABSENT)
        return;
    /* A fault of the directory is told once for all files: it is the aliases that matter then. */
    enum state_file_number counted = state_fault_is_of_place(fault) ? STATE_ALIASES : number;
    uint32_t bit = UINT32_C(1) << fault->reason;
    if ((atomic_fetch_or_explicit(&state->told[counted], bit, memory_order_relaxed) & bit) != 0)
        return;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, consequences[counted]);
    state_fault_describe(fault, &state->place, state_file_name(state, number), &line);
    bool is_news = geteuid() == state->user || (counted == STATE_ALIASES && is_first_of_family(bit));
    log_line(is_news ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, &line);
}

static bool read_slot(const struct state_file *file, uint32_t number, uint8_t *slot, struct state_fault *fault)
{
    uint32_t size = file->format->slot_size;
    for (int tries = 0; tries < READ_TRIES; tries++) {
        if (!state_file_read(file, number, 1, slot, fault))
            return false;
        enum slot_state found = slot_check(slot, size, file->seal, number);
        if (found != SLOT_DAMAGED)
            return found == SLOT_GOOD;
    }
    return false;
}

bool state_reader_open(struct state_reader *reader, struct state *state, enum state_file_number number)
{
    int saved = errno;
    reader->state = state;
    reader->number = number;
    reader->format = state_format(state, number);
    reader->fault = (struct state_fault){0};
    critical_section_enter(&reader->section);
    bool opened = state_file_open(&reader->file, &state->place, &reader->format, STATE_READ, &reader->fault);
    if (!opened) {
        critical_section_leave(&reader->section);
        state_tell(state, number, &reader->fault);
    }
    errno = saved;
    return opened;
}

bool state_reader_slot(struct state_reader *reader, uint32_t number, uint8_t *payload)
{
    int saved = errno;
    uint8_t slot[SLOT_SIZE_MAX];
    bool found = read_slot(&reader->file, number, slot, &reader->fault);
    if (found)
        memcpy(payload, slot + SLOT_CHECKSUM_SIZE, reader->format.slot_size - SLOT_CHECKSUM_SIZE);
    errno = saved;
    return found;
}

void state_reader_close(struct state_reader *reader)
{
    int saved = errno;
    state_file_close(&reader->file);
    critical_section_leave(&reader->section);
    state_tell(reader->state, reader->number, &reader->fault);
    errno = saved;
}

bool state_slot_read(struct state *state, enum state_file_number file_number, uint32_t number, uint8_t *payload)
{
    struct state_reader reader;
    if (!state_reader_open(&reader, state, file_number))
        return false;
    bool found = state_reader_slot(&reader, number, payload);
    state_reader_close(&reader);
    return found;
}

/* Not inlined: its slot is not on the stack while the file is opened, and perhaps made. */
__attribute__((noinline)) static bool write_payload(const struct state_file *file, uint32_t number,
                                                    const uint8_t *payload, struct state_fault *fault)
{
    uint8_t slot[SLOT_SIZE_MAX];
    uint32_t size = file->format->slot_size, payload_size = size - SLOT_CHECKSUM_SIZE;
    if (read_slot(file, number, slot, fault) && memcmp(slot + SLOT_CHECKSUM_SIZE, payload, payload_size) == 0)
        return true;
    if (fault->reason != STATE_NONE || !state_file_lock(file, number, 1, fault))
        return false;
    memcpy(slot + SLOT_CHECKSUM_SIZE, payload, payload_size);
    slot_seal(slot, size, file->seal, number);
    bool written = state_file_write(file, number, slot, fault);
    state_file_unlock(file, number, 1);
    return written;
}

bool state_slot_write(struct state *state, enum state_file_number file_number, enum state_mode mode, uint32_t number,
                      const uint8_t *payload)
{
    int saved = errno;
    struct state_format format = state_format_for(state, file_number, mode);
    struct critical_section section;
    critical_section_enter(&section);
    struct state_fault fault;
    struct state_file file;
    bool written = false;
    if (state_file_open(&file, &state->place, &format, mode, &fault)) {
        written = write_payload(&file, number, payload, &fault);
        state_file_close(&file);
    }
    critical_section_leave(&section);
    if (!written)
        state_tell(state, file_number, &fault);
    errno = saved;
    return written;
}

static uint32_t name_slot(struct in_addr alias)
{
    return (uint32_t)siphash(names_part, &alias, sizeof alias) % NAME_SLOTS;
}

static void pack_address(uint8_t *bytes, const struct ip_address *address)
{
    bytes_put32(bytes, address->family == AF_INET ? 4 : 6);
    bytes_put32(bytes + 4, address->scope);
    if (address->family == AF_INET)
        memcpy(bytes + 8, &address->ipv4, sizeof address->ipv4);
    else
        memcpy(bytes + 8, &address->ipv6, sizeof address->ipv6);
}

static bool unpack_address(const uint8_t *bytes, struct ip_address *address)
{
    struct in6_addr ipv6;
    struct in_addr ipv4;
    memcpy(&ipv6, bytes + 8, sizeof ipv6);
    memcpy(&ipv4, bytes + 8, sizeof ipv4);
    uint32_t version = bytes_get32(bytes);
    *address = version == 4 ? address_ipv4(ipv4) : address_ipv6(&ipv6, bytes_get32(bytes + 4));
    return version == 4 || version == 6;
}

bool state_store_candidates(struct in_addr alias, const struct ip_address *list, size_t count)
{
    struct state *state = state_current();
    uint8_t payload[NAME_SLOT_SIZE - SLOT_CHECKSUM_SIZE] = {0};
    uint8_t there[NAME_SLOT_SIZE - SLOT_CHECKSUM_SIZE];
    if (count > CANDIDATES_PER_LIST)
        count = CANDIDATES_PER_LIST;
    for (size_t i = 0; i < count; i++)
        pack_address(payload + LIST_ADDRESSES + i * ADDRESS_SIZE, &list[i]);
    struct alias_moment now = host_moment();
    memcpy(payload + LIST_ALIAS, &alias, sizeof alias);
    bytes_put32(payload + LIST_MINUTE, now.minute);
    bytes_put32(payload + LIST_BOOT, now.boot);
    bytes_put32(payload + LIST_COUNT, (uint32_t)count);
    bool known = state_slot_read(state, STATE_NAMES, name_slot(alias), there) &&
                 memcmp(there + LIST_ALIAS, payload + LIST_ALIAS, sizeof alias) == 0;
    if (!known && count < 2)
        return true;
    if (known && bytes_get32(there + LIST_BOOT) == now.boot &&
        memcmp(there + LIST_COUNT, payload + LIST_COUNT, sizeof payload - LIST_COUNT) == 0)
        return true;
    return state_slot_write(state, STATE_NAMES, STATE_CREATE, name_slot(alias), payload);
}

/* The payload of its name. `none`: there is none for sure. */
static bool read_list(struct in_addr alias, uint8_t *payload, bool *none)
{
    struct state_reader reader;
    if (!state_reader_open(&reader, state_current(), STATE_NAMES)) {
        *none = reader.fault.reason == STATE_ABSENT;
        return false;
    }
    bool found = state_reader_slot(&reader, name_slot(alias), payload) &&
                 memcmp(payload + LIST_ALIAS, &alias, sizeof alias) == 0;
    state_reader_close(&reader);
    *none = !found && reader.fault.reason == STATE_NONE;
    return found;
}

/* Not inline: its payload is not on the stack while a path is put together. */
__attribute__((noinline)) static size_t load_list(struct in_addr alias, struct ip_address *list, size_t capacity,
                                                  bool *none)
{
    uint8_t payload[NAME_SLOT_SIZE - SLOT_CHECKSUM_SIZE];
    if (!read_list(alias, payload, none))
        return 0;
    uint32_t stored = bytes_get32(payload + LIST_COUNT);
    uint32_t boot = host_boot();
    bool same_boot = boot != 0 && bytes_get32(payload + LIST_BOOT) == boot;
    size_t count = 0;
    for (uint32_t i = 0; i < stored && i < CANDIDATES_PER_LIST && count < capacity; i++) {
        struct ip_address address;
        if (unpack_address(payload + LIST_ADDRESSES + i * ADDRESS_SIZE, &address) &&
            (same_boot || address.scope == 0))
            list[count++] = address;
    }
    return count;
}

size_t state_load_candidates(struct in_addr alias, struct ip_address *list, size_t capacity)
{
    struct state *state = state_current();
    struct unlisted_file file = unlisted_look(&state->place, state_file_name(state, STATE_NAMES));
    bool none = false;
    if (unlisted_is(alias, &file))
        return 0;
    size_t count = load_list(alias, list, capacity, &none);
    if (none)
        unlisted_note(alias, &file);
    return count;
}

bool state_forget_candidates(struct in_addr alias)
{
    uint8_t payload[NAME_SLOT_SIZE - SLOT_CHECKSUM_SIZE];
    struct state *state = state_current();
    if (!state_slot_read(state, STATE_NAMES, name_slot(alias), payload) ||
        memcmp(payload + LIST_ALIAS, &alias, sizeof alias) != 0)
        return true;
    memset(payload + LIST_COUNT, 0, sizeof payload - LIST_COUNT);
    return state_slot_write(state, STATE_NAMES, STATE_WRITE, name_slot(alias), payload);
}

bool state_mark_read(uint32_t mark, uint64_t *value)
{
    uint8_t payload[MARK_SLOT_SIZE - SLOT_CHECKSUM_SIZE];
    if (!state_slot_read(state_current(), STATE_MARKS, mark, payload))
        return false;
    *value = bytes_get64(payload + MARK_VALUE);
    return true;
}

bool state_mark_write(uint32_t mark, uint64_t value)
{
    uint8_t payload[MARK_SLOT_SIZE - SLOT_CHECKSUM_SIZE] = {0};
    bytes_put64(payload + MARK_VALUE, value);
    bytes_put32(payload + MARK_SET, 1);
    return state_slot_write(state_current(), STATE_MARKS, STATE_CREATE, mark, payload);
}
