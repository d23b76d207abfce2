/* Packs a struct hostent into a buffer; called by preload/resolve/gethostbyname.c. */
#include "core/names/hostent.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

/* How much of the parts is packed. */
struct extent {
    size_t aliases;
    size_t first;
    size_t addresses; /* behind those */
};

/* Bytes of one address; 0 for a family that a hostent can't hold. */
static size_t address_size(sa_family_t family)
{
    return family == AF_INET ? sizeof(struct in_addr) : family == AF_INET6 ? sizeof(struct in6_addr) : 0;
}

static size_t string_size(const char *string)
{
    return strlen(string) + 1;
}

static struct extent whole_extent(const struct hostent_parts *parts)
{
    struct extent extent = {.addresses = parts->address_count};
    while (parts->aliases != NULL && parts->aliases[extent.aliases] != NULL)
        extent.aliases++;
    while (parts->first != NULL && parts->first[extent.first] != NULL)
        extent.first++;
    return extent;
}

static size_t padding_at(const void *buffer)
{
    return -(uintptr_t)buffer % alignof(char *);
}

size_t hostent_size(const struct hostent_parts *parts)
{
    struct extent extent = whole_extent(parts);
    size_t addresses = extent.first + extent.addresses;
    size_t size = (extent.aliases + 1 + addresses + 1) * sizeof(char *) + addresses * address_size(parts->family) +
                  string_size(parts->name);
    for (size_t index = 0; index < extent.aliases; index++)
        size += string_size(parts->aliases[index]);
    return size;
}

/* Appends a string at *end, moves *end behind it. */
static char *place_string(char **end, const char *string)
{
    char *placed = *end;
    size_t size = string_size(string);
    memcpy(placed, string, size);
    *end += size;
    return placed;
}

/* Alias list, address list, addresses, strings: in falling order of alignment, so that no holes are needed. */
static void write_parts(const struct hostent_parts *parts, struct extent extent, void *start, struct hostent *result)
{
    const size_t length = address_size(parts->family), count = extent.first + extent.addresses;
    char **aliases = start;
    char **address_list = aliases + extent.aliases + 1;
    char *addresses = (char *)(address_list + count + 1);
    char *strings = addresses + count * length;

    for (size_t index = 0; index < extent.first; index++)
        memcpy(addresses + index * length, parts->first[index], length);
    if (extent.addresses > 0)
        memcpy(addresses + extent.first * length, parts->addresses, extent.addresses * length);
    for (size_t index = 0; index < count; index++)
        address_list[index] = addresses + index * length;
    address_list[count] = NULL;

    char *name = place_string(&strings, parts->name);
    for (size_t index = 0; index < extent.aliases; index++)
        aliases[index] = place_string(&strings, parts->aliases[index]);
    aliases[extent.aliases] = NULL;

    result->h_name = name;
    result->h_aliases = aliases;
    result->h_addrtype = parts->family;
    result->h_length = (int)length;
    result->h_addr_list = address_list;
}

struct hostent_parts hostent_parts_of(const struct hostent *source)
{
    return (struct hostent_parts){
        .name = source->h_name, .aliases = source->h_aliases, .family = (sa_family_t)source->h_addrtype};
}

int hostent_pack(const struct hostent_parts *parts, void *buffer, size_t size, struct hostent *result)
{
    const size_t padding = padding_at(buffer);
    if (address_size(parts->family) == 0)
        return EAFNOSUPPORT;
    if (padding + hostent_size(parts) > size)
        return ERANGE;
    write_parts(parts, whole_extent(parts), (char *)buffer + padding, result);
    return 0;
}

int hostent_pack_fitting(const struct hostent_parts *parts, void *buffer, size_t size, struct hostent *result)
{
    const size_t padding = padding_at(buffer), length = address_size(parts->family);
    size_t needed = padding + hostent_size(parts);
    struct extent extent = whole_extent(parts);
    if (length == 0)
        return EAFNOSUPPORT;
    for (; needed > size && extent.first + extent.addresses > 1 && extent.addresses > 0; extent.addresses--)
        needed -= sizeof(char *) + length;
    for (; needed > size && extent.aliases > 0 && extent.first == 0; extent.aliases--)
        needed -= sizeof(char *) + string_size(parts->aliases[extent.aliases - 1]);
    if (needed > size)
        return ERANGE;
    write_parts(parts, extent, (char *)buffer + padding, result);
    return 0;
}

/* The parts, copied to `scratch`: what lies in the buffer may be overwritten then. */
static struct hostent_parts copy_parts(const struct hostent_parts *parts, void *scratch)
{
    struct hostent copy;
    struct extent extent = whole_extent(parts);
    write_parts(parts, extent, scratch, &copy);
    struct hostent_parts copied = hostent_parts_of(&copy);
    copied.first = extent.first > 0 ? copy.h_addr_list : NULL;
    copied.addresses = copy.h_addr_list[extent.first];
    copied.address_count = extent.addresses;
    copy.h_addr_list[extent.first] = NULL;
    return copied;
}

int hostent_pack_over(const struct hostent_parts *parts, void *scratch, void *buffer, size_t size,
                      struct hostent *result)
{
    if (address_size(parts->family) == 0)
        return EAFNOSUPPORT;
    struct hostent_parts copied = copy_parts(parts, scratch);
    return hostent_pack(&copied, buffer, size, result);
}

int hostent_pack_fitting_over(const struct hostent_parts *parts, void *scratch, void *buffer, size_t size,
                              struct hostent *result)
{
    if (address_size(parts->family) == 0)
        return EAFNOSUPPORT;
    struct hostent_parts copied = copy_parts(parts, scratch);
    return hostent_pack_fitting(&copied, buffer, size, result);
}
