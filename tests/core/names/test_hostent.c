/* core/names/hostent: every buffer size and alignment, with canaries around; results that overlap their source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/names/hostent.h"

#define CANARY      0x5a
#define ARENA_SIZE  1024
#define ALIGNMENT   alignof(char *)
#define ALIAS_COUNT 3

static char *const alias_list[] = {(char[]){"www"}, (char[]){""}, (char[]){"a-longer-alias.example.net"}, NULL};
static const struct in_addr ipv4_list[] = {{0x010200c0}, {0x020200c0}, {0x0a0040f0}, {0x0b0040f0}};
static const struct in6_addr ipv6_list[] = {{{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}}}, {{{0xfe, 0x80, [15] = 2}}}};

static const struct hostent_parts shapes[] = {
    {"host.example", alias_list, AF_INET, ipv4_list, 4, NULL},
    {"host.example", alias_list, AF_INET6, ipv6_list, 2, NULL},
    {"host.example", NULL, AF_INET, ipv4_list, 1, NULL},
    {"host.example", &alias_list[ALIAS_COUNT], AF_INET6, ipv6_list, 1, NULL},
    {"host.example", alias_list, AF_INET, NULL, 0, NULL},
    {"", NULL, AF_INET, NULL, 0, NULL},
};
#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

/* Worked out by hand for 8-byte and 4-byte pointers, so that hostent_size is not its own judge. */
static void test_size(void **state)
{
    (void)state;
    const size_t pointer = sizeof(char *), strings = sizeof "host.example" + 4 + 1 + 27;
    const size_t expected[SHAPE_COUNT] = {
        9 * pointer + 16 + strings, 7 * pointer + 32 + strings, 3 * pointer + 4 + 13,
        3 * pointer + 16 + 13,      5 * pointer + strings,      2 * pointer + 1,
    };
    for (size_t shape = 0; shape < SHAPE_COUNT; shape++)
        assert_int_equal(hostent_size(&shapes[shape]), expected[shape]);
}

static void assert_inside(const void *piece, size_t length, const uint8_t *buffer, size_t size)
{
    assert_in_range((uintptr_t)piece, (uintptr_t)buffer, (uintptr_t)buffer + size);
    assert_in_range((uintptr_t)piece + length, (uintptr_t)buffer, (uintptr_t)buffer + size);
}

/* That `host` holds what the parts say, the first `aliases` and `addresses` of it, all inside the buffer and aligned.
 */
static void assert_holds(const struct hostent *host, const struct hostent_parts *parts, size_t aliases,
                         size_t addresses, const uint8_t *buffer, size_t size)
{
    const size_t length = parts->family == AF_INET ? 4 : 16;
    assert_int_equal(host->h_addrtype, parts->family);
    assert_int_equal(host->h_length, length);
    assert_string_equal(host->h_name, parts->name);
    assert_inside(host->h_name, strlen(host->h_name) + 1, buffer, size);

    assert_int_equal((uintptr_t)host->h_aliases % ALIGNMENT, 0);
    assert_inside(host->h_aliases, (aliases + 1) * sizeof(char *), buffer, size);
    for (size_t index = 0; index < aliases; index++) {
        assert_string_equal(host->h_aliases[index], parts->aliases[index]);
        assert_inside(host->h_aliases[index], strlen(host->h_aliases[index]) + 1, buffer, size);
    }
    assert_null(host->h_aliases[aliases]);

    assert_int_equal((uintptr_t)host->h_addr_list % ALIGNMENT, 0);
    assert_inside(host->h_addr_list, (addresses + 1) * sizeof(char *), buffer, size);
    for (size_t index = 0; index < addresses; index++) {
        assert_int_equal((uintptr_t)host->h_addr_list[index] % alignof(struct in_addr), 0);
        assert_inside(host->h_addr_list[index], length, buffer, size);
        assert_memory_equal(host->h_addr_list[index], (const char *)parts->addresses + index * length, length);
    }
    assert_null(host->h_addr_list[addresses]);
}

static void assert_canaries(const uint8_t *arena, size_t offset, size_t size)
{
    for (size_t index = 0; index < ARENA_SIZE; index++)
        if ((index < offset || index >= offset + size) && arena[index] != CANARY)
            fail_msg("byte %zd was written, buffer is %zu bytes at %zu", (ptrdiff_t)index, size, offset);
}

static void test_pack_at_every_size_and_alignment(void **state)
{
    (void)state;
    alignas(16) uint8_t arena[ARENA_SIZE];
    for (size_t shape = 0; shape < SHAPE_COUNT; shape++) {
        const struct hostent_parts *parts = &shapes[shape];
        for (size_t offset = 64; offset < 64 + ALIGNMENT; offset++) {
            const size_t enough = hostent_size(parts) + (ALIGNMENT - offset % ALIGNMENT) % ALIGNMENT;
            for (size_t size = 0; size <= enough + 9; size++) {
                struct hostent host, untouched;
                memset(arena, CANARY, sizeof arena);
                memset(&untouched, CANARY, sizeof untouched);
                host = untouched;
                int error = hostent_pack(parts, arena + offset, size, &host);
                assert_int_equal(error, size < enough ? ERANGE : 0);
                assert_canaries(arena, offset, error == 0 ? enough : 0);
                if (error == 0)
                    assert_holds(&host, parts, parts->aliases == alias_list ? ALIAS_COUNT : 0, parts->address_count,
                                 arena + offset, size);
                else
                    assert_memory_equal(&host, &untouched, sizeof host);
            }
        }
    }
}

