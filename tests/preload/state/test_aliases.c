/* The aliases of a process and its table, when all goes well or the table is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/aliases.h"
#include "preload/state/host.h"
#include "preload/state/state_aliases.h"
#include "support.h"

#define MANY 5000u

/* Results of child processes for each other. */
static struct in_addr *shared;

static void nothing_made(void)
{
    struct ip_address address = numbered(1);
    struct in_addr alias;
    start_aliases(10);
    CHECK(aliases_contains((struct in_addr){htonl(0xf0400000)}));
    CHECK(!aliases_contains((struct in_addr){htonl(0xf03fffff)}));
    CHECK(!aliases_peek(&address, &alias, &(struct state_fault){0}));
    CHECK(!aliases_find_address((struct in_addr){htonl(0xf0401234)}, &address));
    CHECK(!aliases_find_address((struct in_addr){htonl(0x7f000001)}, &address));
    CHECK(access(state_directory, F_OK) != 0 && errno == ENOENT);
    CHECK(logged[0] == '\0');
}

static void test_no_alias_no_file(void **state)
{
    (void)state;
    assert_true(support_child(nothing_made));
}

static void first_run(void)
{
    start_aliases(10);
    size_t before = open_descriptors();
    errno = E2BIG;
    for (uint32_t number = 0; number < 1000; number++) {
        struct ip_address address = numbered(number);
        shared[number] = aliases_of(&address, ALIAS_NAME);
    }
    CHECK(errno == E2BIG);
    check_aliases(1000, ALIAS_NAME);
    CHECK(open_descriptors() == before);
    CHECK(logged[0] == '\0');
    struct stat status;
    /* Root lets others through to their rooms. */
    CHECK(stat(state_directory, &status) == 0 && (status.st_mode & 07777) == (geteuid() == 0 ? 0711 : 0700));
    CHECK(stat(state_path("aliases"), &status) == 0 && (status.st_mode & 07777) == 0600);
    CHECK(status.st_size == 4096 + (off_t)32 * (1 << 22));
    CHECK(access(state_path("aliases.new"), F_OK) != 0);
}

static void second_run(void)
{
    start_aliases(10);
    for (uint32_t number = 0; number < 500; number++) {
        struct ip_address back, address = numbered(number);
        CHECK(aliases_find_address(shared[number], &back) && address_equal(&back, &address));
        CHECK(aliases_of(&address, ALIAS_PEER).s_addr == shared[number].s_addr);
    }
    for (uint32_t number = 500; number < 1000; number++) {
        struct ip_address address = numbered(number);
        struct in_addr alias;
        CHECK(aliases_peek(&address, &alias, &(struct state_fault){0}) && alias.s_addr == shared[number].s_addr);
        CHECK(aliases_of(&address, ALIAS_NAME).s_addr == shared[number].s_addr);
    }
    CHECK(logged[0] == '\0');
}

static void test_same_after_restart(void **state)
{
    (void)state;
    assert_true(support_child(first_run));
    assert_true(support_child(second_run));
}

/* From here on every system call but exit() is death. (Strict seccomp would also forbid to read the processor's
 * clock.) */
static void forbid_system_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {.len = sizeof code / sizeof *code, .filter = code};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

static void asks_nothing(void)
{
    start_aliases(10);
    struct ip_address name = numbered(1), peer = numbered(2), back;
    struct in_addr name_alias = aliases_of(&name, ALIAS_NAME);
    struct in_addr peer_alias = aliases_of(&peer, ALIAS_PEER);
    /* Where the clock can only be had from the kernel, it has to be asked. */
    char clock[32] = "";
    read_whole("/sys/devices/system/clocksource/clocksource0/current_clocksource", clock, sizeof clock - 1);
    bool fast_clock =
        strcmp(clock, "tsc\n") == 0 || strcmp(clock, "kvm-clock\n") == 0 || strcmp(clock, "arch_sys_counter\n") == 0;
    forbid_system_calls();
    bool good = aliases_of(&name, ALIAS_NAME).s_addr == name_alias.s_addr &&
                aliases_of(&name, ALIAS_PEER).s_addr == name_alias.s_addr &&
                aliases_find_address(name_alias, &back) && address_equal(&back, &name);
    if (fast_clock)
        good = good && aliases_of(&peer, ALIAS_PEER).s_addr == peer_alias.s_addr &&
               aliases_find_address(peer_alias, &back) && address_equal(&back, &peer);
    syscall(SYS_exit, good ? 0 : 1);
}

