#include "runtime/translators.h"

#include <stdatomic.h>

/* The ways back: a word for each, 1 + the number of the prefix << 48 | port << 32 | address. */
#define WAYS_BITS    15
#define PREFIX_SHIFT 48
#define PORT_SHIFT   32
#define MIX          UINT64_C(0x9e3779b97f4a7c15)

static const struct nat64_setting *trusted;
static _Atomic uint64_t ways[1u << WAYS_BITS];

void translators_start(const struct nat64_setting *setting)
{
    trusted = setting->mode == NAT64_GIVEN && setting->count > 0 ? setting : NULL;
}

bool translators_show(const struct ip_address *address, struct in_addr *client)
{
    if (trusted == NULL)
        return false;
    const struct nat64_prefix *prefix = nat64_prefix_of(trusted->prefixes, trusted->count, address);
    return prefix != NULL && nat64_recover(prefix, address, false, client);
}

static uint64_t end_of(struct in_addr client, uint16_t port)
{
    return (uint64_t)port << PORT_SHIFT | client.s_addr;
}

static _Atomic uint64_t *way_of(uint64_t end)
{
    return &ways[(end * MIX) >> (64 - WAYS_BITS)];
}

bool translators_note(const struct sockaddr_storage *source, socklen_t length)
{
    struct ip_address address;
    struct in_addr client;
    uint16_t port;
    if (trusted == NULL || !address_from_sockaddr((const struct sockaddr *)source, length, &address, &port))
        return false;
    if (translators_show(&address, &client)) {
        const struct nat64_prefix *prefix = nat64_prefix_of(trusted->prefixes, trusted->count, &address);
        uint64_t number = (uint64_t)(prefix - trusted->prefixes) + 1, end = end_of(client, port);
        atomic_store_explicit(way_of(end), number << PREFIX_SHIFT | end, memory_order_relaxed);
        return true;
    }
    if (address_is_mapped(&address)) {
        uint64_t end = end_of(address_unmap(&address).ipv4, port);
        uint64_t word = atomic_load_explicit(way_of(end), memory_order_relaxed);
        if (word != 0 && word << (64 - PREFIX_SHIFT) == end << (64 - PREFIX_SHIFT))
            atomic_store_explicit(way_of(end), 0, memory_order_relaxed);
    }
    return false;
}

bool translators_way_back(struct in_addr client, uint16_t port, struct ip_address *address)
{
    if (trusted == NULL)
        return false;
    uint64_t end = end_of(client, port), word = atomic_load_explicit(way_of(end), memory_order_relaxed);
    uint64_t number = word >> PREFIX_SHIFT;
    if (number == 0 || number > trusted->count || word != (number << PREFIX_SHIFT | end))
        return false;
    *address = nat64_embed(&trusted->prefixes[number - 1], client);
    return true;
}