/* What the header promises, found by trying: all addresses first, then one, then fewer aliases. */
static int expected_extent(const struct hostent_parts *parts, size_t size, size_t *aliases, size_t *addresses)
{
    struct hostent_parts fewer = *parts;
    char *kept[ALIAS_COUNT + 1] = {NULL};
    size_t all = 0;
    for (; parts->aliases != NULL && parts->aliases[all] != NULL; all++)
        kept[all] = parts->aliases[all];
    fewer.aliases = kept;
    for (*aliases = all;; kept[--*aliases] = NULL) {
        size_t least = *aliases < all ? 1 : parts->address_count;
        for (fewer.address_count = parts->address_count < least ? parts->address_count : least;;
             fewer.address_count--) {
            *addresses = fewer.address_count;
            if (hostent_size(&fewer) <= size)
                return 0;
            if (fewer.address_count <= 1)
                break;
        }
        if (*aliases == 0)
            return ERANGE;
    }
}

static void test_fitting_at_every_size(void **state)
{
    (void)state;
    alignas(16) uint8_t arena[ARENA_SIZE];
    for (size_t shape = 0; shape < SHAPE_COUNT; shape++) {
        const struct hostent_parts *parts = &shapes[shape];
        for (size_t offset = 64; offset < 64 + ALIGNMENT; offset++) {
            const size_t padding = (ALIGNMENT - offset % ALIGNMENT) % ALIGNMENT;
            for (size_t size = 0; size <= padding + hostent_size(parts) + 9; size++) {
                size_t aliases, addresses;
                struct hostent host;
                memset(arena, CANARY, sizeof arena);
                int expected = size < padding ? ERANGE : expected_extent(parts, size - padding, &aliases, &addresses);
                assert_int_equal(hostent_pack_fitting(parts, arena + offset, size, &host), expected);
                assert_canaries(arena, offset, expected == 0 ? size : 0);
                if (expected == 0)
                    assert_holds(&host, parts, aliases, addresses, arena + offset, size);
            }
        }
    }
}

static void test_fitting_keeps_name_and_one_address(void **state)
{
    (void)state;
    alignas(16) uint8_t buffer[256];
    struct hostent host;
    const size_t least = 3 * sizeof(char *) + 4 + sizeof "host.example";
    assert_int_equal(hostent_pack_fitting(&shapes[0], buffer, least, &host), 0);
    assert_holds(&host, &shapes[0], 0, 1, buffer, least);
    assert_int_equal(hostent_pack_fitting(&shapes[0], buffer, least - 1, &host), ERANGE);
    assert_int_equal(hostent_pack_fitting(&shapes[0], buffer, hostent_size(&shapes[0]) - 1, &host), 0);
    assert_holds(&host, &shapes[0], ALIAS_COUNT, 3, buffer, sizeof buffer);
}

/* libc's result in the program's buffer, at any place in it, repacked there with more addresses. */
static void test_pack_over_its_own_source(void **state)
{
    (void)state;
    const struct hostent_parts before = {"host.example", alias_list, AF_INET, ipv4_list, 1, NULL},
                               *after = &shapes[0];
    const size_t enough = hostent_size(after);
    alignas(16) uint8_t arena[ARENA_SIZE], unchanged[ARENA_SIZE];
    for (size_t place = 0; place <= enough; place++) {
        for (size_t missing = 0; missing < 2; missing++) {
            struct hostent host;
            memset(arena, CANARY, sizeof arena);
            const size_t size = place + hostent_size(&before) + ALIGNMENT;
            assert_int_equal(hostent_pack(&before, arena + 64 + place, size - place, &host), 0);
            memcpy(unchanged, arena, sizeof arena);
            const struct hostent old = host;

            struct hostent_parts merged = hostent_parts_of(&host);
            merged.addresses = ipv4_list;
            merged.address_count = 4;
            assert_int_equal(hostent_size(&merged), enough);
            void *scratch = malloc(enough);
            const size_t given = enough - missing;
            int error = hostent_pack_over(&merged, scratch, arena + 64, given, &host);
            memset(scratch, 0xee, enough);
            free(scratch);
            if (missing == 0) {
                assert_int_equal(error, 0);
                assert_holds(&host, after, ALIAS_COUNT, 4, arena + 64, given);
                assert_canaries(arena, 64, given > size ? given : size);
            } else {
                assert_int_equal(error, ERANGE);
                assert_memory_equal(arena, unchanged, sizeof arena);
                assert_memory_equal(&host, &old, sizeof host);
            }
        }
    }
}