static void test_hit_is_no_system_call(void **state)
{
    (void)state;
    const char *filters_hang = getenv("FILTERS_HANG"); /* tests/filters-hang */
    if (THREAD_SANITIZED || (filters_hang != NULL && filters_hang[0] != '\0'))
        skip();
    assert_true(support_child(asks_nothing));
}

static void many_in_one_process(void)
{
    start_aliases(14);
    check_aliases(MANY, ALIAS_NAME);
    CHECK(logged[0] == '\0');
}

static void many_of_a_kind(void)
{
    start_aliases(14);
    check_aliases(MANY, ALIAS_PEER);
    CHECK(logged[0] == '\0');
}

static void test_many(void **state)
{
    (void)state;
    assert_true(support_child(many_in_one_process)); /* they collide: the pool has 2^18 */
    assert_true(support_child(many_of_a_kind));      /* the names, seen as peers */
}

struct listing {
    uint32_t names, peers;
};

static bool count_one(void *context, uint32_t offset, const struct alias_record *record)
{
    struct listing *listing = context;
    listing->names += record->kind == ALIAS_NAME;
    listing->peers += record->kind == ALIAS_PEER;
    return offset != 0;
}

static struct listing list_aliases(void)
{
    struct listing listing = {0};
    struct alias_pool pool;
    struct state_fault fault;
    CHECK(state_aliases_each(state_current(), &pool, count_one, &listing, &fault) == STATE_FOUND);
    CHECK(pool.count == state_current()->pool.count);
    return listing;
}

static void peer_becomes_name(void)
{
    start_aliases(20);
    struct ip_address address = numbered(7);
    struct in_addr alias = aliases_of(&address, ALIAS_PEER);
    struct listing before = list_aliases();
    CHECK(before.names == 0 && before.peers == 1);
    CHECK(aliases_of(&address, ALIAS_NAME).s_addr == alias.s_addr);
    CHECK(aliases_of(&address, ALIAS_PEER).s_addr == alias.s_addr);
    struct listing after = list_aliases();
    CHECK(after.names == 1 && after.peers == 0);
}

static void test_peer_becomes_name(void **state)
{
    (void)state;
    assert_true(support_child(peer_becomes_name));
}

/* The record of an address, changed. */
static void change_record(const struct ip_address *address, void (*change)(struct alias_record *record))
{
    struct state *state = state_current();
    struct state_format format = state_format(state, STATE_ALIASES);
    struct state_fault fault;
    struct state_file file;
    struct alias_record record;
    struct in_addr alias;
    uint8_t bytes[ALIAS_RECORD_SIZE];
    CHECK(aliases_peek(address, &alias, &(struct state_fault){0}));
    uint32_t offset = offset_of_alias(&state->pool, alias);
    CHECK(state_file_open(&file, &state->place, &format, STATE_WRITE, &fault));
    CHECK(state_file_read(&file, offset, 1, bytes, &fault));
    CHECK(alias_record_decode(bytes, file.seal, offset, &record));
    change(&record);
    alias_record_encode(&record, file.seal, offset, bytes);
    CHECK(state_file_write(&file, offset, bytes, &fault));
    state_file_close(&file);
}

static void make_old(struct alias_record *record)
{
    /* This boot may be young: it was seen in another one, long ago. */
    record->seen.minute -= 100 * 24 * 60;
    record->seen.boot ^= 1;
}

static void make_of_other_boot(struct alias_record *record)
{
    record->seen.boot ^= 1;
}

static bool seen_now(const struct ip_address *address)
{
    struct in_addr alias;
    struct alias_record record;
    struct state_fault fault;
    struct alias_moment now = host_moment();
    CHECK(aliases_peek(address, &alias, &(struct state_fault){0}));
    uint32_t offset = offset_of_alias(&state_current()->pool, alias);
    CHECK(state_aliases_read(state_current(), offset, false, &record, &fault) == STATE_FOUND);
    return now.minute - record.seen.minute < 60 && record.seen.boot == now.boot;
}

static void age_peers(void)
{
    start_aliases(20);
    for (uint32_t number = 0; number < 3; number++) {
        struct ip_address address = numbered(number);
        aliases_of(&address, ALIAS_PEER);
        change_record(&address, make_old);
        CHECK(!seen_now(&address));
    }
}

static void use_peers(void)
{
    start_aliases(20);
    struct ip_address first = numbered(0), second = numbered(1), third = numbered(2), back;
    struct in_addr alias;
    aliases_of(&first, ALIAS_PEER);
    CHECK(aliases_peek(&second, &alias, &(struct state_fault){0}) && !seen_now(&second));
    CHECK(aliases_find_address(alias, &back) && address_equal(&back, &second));
    CHECK(seen_now(&first) && seen_now(&second) && !seen_now(&third));
}

