/* A daemon of root's that becomes another user has a table of that user's own, behind chroot() too, and gives nobody
   a way to root's, nor out of its new root directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/aliases.h"
#include "preload/base/newer_names.h"
#include "preload/base/ready.h"
#include "support.h"

#define NOBODY   65534
#define SOMEBODY 65533
#define PEERS    1000u
#define CROWD    16384u /* more than are remembered of the table's (peer_cache.h) */

static void start_daemon(void)
{
    ready_own_memory();
    CHECK(chmod(test_directory, 0755) == 0);
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, 10, "", state_directory));
    aliases_prepare();
}

static void become(uid_t user)
{
    aliases_hand_over(user);
    CHECK(setresuid(user, user, user) == 0);
    aliases_handed_over();
}

static void check_stored(uint32_t first, uint32_t count)
{
    for (uint32_t number = first; number < first + count; number++) {
        struct ip_address back, address = numbered(number);
        struct in_addr alias = aliases_of(&address, ALIAS_PEER);
        CHECK(aliases_is_shared(alias));
        CHECK(aliases_find_address(alias, &back) && address_equal(&back, &address));
    }
}

static void drop(void)
{
    start_daemon();
    struct ip_address early = numbered(0), back;
    struct in_addr before = aliases_of(&early, ALIAS_PEER);
    become(NOBODY);
    CHECK(aliases_of(&early, ALIAS_PEER).s_addr == before.s_addr);
    check_stored(1, CROWD);
    CHECK(aliases_of(&early, ALIAS_PEER).s_addr == before.s_addr);
    CHECK(aliases_find_address(before, &back) && address_equal(&back, &early));
    CHECK(logged[0] == '\0');
    /* What it could do with what it has: nothing to root's. */
    CHECK(open(state_path("aliases"), O_RDONLY) < 0 && errno == EACCES);
    CHECK(open(state_path("aliases"), O_WRONLY) < 0 && errno == EACCES);
    CHECK(open(state_path("key"), O_RDONLY) < 0 && errno == EACCES);
    CHECK(open(state_path("more"), O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
    CHECK(mkdir(state_path("users/1000"), 0700) < 0 && errno == EACCES);
    CHECK(rename(state_path("users/65534"), test_path("mine")) < 0 && errno == EACCES);
    CHECK(open(state_directory, O_RDONLY | O_DIRECTORY) < 0 && errno == EACCES);
}

/* Another process of that user, after a restart, and one that never was root's. */
static void started_again(void)
{
    start_daemon();
    become(NOBODY);
    check_stored(1, PEERS);
    CHECK(logged[0] == '\0');
}

static void started_by_inetd(void)
{
    struct ip_address address = numbered(1), back;
    CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, 10, "", state_directory));
    struct in_addr alias = aliases_of(&address, ALIAS_PEER);
    CHECK(aliases_is_shared(alias) && aliases_find_address(alias, &back) && address_equal(&back, &address));
    CHECK(logged[0] == '\0');
}

/* A server that is one user for each request, and root between, pays for the rooms once. */
static void change_often(void)
{
    start_daemon();
    aliases_hand_over(NOBODY);
    aliases_hand_over(SOMEBODY);
    CHECK(rmdir(state_path("users/65534")) == 0 && rmdir(state_path("users/65533")) == 0);
    aliases_hand_over(NOBODY);
    aliases_hand_over(SOMEBODY);
    CHECK(access(state_path("users/65534"), F_OK) != 0 && access(state_path("users/65533"), F_OK) != 0);
}

static void test_change_often(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(test_directory, 0755), 0);
    assert_true(support_child(change_often));
}

static void test_drop(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    mode_t before = umask(077); /* as daemons set it */
    assert_int_equal(chmod(test_directory, 0755), 0);
    umask(022);
    assert_true(support_child(drop));
    umask(before);
    assert_true(support_child(started_again));
    assert_true(support_child(started_by_inetd));
}

