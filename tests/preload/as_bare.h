/*
 * What a program sees of its sockets, call by call, has to be the same bare, under the library, and under the library
 * with an IPv6 host where there was one of IPv4. So each part tells its results, and nothing that depends on the
 * address.
 */
#ifndef V6SHIM_TESTS_AS_BARE_H
#define V6SHIM_TESTS_AS_BARE_H

#include "support.h"

#define WAIT_S 60 /* for what has to come: a busy machine is late */

/* Prints what a call gave, and errno where the call has changed it. Gives the result. */
long say(const char *call, long result);
#define SAY(call) say(#call, (errno = NO_ERROR, (long)(call)))

/* The host that a part talks to: as the program knows it, and where it really is. */
extern const char *host, *place;
/* Where the program finds a socket of the world. */
struct sockaddr_in host_at(int world);
/* Prints how a name that was given differs from the one that is expected. */
void say_name(const struct sockaddr_in *name, socklen_t length, const struct sockaddr_in *expected);
/* A UDP socket that waits no longer than WAIT_S. */
int datagram_socket(void);
/* Sends the next datagram that the world gets back, and prints how long it was. */
void echo(int world);

/* Compares two parts: of an IPv4 host, bare and preloaded, and of an IPv6 host. */
void assert_as_bare(const char *ipv4, const char *ipv6);

/*
 * A file of tests has one list, PARTS(PART), of functions without arguments; AS_BARE_DEFINE makes of each the parts
 * for both families and the test, AS_BARE_PARTS and AS_BARE_TEST are the entries of main()'s lists.
 */
#define AS_BARE_DEFINE(name)                          \
    static void name##_ipv4(void)                     \
    {                                                 \
        host = "one4.example";                        \
        place = "192.0.2.1";                          \
        name();                                       \
    }                                                 \
    static void name##_ipv6(void)                     \
    {                                                 \
        host = "one6.example";                        \
        place = "2001:db8::1";                        \
        name();                                       \
    }                                                 \
    static void test_##name(void **state)             \
    {                                                 \
        (void)state;                                  \
        assert_as_bare(#name "_ipv4", #name "_ipv6"); \
    }
#define AS_BARE_PARTS(name) {#name "_ipv4", name##_ipv4}, {#name "_ipv6", name##_ipv6},
#define AS_BARE_TEST(name)  cmocka_unit_test(test_##name),

#endif
