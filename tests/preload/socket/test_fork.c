/* Children by fork() and vfork(), and programs that are executed: each sees the sockets as its parent did. */
#include "../program.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define NOT_FOUND 255 /* what a child ends with, where a call has failed: this or its errno */

/* ---- Processes */

static int status_of(pid_t child)
{
    int status = -1;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_forked_child_disagreed(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0);
    uint16_t port = world_port(waiting);
    struct in_addr alias = first_address("one6.example");
    int fd = connected(alias, port);
    pid_t child = fork();
    if (child == 0) {
        if (peer_of(fd).s_addr != alias.s_addr)
            _exit(1);
        if (first_address("one6.example").s_addr != alias.s_addr)
            _exit(2);
        int own = socket(AF_INET, SOCK_STREAM, 0);
        if (connect_to(own, alias, port) != 0 || peer_of(own).s_addr != alias.s_addr)
            _exit(3);
        close(fd);
        _exit(0);
    }
    assert_int_equal(status_of(child), 0);
    assert_int_equal(peer_of(fd).s_addr, alias.s_addr);
    close(fd);
    world_close(waiting);
}

static void test_vfork_child_changed_its_parent(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), null = open("/dev/null", O_RDWR);
    struct in_addr alias = first_address("one6.example");
    int fd = connected(alias, world_port(waiting)), second = connected(alias, world_port(waiting));
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        dup2(null, second);
        fcntl(null, F_DUPFD, fd);
        _exit(0);
    }
    assert_int_equal(status_of(child), 0);
    assert_int_equal(peer_of(fd).s_addr, alias.s_addr);
    assert_int_equal(peer_of(second).s_addr, alias.s_addr);
    int family = -1;
    socklen_t length = sizeof family;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length), 0);
    assert_int_equal(family, AF_INET);
    close(fd);
    close(second);
    close(null);
    world_close(waiting);
    assert_alive();
}

/* What the parent sees of its connection after a vfork() child has closed the number and made a socket of its own. */
static void test_socket_of_a_vfork_child_overwrote_its_parents_record(void **state)
{
    (void)state;
    struct sockaddr_in server = ipv4_at("0.0.0.0", 0), peer;
    struct sockaddr_storage shown;
    socklen_t length = sizeof server;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&server, sizeof server), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&server, &length), 0);
    peer = server;
    peer.sin_addr.s_addr = inet_addr("2001:db8::1");
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0);
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        (void)!socket(AF_INET, SOCK_STREAM, 0);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    length = sizeof shown;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&shown, &length), 0);
    assert_int_equal(shown.ss_family, AF_INET);
    close(fd);
    close(listener);
}

static void print_peer_of_100(void)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (getpeername(100, (struct sockaddr *)&peer, &length) == 0)
        printf("%d %u %s", peer.sin_family, (unsigned)length, text_of(peer.sin_addr));
}

static void test_descriptor_showed_ipv6_after_exec(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0);
    int fd = connected(first_address("one6.example"), world_port(waiting));
    assert_int_equal(dup2(fd, 100), 100);
    char expected[64];
    snprintf(expected, sizeof expected, "2 16 %s", text_of(alias_of("2001:db8::1")));
    assert_string_equal(part_output("peer", NULL), expected);
    close(100);
    close(fd);
    world_close(waiting);
}

/* ---- Beside threads */

static atomic_bool enough;
static atomic_int troubles;
static uint16_t shared_port;

/* IPv6 text only: libc's resolver has a lock that does not survive a fork beside a lookup. */
static void *look_up_for_ever(void *data)
{
    (void)data;
    for (unsigned i = 0; !enough; i++) {
        static const char *const names[] = {"2001:db8::1", "2001:db8::3", "2001:db8::2", "2001:db8::5"};
        struct hostent host, *found = NULL;
        char buffer[1024];
        int error;
        if (gethostbyname_r(names[i % 4], &host, buffer, sizeof buffer, &found, &error) != 0 || found == NULL)
            atomic_fetch_add(&troubles, 1);
    }
    return NULL;
}

/* Counted before and after each: a socket that a child has too, since it was forked between socket() and connect(),
   stays the kernel's AF_INET socket, which an alias can't be reached by. */
