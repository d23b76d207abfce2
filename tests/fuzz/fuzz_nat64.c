/* AAAA answers of ipv4only.arpa, 16 bytes each: only good prefixes come out, and each explains one of the answers. */
#include "core/nat64/nat64.h"

#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
    if (!held)
        abort();
}

static void check_prefix(const struct nat64_prefix *prefix, const struct ip_address *answers, size_t count)
{
    static const uint8_t well_known[2][4] = {{192, 0, 0, 170}, {192, 0, 0, 171}};
    bool explained = false;
    require(nat64_prefix_fault(prefix) == NULL);
    for (unsigned which = 0; which < 2; which++) {
        struct in_addr ipv4;
        memcpy(&ipv4, well_known[which], sizeof ipv4);
        require(!nat64_may_carry(prefix, ipv4, true));
        for (size_t index = 0; index < count; index++) {
            struct in_addr inside;
            explained |= nat64_extract(prefix, &answers[index], &inside) && inside.s_addr == ipv4.s_addr;
        }
    }
    require(explained);
}

/* What is recovered is never loopback, and embeds to the same address. */
static void check_recovery(const struct nat64_prefix *prefix, const struct ip_address *address)
{
    struct in_addr ipv4;
    if (!nat64_recover(prefix, address, true, &ipv4))
        return;
    struct ip_address shown = address_ipv4(ipv4), made;
    require(!address_is_loopback(&shown) && !address_is_link_local(&shown) && !address_is_multicast(&shown));
    require(nat64_synthesize(prefix, ipv4, true, &made));
    require(address_equal(address, &made));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ip_address answers[ANSWERS_MAX];
    struct nat64_prefix prefixes[NAT64_PREFIXES_MAX];
    size_t count = 0;
    for (; count < ANSWERS_MAX && size >= 16; count++, data += 16, size -= 16) {
        struct in6_addr ipv6;
        memcpy(&ipv6, data, sizeof ipv6);
        answers[count] = address_ipv6(&ipv6, 0);
    }
    size_t found = nat64_discover(answers, count, prefixes, NAT64_PREFIXES_MAX);
    require(found <= NAT64_PREFIXES_MAX && found <= count);
    for (size_t index = 0; index < found; index++) {
        check_prefix(&prefixes[index], answers, count);
        for (size_t before = 0; before < index; before++)
            require(!nat64_prefix_equal(&prefixes[before], &prefixes[index]));
        for (size_t answer = 0; answer < count; answer++)
            check_recovery(&prefixes[index], &answers[answer]);
    }
    /* A prefix as a person might type it, good or not. */
    if (count > 0) {
        struct nat64_prefix typed = {.address = answers[0], .length = answers[0].ipv6.s6_addr[15]};
        if (nat64_prefix_fault(&typed) == NULL)
            check_recovery(&typed, &answers[count - 1]);
    }
    return 0;
}
