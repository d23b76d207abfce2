/*
 * core/names/hostent with any names, counts, sizes and alignments. Buffers are allocated to the byte, so that the
 * sanitizer sees the first one too many.
 *
 * Input: a header of eight bytes, then the name and the aliases, each up to a zero byte.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/names/hostent.h"

#define HEADER_SIZE       8
#define ALIASES_MAXIMUM   64
#define ADDRESSES_MAXIMUM 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static size_t count_aliases(char *const *aliases)
{
    size_t count = 0;
    while (aliases != NULL && aliases[count] != NULL)
        count++;
    return count;
}

/* That the result is the parts, or the beginning of their lists. */
static void check_result(const struct hostent *host, const struct hostent_parts *parts, const char *buffer,
                         size_t size, bool whole)
{
    const size_t length = parts->family == AF_INET ? 4 : 16;
    size_t aliases = 0, addresses = 0;
    require(host->h_addrtype == parts->family && (size_t)host->h_length == length);
    require(strcmp(host->h_name, parts->name) == 0);
    for (; host->h_aliases[aliases] != NULL; aliases++)
        require(strcmp(host->h_aliases[aliases], parts->aliases[aliases]) == 0);
    for (; host->h_addr_list[addresses] != NULL; addresses++) {
        const char *address = host->h_addr_list[addresses];
        require(address >= buffer && address + length <= buffer + size && (uintptr_t)address % 4 == 0);
        require(memcmp(address, (const char *)parts->addresses + addresses * length, length) == 0);
    }
    require((uintptr_t)host->h_aliases % sizeof(char *) == 0 && (uintptr_t)host->h_addr_list % sizeof(char *) == 0);
    const size_t all = count_aliases(parts->aliases);
    require(addresses == parts->address_count || (!whole && addresses > 0));
    require(aliases == all || (!whole && addresses <= 1));
}

static void check_pack(const struct hostent_parts *parts, size_t size, size_t offset)
{
    char *memory = malloc(offset + size), *buffer = memory + offset;
    struct hostent host;
    const size_t padding = -(uintptr_t)buffer % sizeof(char *);
    const bool fits = padding + hostent_size(parts) <= size;

    require(hostent_pack(parts, buffer, size, &host) == (fits ? 0 : ERANGE));
    if (fits)
        check_result(&host, parts, buffer, size, true);
    const int error = hostent_pack_fitting(parts, buffer, size, &host);
    require(error == 0 || (error == ERANGE && !fits));
    if (error == 0)
        check_result(&host, parts, buffer, size, fits);
    free(memory);
}

/* The same, with the source inside the buffer: names and aliases with no address, packed at `place` in it. */
static void check_pack_over(const struct hostent_parts *parts, size_t size, size_t offset, size_t place)
{
    char *memory = malloc(offset + size), *buffer = memory + offset;
    struct hostent_parts names = *parts;
    struct hostent host;
    names.address_count = 0;
    place = size == 0 ? 0 : place % size;
    if (hostent_pack(&names, buffer + place, size - place, &host) == 0) {
        struct hostent_parts merged = hostent_parts_of(&host);
        merged.addresses = parts->addresses;
        merged.address_count = parts->address_count;
        const size_t needed = hostent_size(&merged);
        char *scratch = malloc(needed);
        require(needed == hostent_size(parts));
        const bool fits = (-(uintptr_t)buffer % sizeof(char *)) + needed <= size;
        require(hostent_pack_over(&merged, scratch, buffer, size, &host) == (fits ? 0 : ERANGE));
        free(scratch);
        if (fits)
            check_result(&host, parts, buffer, size, true);
        else
            check_result(&host, &names, buffer, size, true);
    }
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER_SIZE)
        return 0;
    char *strings = malloc(size - HEADER_SIZE + 1), *aliases[ALIASES_MAXIMUM + 1];
    char *const end = strings + size - HEADER_SIZE;
    memcpy(strings, data + HEADER_SIZE, size - HEADER_SIZE);
    *end = '\0';
    size_t alias_count = 0;
    for (char *next = strings + strlen(strings) + 1; next < end && alias_count < ALIASES_MAXIMUM;
         next += strlen(next) + 1)
        aliases[alias_count++] = next;
    aliases[alias_count] = NULL;

    struct in6_addr addresses[ADDRESSES_MAXIMUM];
    for (size_t index = 0; index < sizeof addresses; index++)
        ((uint8_t *)addresses)[index] = (uint8_t)(index * 7 + data[0]);

    const struct hostent_parts parts = {
        .name = strings,
        .aliases = alias_count == 0 && data[1] % 2 == 0 ? NULL : aliases,
        .family = data[2] % 2 == 0 ? AF_INET : AF_INET6,
        .addresses = addresses,
        .address_count = data[3] % (ADDRESSES_MAXIMUM + 1),
    };
    /* Around the exact size in half of the runs, anywhere up to 64 KiB in the others. */
    const size_t given = (size_t)data[4] << 8 | data[5];
    const size_t buffer_size = data[1] & 2 ? hostent_size(&parts) + given % 16 - (given % 16 > 8 ? 16 : 0) : given;
    check_pack(&parts, buffer_size, data[6] % 8);
    check_pack_over(&parts, buffer_size, data[6] % 8, data[7]);
    free(strings);
    return 0;
}
