/* State files that are damaged, not to be trusted, or not to be written: a log line, no crash, no wrong address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../unit/random.h"
#include "runtime/aliases.h"
#include "support.h"

#define POOL_LENGTH 20
#define KNOWN       300u
#define FILE_SIZE   (4096 + 32 * (1u << (32 - POOL_LENGTH)))
#define NOBODY      65534

/* What was given before the damage, by a process that is gone. */
static struct in_addr *given;
static uint8_t *image;
static size_t truncate_to;

static void give(void)
{
    start_aliases(POOL_LENGTH);
    for (uint32_t number = 0; number < KNOWN; number++) {
        struct ip_address address = numbered(number);
        given[number] = aliases_of(&address, ALIAS_NAME);
    }
    check_aliases(KNOWN, ALIAS_NAME);
    CHECK(read_whole(state_path("aliases"), image, FILE_SIZE + 1) == FILE_SIZE);
}

static int set_up_given(void **state)
{
    return support_set_up(state) == 0 && support_child(give) ? 0 : -1;
}

/* Every alias leads to its address or nowhere; every address gets an alias that leads back. */
static void check_no_wrong_address(void)
{
    for (uint32_t number = 0; number < KNOWN; number++) {
        struct ip_address back, address = numbered(number);
        CHECK(!aliases_find_address(given[number], &back) || address_equal(&back, &address));
    }
    check_aliases(KNOWN + 50, ALIAS_NAME);
}

/* The file can't be used: one line that names it, and everything works without it. */
static void check_private(const char *named, const char *reason)
{
    check_no_wrong_address();
    CHECK(logged_count("aliases are private to this process: ") == 1);
    CHECK(logged_count(named) == 1);
    CHECK(logged_count(reason) == 1);
}

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
                place =
                    4096 +
                    32 * alias_pool_offset(&(struct alias_pool){.first = 0xf0400000}, given[random_below(KNOWN)]) +
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
    check_private("/state/aliases: ", "is damaged: not of its full size");
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
    check_private("/state/aliases: ", "is damaged, or was made by another version");
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
    check_private("/state/aliases: ", "was made for another alias-pool");
}

static void other_size_of_pool(void)
{
    start_aliases(POOL_LENGTH - 1);
    check_private("/state/aliases: ", "was made for another alias-pool");
}

static void other_key(void)
{
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, POOL_LENGTH, "another key", state_directory));
    check_private("/state/aliases: ", "was made with another alias-key");
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

static void not_regular(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases: ", "is not a regular file");
}

static void test_not_regular(void **state)
{
    (void)state;
    const char *aside = test_path("aside");
    assert_int_equal(rename(state_path("aliases"), aside), 0);
    assert_int_equal(symlink(aside, state_path("aliases")), 0);
    assert_true(support_child(not_regular));
    assert_int_equal(unlink(state_path("aliases")), 0);
    assert_int_equal(symlink("/nowhere", state_path("aliases")), 0);
    assert_true(support_child(not_regular));
    assert_int_equal(unlink(state_path("aliases")), 0);
    assert_int_equal(mkdir(state_path("aliases"), 0700), 0);
    assert_true(support_child(not_regular));
    assert_int_equal(rmdir(state_path("aliases")), 0);
    assert_int_equal(mkfifo(state_path("aliases"), 0600), 0);
    assert_true(support_child(not_regular));
}

static void linked(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases: ", "has a second hard link");
}

static void writable(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases: ", "is writable by others");
}

static void foreign(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases: ", "belongs to another user");
}

static void test_unsafe_file(void **state)
{
    (void)state;
    const char *second = test_path("second");
    assert_int_equal(link(state_path("aliases"), second), 0);
    assert_true(support_child(linked));
    assert_int_equal(unlink(second), 0);
    assert_int_equal(chmod(state_path("aliases"), 0620), 0);
    assert_true(support_child(writable));
    assert_int_equal(chmod(state_path("aliases"), 0602), 0);
    assert_true(support_child(writable));
    assert_int_equal(chmod(state_path("aliases"), 0600), 0);
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(state_path("aliases"), NOBODY, NOBODY), 0);
    assert_true(support_child(foreign));
}