static void test_use_renews_peers(void **state)
{
    (void)state;
    assert_true(support_child(age_peers));
    assert_true(support_child(use_peers));
}

static void give_link_local(void)
{
    start_aliases(20);
    for (uint32_t scope = 1; scope < 3; scope++) {
        struct ip_address back, address = link_local(scope);
        shared[scope] = aliases_of(&address, ALIAS_NAME);
        CHECK(aliases_find_address(shared[scope], &back) && address_equal(&back, &address));
        change_record(&address, make_of_other_boot);
    }
    CHECK(shared[1].s_addr != shared[2].s_addr);
}

static void use_link_local_later(void)
{
    start_aliases(20);
    struct ip_address address = link_local(1), back;
    struct in_addr alias;
    CHECK(!aliases_find_address(shared[1], &back) && !aliases_peek(&address, &alias, &(struct state_fault){0}));
    CHECK(aliases_of(&address, ALIAS_NAME).s_addr == shared[1].s_addr);
    CHECK(aliases_find_address(shared[1], &back) && address_equal(&back, &address));
    CHECK(!aliases_find_address(shared[2], &back));
}

static void test_link_local_ends_with_the_boot(void **state)
{
    (void)state;
    assert_true(support_child(give_link_local));
    assert_true(support_child(use_link_local_later));
}

/* A scope says nothing for other addresses, and may be left in a sockaddr_in6. */
static void ignore_scope(void)
{
    start_aliases(20);
    struct ip_address plain = numbered(1), scoped = plain, back;
    scoped.scope = 4;
    struct in_addr alias = aliases_of(&scoped, ALIAS_NAME);
    CHECK(aliases_of(&plain, ALIAS_NAME).s_addr == alias.s_addr);
    CHECK(aliases_find_address(alias, &back) && address_equal(&back, &plain));
    struct ip_address ipv4 = address_ipv4((struct in_addr){htonl(0xc0000201)});
    CHECK(aliases_of(&ipv4, ALIAS_NAME).s_addr == aliases_nobody().s_addr);
}

static void test_scope(void **state)
{
    (void)state;
    assert_true(support_child(ignore_scope));
}

/* Of 16 aliases one is nobody's, 11 are in the table, 2 are for names and 2 for peers that have no place in it. */
static void fill_with_names(void)
{
    start_aliases(28);
    struct ip_address back, late = numbered(13);
    check_aliases(13, ALIAS_NAME);
    CHECK(logged_count("the table of aliases has no room for 2001:db8::b: ") == 1);
    CHECK(logged_count("v6shim alias --forget") == 2); /* the second one at the level "info" */
    CHECK(aliases_of(&late, ALIAS_NAME).s_addr == aliases_nobody().s_addr);
    CHECK(logged_count("no alias is left for 2001:db8::d: names go without it") == 1);
    CHECK(!aliases_find_address(aliases_nobody(), &back));
    struct in_addr peer = aliases_of(&late, ALIAS_PEER);
    CHECK(peer.s_addr != aliases_nobody().s_addr && !aliases_is_shared(peer));
    CHECK(aliases_find_address(peer, &back) && address_equal(&back, &late));
    check_aliases(13, ALIAS_NAME);
}

static void fill_with_peers(void)
{
    start_aliases(28);
    uint32_t stored = 0;
    for (uint32_t number = 0; number < 100; number++) {
        struct ip_address back, address = numbered(number);
        struct in_addr alias = aliases_of(&address, ALIAS_PEER);
        CHECK(aliases_find_address(alias, &back) && address_equal(&back, &address));
        stored += aliases_is_shared(alias);
    }
    CHECK(stored == 16 / ALIAS_PEER_PART);
    check_aliases(13, ALIAS_NAME); /* the four peers among them are names now, so there is room again, but no place */
    struct ip_address late = numbered(200);
    CHECK(!aliases_is_shared(aliases_of(&late, ALIAS_PEER)));
}

static void test_full_of_names(void **state)
{
    (void)state;
    assert_true(support_child(fill_with_names));
}

static void test_full_of_peers(void **state)
{
    (void)state;
    assert_true(support_child(fill_with_peers));
}

int main(void)
{
    shared = mmap(NULL, MANY * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_no_alias_no_file),
        TEST(test_same_after_restart),
        TEST(test_hit_is_no_system_call),
        TEST(test_many),
        TEST(test_peer_becomes_name),
        TEST(test_use_renews_peers),
        TEST(test_link_local_ends_with_the_boot),
        TEST(test_scope),
        TEST(test_full_of_names),
        TEST(test_full_of_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
