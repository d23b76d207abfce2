/* The key of the tables: a secret in a file, made once. Tables of the first version, which had none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/aliases.h"
#include "preload/state/host.h"
#include "preload/state/state_aliases.h"
#include "support.h"

#define MANY      200u
#define KEY_SIZE  (4096 + 64)
#define NOBODY    65534
#define PROCESSES 12

/* Results of child processes for each other. */
static struct in_addr *shared;

static void start_with_key_file(void)
{
    CHECK(aliases_start((struct in_addr){htonl(0xf0400000)}, 10, "", state_directory));
}

static void give(void)
{
    start_with_key_file();
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number);
        shared[number] = aliases_of(&address, ALIAS_NAME);
        CHECK(aliases_is_shared(shared[number]));
    }
    CHECK(logged[0] == '\0');
}

static uint32_t count_same(void)
{
    uint32_t same = 0;
    start_with_key_file();
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number);
        same += aliases_of(&address, ALIAS_NAME).s_addr == shared[number].s_addr;
    }
    return same;
}

static void find_same(void)
{
    CHECK(count_same() == MANY);
    CHECK(logged[0] == '\0');
}

static void find_others(void)
{
    CHECK(count_same() < 5);
    CHECK(logged[0] == '\0');
}

static void test_made_once(void **state)
{
    (void)state;
    struct stat status;
    assert_true(support_child(give));
    assert_int_equal(stat(state_path("key"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, KEY_SIZE);
    assert_true(support_child(find_same));
    /* Aliases of another directory can't be foretold from anything that is the same. */
    assert_int_equal(rename(state_directory, test_path("aside")), 0);
    assert_true(support_child(find_others));
}

static void with_a_text(void)
{
    start_aliases(10);
    check_aliases(10, ALIAS_NAME);
    CHECK(access(state_path("key"), F_OK) != 0 && errno == ENOENT);
}

static void only_reads(void)
{
    struct ip_address address = numbered(1);
    struct in_addr alias;
    start_with_key_file();
    CHECK(!aliases_peek(&address, &alias, &(struct state_fault){0}));
    CHECK(!aliases_find_address((struct in_addr){htonl(0xf0401234)}, &address));
    CHECK(access(state_directory, F_OK) != 0 && errno == ENOENT);
    CHECK(logged[0] == '\0');
}

static void test_not_made(void **state)
{
    (void)state;
    assert_true(support_child(only_reads));
    assert_true(support_child(with_a_text));
}

/* A key that can't be used is not replaced: aliases are the process's own, and one line says why. */
static const char *reason;

static void unusable(void)
{
    start_with_key_file();
    for (uint32_t number = 0; number < 20; number++) {
        struct ip_address back, address = numbered(number);
        struct in_addr alias = aliases_of(&address, number % 2 == 0 ? ALIAS_NAME : ALIAS_PEER);
        CHECK(!aliases_is_shared(alias));
        CHECK(aliases_find_address(alias, &back) && address_equal(&back, &address));
        CHECK(!aliases_find_address(shared[number], &back));
    }
    CHECK(logged_count("aliases are private to this process: ") == 1);
    CHECK(logged_count(reason) == 1);
}

static void check_unusable(const char *why)
{
    reason = why;
    assert_true(support_child(unusable));
}

static void test_unusable(void **state)
{
    (void)state;
    uint8_t bytes[KEY_SIZE + 1];
    assert_true(support_child(give));
    assert_int_equal(read_whole(state_path("key"), bytes, sizeof bytes), KEY_SIZE);
    assert_int_equal(chmod(state_path("key"), 0640), 0);
    check_unusable("/state/key can be read by others");
    assert_int_equal(chmod(state_path("key"), 0604), 0);
    check_unusable("/state/key can be read by others");
    assert_int_equal(chmod(state_path("key"), 0600), 0);
    bytes[4096 + 5] ^= 1;
    write_whole(state_path("key"), bytes, KEY_SIZE);
    check_unusable("/state/key is damaged");
    bytes[4096 + 5] ^= 1;
    write_whole(state_path("key"), bytes, 4096);
    check_unusable("/state/key is damaged: not of its full size");
    write_whole(state_path("key"), bytes, KEY_SIZE);
    char other[SUPPORT_PATH_SIZE];
    snprintf(other, sizeof other, "%s", test_path("other"));
    assert_int_equal(link(state_path("key"), other), 0);
    check_unusable("/state/key has a second hard link");
    assert_int_equal(unlink(state_path("key")), 0);
    assert_int_equal(symlink(other, state_path("key")), 0);
    check_unusable("/state/key is not a regular file");
    assert_int_equal(unlink(state_path("key")), 0);
    check_unusable("/state/aliases was made with another alias-key, or another file key");
    assert_int_equal(rename(other, state_path("key")), 0);
    assert_true(support_child(find_same));
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(state_path("key"), NOBODY, NOBODY), 0);
    check_unusable("/state/key belongs to another user");
}

static void make_at_once(void)
{
    while (__atomic_load_n(&shared[MANY].s_addr, __ATOMIC_ACQUIRE) == 0)
        sched_yield();
    start_with_key_file();
    for (uint32_t number = 0; number < 20; number++) {
        struct ip_address address = numbered(number);
        uint32_t none = 0, alias = aliases_of(&address, ALIAS_NAME).s_addr;
        if (!__atomic_compare_exchange_n(&shared[number].s_addr, &none, alias, false, __ATOMIC_SEQ_CST,
                                         __ATOMIC_SEQ_CST))
            CHECK(none == alias);
    }
    CHECK(logged[0] == '\0');
}

static void test_many_make_it_at_once(void **state)
{
    (void)state;
    pid_t children[PROCESSES];
    memset(shared, 0, (MANY + 1) * sizeof *shared);
    for (unsigned i = 0; i < PROCESSES; i++)
        children[i] = support_start(make_at_once);
    __atomic_store_n(&shared[MANY].s_addr, 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < PROCESSES; i++)
        assert_true(support_wait(children[i]));
}

/* --- a table of the first version --- */

/* Its key is what the host's machine-id says: on a host without one there is nothing to go on with. */
static void write_former_table(void)
{
    struct siphash_key key;
    start_with_key_file();
    CHECK(host_former_key(&key));
    struct state *state = state_current();
    struct state_format format = state_format(state, STATE_ALIASES);
    struct state_fault fault;
    struct state_file file;
    CHECK(format.former == state_key_fingerprint(key) && format.fingerprint == 0);
    format.fingerprint = format.former;
    CHECK(state_file_open(&file, &state->place, &format, STATE_CREATE, &fault));
    for (uint32_t number = 0; number < MANY; number++) {
        struct alias_record record = {.address = numbered(number), .kind = ALIAS_NAME, .seen = host_moment()};
        uint64_t hash = alias_hash(key, &record.address);
        uint32_t offset = ((uint32_t)hash & 65535) * 64 + ((uint32_t)(hash >> 32) & 63); /* as it was */
        uint8_t bytes[ALIAS_RECORD_SIZE];
        shared[number] = alias_pool_address(&state->pool, offset);
        alias_record_encode(&record, file.seal, offset, bytes);
        CHECK(state_file_write(&file, offset, bytes, &fault));
    }
    state_file_close(&file);
}

/* What is asked makes no key. What lay in the transient range means nobody; all else is as it was. */
static void read_former_table(void)
{
    start_with_key_file();
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number), back;
        struct in_addr alias;
        bool stored = aliases_is_shared(shared[number]);
        CHECK(aliases_peek(&address, &alias, &(struct state_fault){0}) == stored &&
              (!stored || alias.s_addr == shared[number].s_addr));
        CHECK(aliases_find_address(shared[number], &back) == stored && (!stored || address_equal(&back, &address)));
    }
    CHECK(access(state_path("key"), F_OK) != 0 && errno == ENOENT);
    CHECK(logged[0] == '\0');
}

