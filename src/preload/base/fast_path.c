/* Keeps what the fast paths of hooks load; set at the start and by what makes addresses matter. */
#include "preload/base/fast_path.h"

#include <arpa/inet.h>

#include "core/linker/start.h"

#define FIRST_OCTET_SHIFT 24
#define ADDRESS_BITS      32u

bool fast_path_octets[UINT8_MAX + 1] START_DATA;
atomic_bool fast_path_all_addresses;
__thread int *fast_path_errno __attribute__((tls_model("initial-exec")));

static void mark(struct in_addr address, unsigned prefix_length)
{
    uint32_t host_bits = prefix_length == 0 ? UINT32_MAX : ((uint32_t)1 << (ADDRESS_BITS - prefix_length)) - 1;
    uint32_t first = ntohl(address.s_addr) & ~host_bits, last = first | host_bits;
    for (uint32_t octet = first >> FIRST_OCTET_SHIFT; octet <= last >> FIRST_OCTET_SHIFT; octet++)
        fast_path_octets[octet] = true;
}

START_CODE void fast_path_start(const struct settings *settings)
{
    if (settings->nat64.mode == NAT64_GIVEN)
        fast_path_at_all_addresses();
    mark(settings->alias_pool.address, settings->alias_pool.length);
    for (unsigned i = 0; i < settings->alias_map.count; i++)
        mark(settings->alias_map.entries[i].to.ipv4, settings->alias_map.entries[i].to_length);
    for (unsigned i = 0; i < settings->redirects.count; i++)
        mark(settings->redirects.entries[i].from, ADDRESS_BITS);
}
