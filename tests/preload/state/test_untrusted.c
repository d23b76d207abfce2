/*
 * Alias tables that may not be trusted, or can't be read or written: their file, its directory, the disk (given.h).
 * The aliases are private to the process then, one log line says why, and nobody is led to a wrong address.
 */
#include "given.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/alias/aliases.h"

static void not_regular(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases ", "is not a regular file");
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
    check_private("/state/aliases ", "has a second hard link");
}

static void writable(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases ", "is writable by others");
}

static void foreign(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state/aliases ", "belongs to another user");
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

static void place_untrusted_link(void)
{
    start_aliases(POOL_LENGTH);
    check_private("/state: ", "Too many levels of symbolic links");
}

static void place_good(void)
{
    start_aliases(POOL_LENGTH);
    check_aliases(10, ALIAS_NAME);
    CHECK(logged[0] == '\0');
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
    if (geteuid() == 0) { /* root's link is what systemd makes of DynamicUser= */
        assert_true(support_child(place_good));
        assert_int_equal(chmod(test_directory, 0777), 0);
        assert_true(support_child(place_untrusted_link));
        assert_int_equal(chmod(test_directory, 0700), 0);
        assert_int_equal(lchown(state_directory, NOBODY, NOBODY), 0);
    }
    assert_true(support_child(place_untrusted_link));
    /* A slash at the end would make the kernel follow it. */
    size_t length = strlen(state_directory);
    strcpy(state_directory + length, "/");
    assert_true(support_child(place_untrusted_link));
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
    CHECK(mkdir(test_path("service"), 0700) == 0);
    char several[PATH_MAX + sizeof ":/nowhere"];
    snprintf(several, sizeof several, "%s:/nowhere", test_path("service"));
    setenv("STATE_DIRECTORY", several, 1);
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, POOL_LENGTH, "a key for tests", NULL));
    check_aliases(30, ALIAS_NAME);
    CHECK(access(test_path("service/v6shim/aliases"), F_OK) == 0);
    unsetenv("STATE_DIRECTORY");
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
    check_private("/state/aliases ", "can't be written: File too large");
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
    CHECK(logged_count("/state/aliases can't be written: No space left on device") == 1);
}

static void disk_full_at_first(void)
{
    if (!mount_small("4k"))
        return;
    write_whole(state_path("filler"), image, 4096);
    start_aliases(POOL_LENGTH);
    check_aliases(KNOWN, ALIAS_NAME);
    CHECK(logged_count("/state/aliases can't be written: No space left on device") == 1);
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
    support_hide_var_lib();
    given_start();
    const struct CMUnitTest tests[] = {
        GIVEN_TEST(test_not_regular),
        GIVEN_TEST(test_unsafe_file),
        GIVEN_TEST(test_unsafe_directory),
        cmocka_unit_test_setup_teardown(test_place, support_set_up, support_tear_down),
        GIVEN_TEST(test_read_only),
        GIVEN_TEST(test_file_size_limit),
        GIVEN_TEST(test_disk),
        GIVEN_TEST(test_umask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