static void add_to_former_table(void)
{
    start_with_key_file();
    check_aliases(3 * MANY, ALIAS_NAME);
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number);
        if (aliases_is_shared(shared[number]))
            CHECK(aliases_of(&address, ALIAS_PEER).s_addr == shared[number].s_addr);
        else
            CHECK(aliases_is_shared(aliases_of(&address, ALIAS_NAME)));
    }
    CHECK(access(state_path("key"), F_OK) == 0);
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(MANY + number);
        shared[MANY + number] = aliases_of(&address, ALIAS_NAME);
    }
    CHECK(logged[0] == '\0');
}

/* What was added is where the new key says, and not where anybody could say who knows the machine-id. */
static void find_added(void)
{
    struct siphash_key former;
    uint32_t foretold = 0;
    start_with_key_file();
    CHECK(host_former_key(&former));
    for (uint32_t number = MANY; number < 2 * MANY; number++) {
        struct ip_address address = numbered(number);
        struct alias_page page = alias_page_of(&state_current()->pool, alias_hash(former, &address));
        struct in_addr alias = aliases_of(&address, ALIAS_PEER);
        CHECK(alias.s_addr == shared[number].s_addr);
        foretold += offset_of_alias(&state_current()->pool, alias) - page.first < page.count;
    }
    CHECK(foretold < 5);
}

static void read_only_former_table(void)
{
    if (unshare(CLONE_NEWNS) != 0)
        return;
    CHECK(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    CHECK(mount(state_directory, state_directory, NULL, MS_BIND, NULL) == 0);
    CHECK(mount(NULL, state_directory, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0);
    start_with_key_file();
    for (uint32_t number = 0; number < MANY; number++) {
        struct ip_address address = numbered(number);
        if (aliases_is_shared(shared[number]))
            CHECK(aliases_of(&address, ALIAS_NAME).s_addr == shared[number].s_addr);
    }
    struct ip_address other = numbered(MANY);
    CHECK(!aliases_is_shared(aliases_of(&other, ALIAS_NAME)));
    CHECK(logged_count(
              "/state/key can't be written: Read-only file system (set state-dir to a place that can be written)") ==
          1);
}

static void test_former_table(void **state)
{
    (void)state;
    struct siphash_key key;
    if (!host_former_key(&key))
        skip();
    assert_true(support_child(write_former_table));
    assert_true(support_child(read_former_table));
    assert_true(support_child(read_only_former_table));
    assert_true(support_child(add_to_former_table));
    assert_true(support_child(find_added));
}

int main(void)
{
    shared = mmap(NULL, 4 * MANY * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_made_once),    TEST(test_not_made), TEST(test_unusable), TEST(test_many_make_it_at_once),
        TEST(test_former_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