/* Through each descriptor that the process has: no file of the old root, and no other user's. */
static void check_locked_in(void)
{
    static const char *const wanted[] = {"../../../../../../etc/passwd", "../../key", "../key", "../../..", "key"};
    unsigned directories = 0;
    for (int fd = 3; fd < 4096; fd++) {
        struct stat status, above;
        if (fstat(fd, &status) != 0 || !S_ISDIR(status.st_mode))
            continue;
        directories++;
        for (size_t i = 0; i < 3; i++)
            CHECK(openat(fd, wanted[i], O_RDONLY) < 0);
        CHECK(fstatat(fd, "../../..", &above, 0) == 0);
        CHECK(above.st_ino == status.st_ino && above.st_dev == status.st_dev);
        CHECK(openat(fd, "new", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
        CHECK(openat(fd, ".", O_RDONLY | O_DIRECTORY) < 0 && errno == EACCES);
    }
    CHECK(directories == 1);
}

static bool has_open_tree(void)
{
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/", 1 | O_CLOEXEC);
    if (tree >= 0)
        close(tree);
    return tree >= 0;
}

static void lock_in(void)
{
    start_daemon();
    CHECK(mkdir(test_path("root"), 0755) == 0);
    aliases_keep_rooms();
    CHECK(chroot(test_path("root")) == 0 && chdir("/") == 0);
    become(NOBODY);
    check_stored(0, PEERS);
    CHECK(logged[0] == '\0');
    check_locked_in();
    /* A worker that closes what it doesn't know has aliases of its own, and each stays what it was. */
    struct ip_address address = numbered(0);
    struct in_addr alias = aliases_of(&address, ALIAS_PEER);
    for (int fd = 3; fd < 4096; fd++)
        close(fd);
    struct ip_address late = numbered(PEERS), back;
    CHECK(!aliases_is_shared(aliases_of(&late, ALIAS_PEER)));
    CHECK(aliases_find_address(alias, &back) && address_equal(&back, &address));
    CHECK(logged_warnings == 1 && logged_count("aliases are private to this process: ") == 1);
}

static void test_lock_in(void **state)
{
    (void)state;
    if (geteuid() != 0 || !has_open_tree())
        skip();
    assert_true(support_child(lock_in));
    struct stat status;
    assert_int_equal(stat(state_path("users/65534/aliases"), &status), 0);
    assert_int_equal(status.st_uid, NOBODY);
}

/* A daemon that was not given one says so once, however many workers it has. */
static void without_a_room(void)
{
    start_daemon();
    size_t warnings = 0;
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (unsigned worker = 0; worker < 5; worker++) {
        if (fork() == 0) {
            struct ip_address address = numbered(worker);
            syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY); /* past our hook */
            CHECK(!aliases_is_shared(aliases_of(&address, ALIAS_PEER)));
            size_t count = logged_warnings;
            CHECK(write(ends[1], &count, sizeof count) == sizeof count);
            _exit(0);
        }
        size_t count;
        CHECK(read(ends[0], &count, sizeof count) == sizeof count);
        warnings += count;
    }
    CHECK(warnings == 1);
}

static void test_one_true_warning(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_true(support_child(without_a_room));
}

/* What somebody else has put in the way of a room. */
static void check_refused(void (*spoil)(void))
{
    start_daemon();
    aliases_hand_over(NOBODY);
    spoil();
    CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
    aliases_handed_over();
    struct ip_address address = numbered(1);
    CHECK(!aliases_is_shared(aliases_of(&address, ALIAS_PEER)));
    CHECK(logged_count("aliases are private to this process: ") == 1);
}

static void give_away_rooms(void)
{
    CHECK(chown(state_path("users"), SOMEBODY, -1) == 0);
}

static void open_rooms_to_all(void)
{
    CHECK(chmod(state_path("users"), 01777) == 0);
}

static void link_room(void)
{
    CHECK(mkdir(test_path("other"), 0700) == 0 && chown(test_path("other"), NOBODY, -1) == 0);
    CHECK(rmdir(state_path("users/65534")) == 0);
    CHECK(symlink(test_path("other"), state_path("users/65534")) == 0);
}

static void give_away_room(void)
{
    CHECK(chown(state_path("users/65534"), SOMEBODY, -1) == 0);
}

static void refuse_others_rooms(void)
{
    check_refused(give_away_rooms);
}

static void refuse_writable_rooms(void)
{
    check_refused(open_rooms_to_all);
}

static void refuse_link(void)
{
    check_refused(link_room);
}

static void refuse_others_room(void)
{
    check_refused(give_away_room);
}

/* Root itself follows nothing there: a room that is somebody else's is not handed over. */
static void take_no_others_room(void)
{
    struct stat status;
    start_daemon();
    aliases_hand_over(SOMEBODY);
    CHECK(rename(state_path("users/65533"), test_path("room")) == 0);
    CHECK(symlink(test_path("room"), state_path("users/65534")) == 0);
    aliases_hand_over(NOBODY);
    CHECK(stat(test_path("room"), &status) == 0 && status.st_uid == SOMEBODY);
    CHECK(lstat(state_path("users/65534"), &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid == 0);
}

static void test_untrusted_rooms(void **state)
{
    (void)state;
    static void (*const cases[])(void) = {refuse_others_rooms, refuse_writable_rooms, refuse_link, refuse_others_room,
                                          take_no_others_room};
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(support_child(cases[i]));
        assert_int_equal(support_tear_down(NULL), 0);
        assert_int_equal(support_set_up(NULL), 0);
    }
}

int main(void)
{
    support_hide_var_lib();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_drop, support_set_up, support_tear_down),
        cmocka_unit_test_setup_teardown(test_change_often, support_set_up, support_tear_down),
        cmocka_unit_test_setup_teardown(test_lock_in, support_set_up, support_tear_down),
        cmocka_unit_test_setup_teardown(test_one_true_warning, support_set_up, support_tear_down),
        cmocka_unit_test_setup_teardown(test_untrusted_rooms, support_set_up, support_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