static void place_writable(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state: ", "is writable by others");
}

static void place_foreign(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state: ", "belongs to another user");
}

static void place_no_directory(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state: ", "Not a directory");
}

static void test_unsafe_directory(void **state)
{
    (void)state;
    const char *aside = test_path("aside");
    assert_int_equal(chmod(state_directory, 0770), 0);
    assert_true(support_child(place_writable));
    assert_int_equal(chmod(state_directory, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(state_directory, NOBODY, NOBODY), 0);
        assert_true(support_child(place_foreign));
        assert_int_equal(chown(state_directory, 0, 0), 0);
    }
    assert_int_equal(rename(state_directory, aside), 0);
    assert_int_equal(symlink(aside, state_directory), 0);
    assert_true(support_child(place_no_directory));
    /* A slash at the end would make the kernel follow it. */
    size_t length = strlen(state_directory);
    strcpy(state_directory + length, "/");
    assert_true(support_child(place_no_directory));
    state_directory[length] = '\0';
}

static void no_parent(void)
{
    const char *deeper = state_path("a/b");
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, POOL_LENGTH, "a key for tests", deeper));
    check_private("/state/a/b: ", "No such file or directory");
}

static void no_home(void)
{
    unsetenv("HOME");
    unsetenv("XDG_STATE_HOME");
    if (geteuid() == 0)
        CHECK(seteuid(NOBODY) == 0);
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, POOL_LENGTH, "a key for tests", ""));
    check_private("HOME", "there is no state directory");
}

static void home(void)
{
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", test_directory, 1);
    if (geteuid() == 0) {
        CHECK(chown(test_directory, NOBODY, NOBODY) == 0 && seteuid(NOBODY) == 0);
    }
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, POOL_LENGTH, "a key for tests", NULL));
    check_aliases(10, ALIAS_NAME);
    CHECK(access(test_path(".local/state/v6shim/aliases"), F_OK) == 0);
    setenv("XDG_STATE_HOME", test_directory, 1);
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, POOL_LENGTH, "a key for tests", NULL));
    check_aliases(20, ALIAS_NAME);
    CHECK(access(test_path("v6shim/aliases"), F_OK) == 0);
    CHECK(logged[0] == '\0');
}

static void test_place(void **state)
{
    (void)state;
    assert_true(support_child(no_parent));
    assert_true(support_child(no_home));
    assert_true(support_child(home));
}

/* A table that can be read and not written still says what it knows. */
static void check_read_only(const char *reason)
{
    start_aliases(POOL_LENGTH);
    for (uint32_t number = 0; number < KNOWN; number++) {
        struct ip_address address = numbered(number);
        CHECK(aliases_of(&address, ALIAS_NAME).s_addr == given[number].s_addr);
    }
    CHECK(logged_count("private") == 0);
    check_aliases(KNOWN + 50, ALIAS_NAME);
    CHECK(logged_count("aliases are private to this process: ") == 1 && logged_count(reason) == 1);
}

static void no_right_to_write(void)
{
    CHECK(geteuid() != 0 || seteuid(NOBODY) == 0);
    check_read_only("can't be opened: Permission denied");
}

static void test_read_only(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        assert_int_equal(chmod(test_directory, 0755), 0);
        assert_int_equal(chown(state_directory, NOBODY, NOBODY), 0);
        assert_int_equal(chown(state_path("aliases"), NOBODY, NOBODY), 0);
    }
    assert_int_equal(chmod(state_path("aliases"), 0400), 0);
    assert_true(support_child(no_right_to_write));
}

/* SIGXFSZ would kill. */
static void file_size_limited(void)
{
    struct rlimit limit = {4096, 4096};
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    check_read_only("can't be written: File too large");
}

