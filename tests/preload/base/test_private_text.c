/* The preload's own copies of libc's functions for memory and strings (src/preload/libc), against libc's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../core/random.h"

/* Under other names, so that both can be called. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define PRIVATE(name) private_##name
#include "preload/libc/memory.c"
#include "preload/libc/strings.c"

#define ROOM   64
#define ROUNDS 20000

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* Few letters, so that much is equal; some above 127. */
static void fill(char text[ROOM])
{
    static const char letters[] = {'a', 'b', 'A', 'B', '@', '[', (char)0xe4, '\0'};
    for (size_t i = 0; i < ROOM; i++)
        text[i] = letters[random_below(i < ROOM / 2 ? 7 : sizeof letters)];
    text[random_below(ROOM)] = '\0';
    text[ROOM - 1] = '\0';
}

static void test_memory(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char own[ROOM], libc[ROOM], other[ROOM];
        fill(own);
        fill(other);
        memcpy(libc, own, ROOM);
        size_t from = random_below(ROOM), to = random_below(ROOM), most = ROOM - (from > to ? from : to);
        size_t size = random_below(most + 1);
        assert_ptr_equal(private_memmove(own + to, own + from, size), own + to);
        memmove(libc + to, libc + from, size);
        assert_memory_equal(own, libc, ROOM);
        assert_ptr_equal(private_memcpy(own + to, other + from, size), own + to);
        memcpy(libc + to, other + from, size);
        assert_memory_equal(own, libc, ROOM);
        int byte = (int)random_below(512) - 128;
        assert_ptr_equal(private_memchr(own + from, byte, size), memchr(own + from, byte, size));
        assert_ptr_equal(private_memrchr(own + from, own[0], size), memrchr(own + from, own[0], size));
        assert_int_equal(sign(private_memcmp(own + from, other + from, size)),
                         sign(memcmp(own + from, other + from, size)));
        assert_int_equal(private_bcmp(own + from, other + from, size) != 0,
                         memcmp(own + from, other + from, size) != 0);
        assert_ptr_equal(private_memset(own + from, byte, size), own + from);
        memset(libc + from, byte, size);
        assert_memory_equal(own, libc, ROOM);
    }
}

static void test_comparing(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char a[ROOM], b[ROOM];
        fill(a);
        fill(b);
        if (random_below(2) == 0)
            memcpy(b, a, random_below(ROOM));
        size_t most = random_below(ROOM);
        assert_int_equal(sign(private_strcmp(a, b)), sign(strcmp(a, b)));
        assert_int_equal(sign(private_strncmp(a, b, most)), sign(strncmp(a, b, most)));
        assert_int_equal(sign(private_strcasecmp(a, b)), sign(strcasecmp(a, b)));
        assert_int_equal(sign(private_strncasecmp(a, b, most)), sign(strncasecmp(a, b, most)));
    }
}

static void test_searching(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char text[ROOM], set[ROOM];
        fill(text);
        fill(set);
        set[random_below(4)] = '\0';
        size_t most = random_below(ROOM);
        assert_int_equal(private_strlen(text), strlen(text));
        assert_int_equal(private_strnlen(text, most), strnlen(text, most));
        assert_ptr_equal(private_strchr(text, set[0]), strchr(text, set[0]));
        assert_ptr_equal(private_strrchr(text, set[0]), strrchr(text, set[0]));
        assert_ptr_equal(private_strstr(text, set), strstr(text, set));
        assert_int_equal(private_strspn(text, set), strspn(text, set));
        assert_int_equal(private_strcspn(text, set), strcspn(text, set));
    }
}

static void test_copying(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS / 10; round++) {
        char text[ROOM], own[ROOM], libc[ROOM];
        fill(text);
        memset(own, 'x', ROOM);
        memset(libc, 'x', ROOM);
        size_t most = random_below(ROOM);
        assert_ptr_equal(private_stpcpy(own, text), own + strlen(text));
        strcpy(libc, text);
        assert_memory_equal(own, libc, ROOM);
        memset(own, 'y', ROOM);
        assert_ptr_equal(private_strcpy(own, text), own);
        assert_string_equal(own, text);
        assert_ptr_equal(private_strncpy(own, text, most), own);
        memset(libc, 'y', ROOM);
        strcpy(libc, text);
        for (size_t i = 0; i < most; i++)
            libc[i] = i < strlen(text) ? text[i] : '\0';
        assert_memory_equal(own, libc, ROOM);
        char *copy = private_strdup(text);
        assert_string_equal(copy, text);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_comparing),
        cmocka_unit_test(test_searching),
        cmocka_unit_test(test_copying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
