/*
 * The state files with any contents: nothing crashes, no alias leads to another address than the one it was given to,
 * and what is handed out leads back.
 *
 * sources: src/preload/state/state.c src/preload/state/state_aliases.c src/preload/state/state_file.c
 * sources: src/preload/state/state_key.c src/preload/state/state_place.c src/preload/state/host.c
 * sources: src/preload/state/state_rooms.c src/preload/state/unlisted.c src/preload/system/secret.c
 * sources: src/preload/base/ready.c
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/slot.h"
#include "preload/log/log.h"
#include "preload/state/state_aliases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define POOL_LENGTH 26 /* one page */
#define RECORDS     64
#define FILE_SIZE   (STATE_HEADER_SIZE + RECORDS * ALIAS_RECORD_SIZE)
#define KNOWN       10u
#define PAYLOAD     508 /* of a slot of names */

static char directory[] = "/tmp/fuzz-state-XXXXXX";
static char path[sizeof directory + sizeof "/aliases"];
static uint8_t image[FILE_SIZE]; /* a good file, with the aliases of the known addresses */
static uint32_t offsets[KNOWN];
static uint64_t seal;

bool log_wants(enum log_level level)
{
    return level != LOG_LEVEL_QUIET;
}

void log_line(enum log_level level, const struct text *line)
{
    (void)level;
    if (strlen(line->data) != line->length)
        abort();
}

void log_message(enum log_level level, const char *message)
{
    (void)level;
    (void)message;
}

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static struct ip_address numbered(uint32_t number)
{
    struct in6_addr ipv6 = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8}};
    ipv6.s6_addr[15] = (uint8_t)number;
    return address_ipv6(&ipv6, 0);
}

static enum state_answer ask(const struct ip_address *address, enum alias_kind kind, bool allot, uint32_t *offset)
{
    struct alias_search search = {.address = *address, .kind = kind};
    struct state_fault fault = {0};
    enum state_answer answer = allot ? state_aliases_allot(state_current(), &search, offset, &fault)
                                     : state_aliases_find(state_current(), &search, offset, &fault);
    state_tell(state_current(), STATE_ALIASES, &fault);
    return answer;
}

static enum state_answer back(uint32_t offset, struct ip_address *address)
{
    struct alias_record record;
    struct state_fault fault = {0};
    enum state_answer answer = state_aliases_read(state_current(), offset, true, &record, &fault);
    *address = record.address;
    return answer;
}

static void write_file(const uint8_t *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "the fuzzer can't write its file");
    close(fd);
}

static void remove_directory(void)
{
    static const char *const names[] = {"aliases", "aliases.new", "names"};
    char name[sizeof directory + 16];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "%s/%s", directory, names[i]);
        unlink(name);
    }
    rmdir(directory);
}

static void set_up(void)
{
    require(mkdtemp(directory) != NULL, "the fuzzer can't make its directory");
    atexit(remove_directory);
    snprintf(path, sizeof path, "%s/aliases", directory);
    struct state *state = state_current();
    state_set_up(state, (struct in_addr){htonl(0xf0400000)}, POOL_LENGTH, "a key for tests");
    state_place_usual(&state->place, directory);
    for (uint32_t number = 0; number < KNOWN; number++) {
        struct ip_address address = numbered(number);
        require(ask(&address, ALIAS_NAME, true, &offsets[number]) == STATE_FOUND, "no alias at the start");
    }
    int fd = open(path, O_RDONLY);
    require(fd >= 0 && read(fd, image, FILE_SIZE) == FILE_SIZE, "no file at the start");
    close(fd);
    struct state_format format = state_format(state, STATE_ALIASES);
    struct state_fault fault;
    struct state_file file;
    require(state_file_open(&file, &state->place, &format, STATE_READ, &fault), "a bad file at the start");
    seal = file.seal;
    state_file_close(&file);
}

/* With `known`, the aliases that were given before still mean the same, or nothing. */
static void check_table(bool known)
{
    for (uint32_t number = 0; number < KNOWN + 4; number++) {
        struct ip_address found, address = numbered(number);
        uint32_t offset;
        if (known && number < KNOWN && back(offsets[number], &found) == STATE_FOUND)
            require(address_equal(&found, &address), "an alias means another address");
        if (ask(&address, number % 2 == 0 ? ALIAS_NAME : ALIAS_PEER, number >= KNOWN, &offset) != STATE_FOUND)
            continue;
        require(alias_pool_is_stored(&state_current()->pool, offset), "a reserved alias was handed out");
        require(back(offset, &found) == STATE_FOUND && address_equal(&found, &address), "an alias doesn't lead back");
    }
}

/* Bytes of a good file changed: place (2), value (1). */
static void damage(const uint8_t *data, size_t size)
{
    uint8_t damaged[FILE_SIZE];
    memcpy(damaged, image, FILE_SIZE);
    for (; size >= 3; data += 3, size -= 3)
        damaged[(data[0] << 8 | data[1]) % FILE_SIZE] ^= data[2];
    write_file(damaged, FILE_SIZE);
    check_table(true);
}

/* Any records, with good checksums where the first byte of the input's say wants it. */
static void make_records(const uint8_t *data, size_t size)
{
    uint8_t made[FILE_SIZE];
    memcpy(made, image, FILE_SIZE);
    for (uint32_t number = 0; number < RECORDS && size >= ALIAS_RECORD_SIZE; number++) {
        uint8_t *record = made + STATE_HEADER_SIZE + number * ALIAS_RECORD_SIZE;
        memcpy(record, data, ALIAS_RECORD_SIZE);
        if (data[0] % 4 != 0)
            slot_seal(record, ALIAS_RECORD_SIZE, seal, number);
        data += ALIAS_RECORD_SIZE;
        size -= ALIAS_RECORD_SIZE;
    }
    write_file(made, FILE_SIZE);
    check_table(false);
}

/* A list of candidates as nobody would write it. */
static void make_names(const uint8_t *data, size_t size)
{
    struct in_addr alias = alias_pool_address(&state_current()->pool, offsets[0]);
    struct ip_address list[CANDIDATES_PER_LIST + 1] = {numbered(1), numbered(2)};
    uint8_t payload[PAYLOAD] = {0};
    static uint32_t slot = UINT32_MAX;
    if (slot == UINT32_MAX) {
        state_store_candidates(alias, list, 2);
        do
            slot++;
        while (!state_slot_read(state_current(), STATE_NAMES, slot, payload));
    }
    memset(payload, 0, sizeof payload);
    memcpy(payload, data, size < sizeof payload ? size : sizeof payload);
    memcpy(payload, &alias, sizeof alias);
    state_slot_write(state_current(), STATE_NAMES, STATE_WRITE, slot, payload);
    size_t count = state_load_candidates(alias, list, CANDIDATES_PER_LIST + 1);
    require(count <= CANDIDATES_PER_LIST, "too many candidates");
    for (size_t i = 0; i < count; i++)
        require(list[i].family == AF_INET || list[i].family == AF_INET6, "a candidate of no family");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (seal == 0)
        set_up();
    if (size == 0)
        return 0;
    switch (data[0] % 4) {
    case 0:
        damage(data + 1, size - 1);
        break;
    case 1:
        make_records(data + 1, size - 1);
        break;
    case 2:
        make_names(data + 1, size - 1);
        break;
    default:
        write_file(data + 1, size - 1);
        check_table(false);
    }
    return 0;
}