static void file_size_limited_at_first(void)
{
    struct rlimit limit = {4096, 4096};
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0 && unlink(state_path("aliases")) == 0);
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases: ", "can't be written: File too large");
    CHECK(access(state_path("aliases"), F_OK) != 0 && access(state_path("aliases.new"), F_OK) != 0);
}

static void test_file_size_limit(void **state)
{
    (void)state;
    assert_true(support_child(file_size_limited));
    assert_true(support_child(file_size_limited_at_first));
}

/* A file system of a few pages, in a namespace of this process. False where that can't be had. */
static bool mount_small(const char *size)
{
    char options[32];
    snprintf(options, sizeof options, "size=%s,mode=0700", size);
    if (unshare(CLONE_NEWNS) != 0)
        return false;
    CHECK(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    CHECK(mkdir(state_directory, 0700) == 0 || errno == EEXIST);
    CHECK(mount("none", state_directory, "tmpfs", 0, options) == 0);
    return true;
}

static void disk_full(void)
{
    if (!mount_small("32k"))
        return;
    start_aliases(POOL_LENGTH);
    check_aliases(KNOWN, ALIAS_NAME);
    CHECK(logged_count("aliases are private to this process: ") == 1);
    CHECK(logged_count("/state/aliases: can't be written: No space left on device") == 1);
}

static void disk_full_at_first(void)
{
    if (!mount_small("4k"))
        return;
    write_whole(state_path("filler"), image, 4096);
    start_aliases(POOL_LENGTH);
    check_aliases(KNOWN, ALIAS_NAME);
    CHECK(logged_count("/state/aliases: can't be written: No space left on device") == 1);
    /* Once there is space, it works again, and what was private stays. */
    CHECK(unlink(state_path("filler")) == 0);
    struct ip_address early = numbered(0), late = numbered(KNOWN);
    struct in_addr alias = aliases_of(&early, ALIAS_NAME);
    aliases_of(&late, ALIAS_NAME);
    CHECK(access(state_path("aliases"), F_OK) == 0);
    CHECK(aliases_of(&early, ALIAS_NAME).s_addr == alias.s_addr);
}

static void read_only_disk(void)
{
    if (unshare(CLONE_NEWNS) != 0)
        return;
    CHECK(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    CHECK(mount(state_directory, state_directory, NULL, MS_BIND, NULL) == 0);
    CHECK(mount(NULL, state_directory, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0);
    check_read_only("can't be opened: Read-only file system");
}

static void test_disk(void **state)
{
    (void)state;
    assert_true(support_child(disk_full));
    assert_true(support_child(disk_full_at_first));
    assert_true(support_child(read_only_disk));
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
    check_private("/state/aliases: ", "is damaged");
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
    check_private("/state/aliases: ", "can't be written: Too many levels of symbolic links");
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

static void strange_umask(void)
{
    CHECK(unlink(state_path("aliases")) == 0);
    umask(0777);
    start_aliases(POOL_LENGTH);
    check_aliases(KNOWN, ALIAS_NAME);
    struct stat status;
    CHECK(stat(state_path("aliases"), &status) == 0 && (status.st_mode & 07777) == 0600);
    CHECK(logged[0] == '\0');
}

static void test_umask(void **state)
{
    (void)state;
    assert_true(support_child(strange_umask));
}

int main(void)
{
    given = mmap(NULL, KNOWN * sizeof *given, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    image = mmap(NULL, FILE_SIZE + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_given, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_random_damage),
        TEST(test_truncated),
        TEST(test_header),
        TEST(test_other_pool_or_key),
        TEST(test_not_regular),
        TEST(test_unsafe_file),
        TEST(test_unsafe_directory),
        cmocka_unit_test_setup_teardown(test_place, support_set_up, support_tear_down),
        TEST(test_read_only),
        TEST(test_file_size_limit),
        TEST(test_disk),
        TEST(test_cut_in_midlife),
        TEST(test_left_over),
        TEST(test_umask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