static atomic_uint fork_ends;

static void *connect_often(void *data)
{
    in_addr_t alias = inet_addr("2001:db8::1");
    (void)data;
    while (!enough) {
        unsigned ends_before = atomic_load(&fork_ends);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct linger at_once = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        bool failed = connect_to(fd, (struct in_addr){alias}, shared_port) != 0 || peer_of(fd).s_addr != alias;
        if (failed && ends_before % 2 == 0 && atomic_load(&fork_ends) == ends_before)
            atomic_fetch_add(&troubles, 1);
        close(fd);
    }
    return NULL;
}

static void test_fork_beside_busy_threads_left_a_lock_held(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* the locks of their allocators stay held in the child */
    int waiting = world_listen("2001:db8::1", 0);
    pthread_t threads[5];
    shared_port = world_port(waiting);
    pid_t server = world_serve(waiting);
    first_address("both.example");
    first_address("two6.example");
    enough = false;
    troubles = 0;
    for (int i = 0; i < 5; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? look_up_for_ever : connect_often, NULL), 0);
    for (int i = 0; i < 40; i++) {
        atomic_fetch_add(&fork_ends, 1);
        pid_t child = fork();
        atomic_fetch_add(&fork_ends, 1);
        if (child == 0) {
            alarm(10); /* a lock that nobody holds any more would be waited for without an end */
            struct hostent host, *found = NULL;
            char buffer[1024];
            int error, fd = socket(AF_INET, SOCK_STREAM, 0);
            if (gethostbyname_r("both.example", &host, buffer, sizeof buffer, &found, &error) != 0 || found == NULL)
                _exit(NOT_FOUND);
            _exit(connect_to(fd, (struct in_addr){inet_addr("2001:db8::1")}, shared_port) == 0 ? 0 : errno);
        }
        assert_int_equal(status_of(child), 0);
    }
    enough = true;
    for (int i = 0; i < 5; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(troubles, 0);
    world_stop(server);
    world_close(waiting);
    assert_alive();
}

/* A lookup whose IPv6 half is not waited for is still under way when the program forks. */
static void fork_after_lookups(void)
{
    FILE *sources = fopen("/etc/nsswitch.conf", "w");
    fprintf(sources, "hosts: slow\n");
    fclose(sources);
    for (int i = 0; i < 5; i++) {
        if (gethostbyname("any.example") == NULL)
            printf("no answer ");
        usleep(1000);
        atomic_fetch_add(&fork_ends, 1);
        pid_t child = fork();
        atomic_fetch_add(&fork_ends, 1);
        if (child == 0) {
            alarm(10);
            _exit(gethostbyname("any.example") != NULL ? 0 : 1);
        }
        printf("%d ", status_of(child));
    }
}

static void test_child_waited_for_a_lock_of_a_lookup(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* the locks of their allocators stay held in the child */
    char path[256], target[256], link[256];
    snprintf(link, sizeof link, "%s/libnss_slow.so.2", getenv("TEST_DIR"));
    snprintf(target, sizeof target, "%s/tests/preload/.libs/nss_slow.so", getenv("LAB_BUILD"));
    snprintf(path, sizeof path, "LD_LIBRARY_PATH=%s", getenv("TEST_DIR"));
    assert_int_equal(symlink(target, link), 0);
    const char *const variables[] = {path, "V6SHIM_RESOLUTION_DELAY=0", NULL};
    struct part_result result = *part_run("fork after lookups", variables);
    unlink(link);
    assert_string_equal(result.output, "0 0 0 0 0 ");
}

static const struct part parts[] = {
    {"peer", print_peer_of_100}, {"fork after lookups", fork_after_lookups}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forked_child_disagreed),
        cmocka_unit_test(test_vfork_child_changed_its_parent),
        cmocka_unit_test(test_socket_of_a_vfork_child_overwrote_its_parents_record),
        cmocka_unit_test(test_descriptor_showed_ipv6_after_exec),
        cmocka_unit_test(test_fork_beside_busy_threads_left_a_lock_held),
        cmocka_unit_test(test_child_waited_for_a_lock_of_a_lookup),
    };
    return SUPPORT_MAIN(parts, tests);
}
