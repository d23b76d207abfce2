/* check/observer/origins: the latest origin of an address is found; a peer keeps the one it had; what may have been
   forgotten is never said to have no origin. With threads that write while others read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "check/observer/origins.h"

#define ADDRESSES 300u
#define TURNS     20000u

static struct ip_address number(uint32_t value)
{
    return address_ipv4((struct in_addr){.s_addr = htonl(value)});
}

static void test_latest(void **state)
{
    (void)state;
    struct ip_address address = number(0xc0000201), mapped = address_map(address.ipv4), other = number(0xc0000202);
    struct origin text = origin_make(ORIGIN_TEXT, "inet_addr", "192.0.2.1");
    struct origin name = origin_make(ORIGIN_RESOLVER, "gethostbyname", "www.example.com");
    struct origin peer = origin_make(ORIGIN_PEER, "accept", NULL);
    assert_int_equal(origins_find(&address).kind, ORIGIN_NONE);
    origins_note(&address, &text);
    origins_note(&address, &name);
    assert_string_equal(origins_find(&address).name, "www.example.com");
    origins_note_new(&address, &peer);
    assert_int_equal(origins_find(&address).kind, ORIGIN_RESOLVER);
    assert_int_equal(origins_find(&mapped).kind, ORIGIN_RESOLVER); /* ::ffff:192.0.2.1 is the same address */
    origins_note_new(&other, &peer);
    assert_int_equal(origins_find(&other).kind, ORIGIN_PEER);
}

static void test_long_name(void **state)
{
    (void)state;
    char name[1000];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    struct origin origin = origin_make(ORIGIN_RESOLVER, "gethostbyname", name);
    assert_int_equal(strlen(origin.name), ORIGIN_NAME_SIZE - 1);
}

static void *write_origins(void *start)
{
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t value = 0x0a000000 + (i + *(uint32_t *)start) % ADDRESSES;
        struct ip_address address = number(value);
        struct origin origin = origin_make(ORIGIN_TEXT, "inet_addr", NULL);
        memset(origin.name, (int)('a' + value % 26), sizeof origin.name - 1);
        origins_note(&address, &origin);
    }
    return NULL;
}

/* Of a name that another thread is writing nothing is seen, or all. */
static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[3];
    uint32_t starts[] = {0, 100, 200};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_origins, &starts[i]), 0);
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t value = 0x0a000000 + i % ADDRESSES;
        struct ip_address address = number(value);
        struct origin origin = origins_find(&address);
        for (size_t j = 0; origin.kind == ORIGIN_TEXT && j + 1 < sizeof origin.name; j++)
            assert_int_equal(origin.name[j], 'a' + value % 26);
    }
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

/* The last: nothing of the table is what it was after it. */
static void test_forgotten(void **state)
{
    (void)state;
    struct ip_address unseen = number(0xc0000263);
    struct origin origin = origin_make(ORIGIN_PEER, "accept", NULL);
    for (uint32_t value = 0x0b000000; value < 0x0b000000 + 100000; value++) {
        struct ip_address address = number(value);
        origins_note(&address, &origin);
        assert_int_equal(origins_find(&address).kind, ORIGIN_PEER);
    }
    assert_int_equal(origins_find(&unseen).kind, ORIGIN_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latest),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
