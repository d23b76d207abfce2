/* Packs the record of a lost race; called by preload/connect/history.c and v6shim history. */
#include "core/race/outcome.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/base/siphash.h"

#define IPV6_NETWORK_BYTES 8 /* RFC 4291 section 2.5.1: interface identifiers are 64 bits long */
#define IPV4_NETWORK_BYTES 3
#define BITS_PER_BYTE      8

/* The bytes: the time, then three addresses, each of family (one byte), scope and 16 bytes, then the lifetime, which
   was 0 in the first version. */
#define TIME_SIZE       8
#define SCOPE_OFFSET    1
#define BYTES_OFFSET    5
#define ADDRESS_SIZE    21
#define LIFETIME_OFFSET (TIME_SIZE + 3 * ADDRESS_SIZE)
_Static_assert(LIFETIME_OFFSET + 4 <= OUTCOME_SIZE, "all of it has a place");

struct ip_address outcome_network(const struct ip_address *source)
{
    struct ip_address network = *source;
    if (source->family == AF_INET6)
        memset(network.ipv6.s6_addr + IPV6_NETWORK_BYTES, 0, sizeof network.ipv6 - IPV6_NETWORK_BYTES);
    else
        memset((unsigned char *)&network.ipv4 + IPV4_NETWORK_BYTES, 0, sizeof network.ipv4 - IPV4_NETWORK_BYTES);
    return network;
}

unsigned outcome_network_length(const struct ip_address *network)
{
    return BITS_PER_BYTE * (network->family == AF_INET6 ? IPV6_NETWORK_BYTES : IPV4_NETWORK_BYTES);
}

static void put_address(uint8_t *bytes, const struct ip_address *address)
{
    memset(bytes, 0, ADDRESS_SIZE);
    bytes[0] = (uint8_t)address->family;
    bytes_put32(bytes + SCOPE_OFFSET, address->scope);
    if (address->family == AF_INET)
        memcpy(bytes + BYTES_OFFSET, &address->ipv4, sizeof address->ipv4);
    else if (address->family == AF_INET6)
        memcpy(bytes + BYTES_OFFSET, &address->ipv6, sizeof address->ipv6);
}

static bool get_address(const uint8_t *bytes, struct ip_address *address)
{
    *address = (struct ip_address){.family = bytes[0], .scope = bytes_get32(bytes + SCOPE_OFFSET)};
    if (address->family == AF_INET)
        memcpy(&address->ipv4, bytes + BYTES_OFFSET, sizeof address->ipv4);
    else
        memcpy(&address->ipv6, bytes + BYTES_OFFSET, sizeof address->ipv6);
    return address->family == AF_INET || address->family == AF_INET6 || address->family == AF_UNSPEC;
}

uint32_t outcome_slot(const struct ip_address *address, const struct ip_address *network, uint32_t slots)
{
    uint8_t bytes[2 * ADDRESS_SIZE];
    put_address(bytes, address);
    put_address(bytes + ADDRESS_SIZE, network);
    /* No secret: who could fill the history with collisions is the user. */
    return (uint32_t)(siphash((struct siphash_key){0}, bytes, sizeof bytes) % slots);
}

void outcome_encode(const struct outcome *outcome, uint8_t bytes[OUTCOME_SIZE])
{
    memset(bytes, 0, OUTCOME_SIZE);
    bytes_put64(bytes, outcome->time_s);
    put_address(bytes + TIME_SIZE, &outcome->address);
    put_address(bytes + TIME_SIZE + ADDRESS_SIZE, &outcome->network);
    put_address(bytes + TIME_SIZE + 2 * ADDRESS_SIZE, &outcome->winner);
    bytes_put32(bytes + LIFETIME_OFFSET, outcome->lifetime_s);
}

bool outcome_decode(const uint8_t bytes[OUTCOME_SIZE], struct outcome *outcome)
{
    outcome->time_s = bytes_get64(bytes);
    outcome->lifetime_s = bytes_get32(bytes + LIFETIME_OFFSET);
    if (outcome->lifetime_s == 0)
        outcome->lifetime_s = OUTCOME_LIFETIME_S;
    return outcome->lifetime_s <= OUTCOME_LIFETIME_S && get_address(bytes + TIME_SIZE, &outcome->address) &&
           get_address(bytes + TIME_SIZE + ADDRESS_SIZE, &outcome->network) &&
           get_address(bytes + TIME_SIZE + 2 * ADDRESS_SIZE, &outcome->winner);
}

bool outcome_counts(const struct outcome *outcome, const struct ip_address *address, const struct ip_address *network,
                    uint64_t now_s)
{
    return address_equal(&outcome->address, address) && address_equal(&outcome->network, network) &&
           outcome->time_s <= now_s && now_s - outcome->time_s < outcome->lifetime_s;
}

void outcome_follow(struct outcome *outcome, const struct outcome *former)
{
    if (!address_equal(&outcome->address, &former->address) || !address_equal(&outcome->network, &former->network) ||
        former->time_s > outcome->time_s)
        return;
    uint64_t since_s = outcome->time_s - former->time_s, lifetime_s = outcome->lifetime_s;
    if (since_s < former->lifetime_s)
        lifetime_s = former->lifetime_s - since_s;
    else if (since_s - former->lifetime_s < OUTCOME_LIFETIME_S)
        lifetime_s = former->lifetime_s < OUTCOME_LIFETIME_S / 2 ? 2 * former->lifetime_s : OUTCOME_LIFETIME_S;
    if (lifetime_s > outcome->lifetime_s)
        outcome->lifetime_s = (uint32_t)lifetime_s;
}
