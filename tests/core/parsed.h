/* Addresses as text, for the tests of core/. Include it after <cmocka.h>. */
#ifndef V6SHIM_TESTS_CORE_PARSED_H
#define V6SHIM_TESTS_CORE_PARSED_H

#include <arpa/inet.h>

#include "core/address/address.h"

/* Of either family, without a zone. Fails the test where it is no address. */
static inline struct ip_address parsed(const char *text)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (inet_pton(AF_INET, text, &ipv4) == 1)
        return address_ipv4(ipv4);
    assert_int_equal(inet_pton(AF_INET6, text, &ipv6), 1);
    return address_ipv6(&ipv6, 0);
}

#endif
