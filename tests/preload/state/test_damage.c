/* Alias tables that are damaged, cut, half made or another's: a log line, no crash, no wrong address (given.h). */
#include "given.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/random.h"
#include "preload/alias/aliases.h"

static size_t truncate_to;

static void damaged_anywhere(void)
{
    start_aliases(POOL_LENGTH);
    check_no_wrong_address();
    CHECK(logged_count("private") <= 1);
}

static void test_random_damage(void **state)
{
    (void)state;
    uint8_t *damaged = malloc(FILE_SIZE);
    for (unsigned round = 0; round < 60; round++) {
        memcpy(damaged, image, FILE_SIZE);
        /* The header, the records in use, or any place. */
        unsigned count = 1 + random_below(1u << random_below(12));
        for (unsigned i = 0; i < count; i++) {
            uint32_t place = random_below(FILE_SIZE);
            if (random_below(2) == 0)
                place = 4096 +
                        32 * offset_of_alias(&(struct alias_pool){.first = 0xf0400000, .count = 0x400000},
                                             given[random_below(KNOWN)]) +
                        random_below(32);
            else if (random_below(64) == 0)
                place = random_below(64);
            damaged[place] ^= (uint8_t)(1 + random_below(255));
        }
        write_whole(state_path("aliases"), damaged, FILE_SIZE);
        assert_true(support_child(damaged_anywhere));
    }
    free(damaged);
}

static void cut(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases ", "is damaged: not of its full size");
    struct stat status;
    CHECK(stat(state_path("aliases"), &status) == 0 && status.st_size == (off_t)truncate_to); /* left alone */
}

static void test_truncated(void **state)
{
    (void)state;
    static const size_t lengths[] = {0,
                                     1,
                                     31,
                                     32,
                                     63,
                                     64,
                                     65,
                                     4000,
                                     4095,
                                     4096,
                                     4097,
                                     4128,
                                     FILE_SIZE / 2,
                                     FILE_SIZE - 1,
                                     FILE_SIZE + 1,
                                     2 * FILE_SIZE};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        truncate_to = lengths[i];
        write_whole(state_path("aliases"), image, FILE_SIZE);
        assert_int_equal(truncate(state_path("aliases"), (off_t)truncate_to), 0);
        assert_true(support_child(cut));
    }
}

static void header_damaged(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases ", "is damaged, or was made by another version");
}

static void test_header(void **state)
{
    (void)state;
    for (size_t place = 0; place < 64; place += 5) {
        image[place] ^= 0x10;
        write_whole(state_path("aliases"), image, FILE_SIZE);
        assert_true(support_child(header_damaged));
        image[place] ^= 0x10;
    }
}

static void other_pool(void)
{
    CHECK(aliases_start((struct in_addr){htonl(0xf0500000)}, POOL_LENGTH, "a key for tests", state_directory));
    check_private("/state/aliases ", "was made for another alias-pool");
}

static void other_size_of_pool(void)
{
    start_aliases(POOL_LENGTH - 1);
    check_private("/state/aliases ", "was made for another alias-pool");
}

static void other_key(void)
{
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, POOL_LENGTH, "another key", state_directory));
    check_private("/state/aliases ", "was made with another alias-key");
}

static void test_other_pool_or_key(void **state)
{
    (void)state;
    assert_true(support_child(other_pool));
    assert_true(support_child(other_size_of_pool));
    assert_true(support_child(other_key));
    uint8_t *now = malloc(FILE_SIZE + 1);
    assert_int_equal(read_whole(state_path("aliases"), now, FILE_SIZE + 1), FILE_SIZE);
    assert_memory_equal(now, image, FILE_SIZE); /* left alone */
    free(now);
}

/* Cut while it is open in no process, but known to one that has read it before. */
static void cut_in_midlife(void)
{
    start_aliases(POOL_LENGTH);
    struct in_addr aliases[KNOWN];
    for (uint32_t number = 0; number < KNOWN; number++) {
        struct ip_address address = numbered(number);
        aliases[number] = aliases_of(&address, ALIAS_NAME);
    }
    CHECK(truncate(state_path("aliases"), 5000) == 0);
    for (uint32_t number = 0; number < KNOWN; number++) {
        struct ip_address back, address = numbered(number);
        CHECK(aliases_find_address(aliases[number], &back) && address_equal(&back, &address));
    }
    check_private("/state/aliases ", "is damaged");
    CHECK(unlink(state_path("aliases")) == 0);
    struct ip_address late = numbered(1000); /* a new file is made */
    aliases_of(&late, ALIAS_NAME);
    CHECK(access(state_path("aliases"), F_OK) == 0);
    check_no_wrong_address();
}

static void test_cut_in_midlife(void **state)
{
    (void)state;
    assert_true(support_child(cut_in_midlife));
}

/* What a killed process may leave. */
static void left_over(void)
{
    start_aliases(POOL_LENGTH);
    check_aliases(KNOWN, ALIAS_NAME);
    CHECK(logged[0] == '\0');
    CHECK(access(state_path("aliases.new"), F_OK) != 0);
}

static void left_over_link(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases ", "can't be written: Too many levels of symbolic links");
}

static void test_left_over(void **state)
{
    (void)state;
    assert_int_equal(unlink(state_path("aliases")), 0);
    write_whole(state_path("aliases.new"), "half a file", 11);
    assert_true(support_child(left_over));
    assert_int_equal(unlink(state_path("aliases")), 0);
    assert_int_equal(symlink("/nowhere/at/all", state_path("aliases.new")), 0);
    assert_true(support_child(left_over_link));
}

int main(void)
{
    given_start();
    const struct CMUnitTest tests[] = {
        GIVEN_TEST(test_random_damage),     GIVEN_TEST(test_truncated),      GIVEN_TEST(test_header),
        GIVEN_TEST(test_other_pool_or_key), GIVEN_TEST(test_cut_in_midlife), GIVEN_TEST(test_left_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