/* The addresses may come out of the buffer too, and the aliases may be one string. */
static void test_pack_over_shared_pieces(void **state)
{
    (void)state;
    alignas(16) char buffer[256], scratch[256];
    struct {
        char name[6 * sizeof(char *) - 4]; /* so that the addresses stand 4 bytes before their new place */
        struct in_addr addresses[2];
        char *aliases[3];
    } source = {"host.example", {ipv4_list[1], ipv4_list[0]}, {NULL}}, *placed = (void *)buffer;
    memcpy(buffer, &source, sizeof source);
    placed->aliases[0] = placed->aliases[1] = placed->name + 5;
    const struct hostent_parts parts = {placed->name, placed->aliases, AF_INET, placed->addresses, 2, NULL};
    struct hostent host;
    assert_true(hostent_size(&parts) <= sizeof scratch);
    assert_int_equal(hostent_pack_over(&parts, scratch, buffer, sizeof buffer, &host), 0);
    memset(scratch, CANARY, sizeof scratch);
    char *const aliases[] = {(char[]){"example"}, (char[]){"example"}, NULL};
    const struct hostent_parts expected = {"host.example", aliases, AF_INET, source.addresses, 2, NULL};
    assert_holds(&host, &expected, 2, 2, (uint8_t *)buffer, sizeof buffer);
}

/* Of libc's list nothing is ever left out, in a buffer of any size. */
static void test_fitting_keeps_what_stands_first(void **state)
{
    (void)state;
    alignas(16) uint8_t arena[ARENA_SIZE], scratch[ARENA_SIZE];
    struct in_addr own[2] = {ipv4_list[0], ipv4_list[1]};
    char *const first[] = {(char *)&own[0], (char *)&own[1], NULL};
    const struct hostent_parts whole = shapes[0];
    struct hostent_parts parts = whole, least = whole;
    parts.first = first;
    parts.addresses = ipv4_list + 2;
    parts.address_count = 2;
    least.address_count = 2;
    assert_int_equal(hostent_size(&parts), hostent_size(&whole));
    for (size_t size = 0; size <= hostent_size(&whole) + 9; size++) {
        struct hostent host;
        size_t kept = size < hostent_size(&least)   ? 0
                      : size < hostent_size(&whole) ? 2 + (size >= hostent_size(&least) + sizeof(char *) + 4)
                                                    : 4;
        memset(arena, CANARY, sizeof arena);
        assert_int_equal(hostent_pack_fitting(&parts, arena + 64, size, &host), kept > 0 ? 0 : ERANGE);
        assert_canaries(arena, 64, kept > 0 ? size : 0);
        if (kept > 0)
            assert_holds(&host, &whole, ALIAS_COUNT, kept, arena + 64, size);

        /* The same over libc's own result, which stays where it is where nothing fits. */
        assert_int_equal(hostent_pack(&least, arena + 64, sizeof arena - 64, &host), 0);
        const struct hostent before = host;
        struct hostent_parts merged = hostent_parts_of(&host);
        merged.first = host.h_addr_list;
        merged.addresses = ipv4_list + 2;
        merged.address_count = 2;
        assert_int_equal(hostent_pack_fitting_over(&merged, scratch, arena + 64, size, &host), kept > 0 ? 0 : ERANGE);
        if (kept > 0)
            assert_holds(&host, &whole, ALIAS_COUNT, kept, arena + 64, size);
        else
            assert_memory_equal(&host, &before, sizeof host);
        if (kept == 0)
            assert_holds(&host, &whole, ALIAS_COUNT, 2, arena + 64, ARENA_SIZE - 64);
    }
    assert_int_equal(hostent_pack(&parts, arena, sizeof arena, &(struct hostent){0}), 0);
}

static void test_other_families_and_errno(void **state)
{
    (void)state;
    char buffer[256], scratch[256];
    struct hostent host;
    struct hostent_parts parts = shapes[0];
    errno = ENOTTY;
    parts.family = AF_UNIX;
    assert_int_equal(hostent_pack(&parts, buffer, sizeof buffer, &host), EAFNOSUPPORT);
    assert_int_equal(hostent_pack_fitting(&parts, buffer, sizeof buffer, &host), EAFNOSUPPORT);
    assert_int_equal(hostent_pack_over(&parts, scratch, buffer, sizeof buffer, &host), EAFNOSUPPORT);
    assert_int_equal(hostent_pack_fitting_over(&parts, scratch, buffer, sizeof buffer, &host), EAFNOSUPPORT);
    assert_int_equal(hostent_pack(&shapes[0], NULL, 0, &host), ERANGE);
    assert_int_equal(hostent_pack_fitting(&shapes[0], NULL, 0, &host), ERANGE);
    assert_int_equal(errno, ENOTTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_pack_at_every_size_and_alignment),
        cmocka_unit_test(test_fitting_at_every_size),
        cmocka_unit_test(test_fitting_keeps_name_and_one_address),
        cmocka_unit_test(test_pack_over_its_own_source),
        cmocka_unit_test(test_pack_over_shared_pieces),
        cmocka_unit_test(test_fitting_keeps_what_stands_first),
        cmocka_unit_test(test_other_families_and_errno),
    };
    return cmocka_run_group_tests_name("hostent", tests, NULL, NULL);
}
