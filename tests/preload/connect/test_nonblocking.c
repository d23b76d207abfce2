/* Programs that asked not to be blocked: non-blocking connect(), poll(), select(), epoll. */
#include "../support.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#define DELAY_MS   "1000" /* between two attempts: the shortest wait that connect() might be in */
#define AT_ONCE_MS 900
#define IN_TIME_MS 60000 /* a fallback takes one delay; a black hole minutes */

static int start_connect(int fd, struct in_addr address, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
    long began = milliseconds_now();
    errno = NO_ERROR;
    int result = connect(fd, (struct sockaddr *)&to, sizeof to);
    long took = milliseconds_now() - began;
    if (took > AT_ONCE_MS)
        fail_msg("connect() took %ld ms", took);
    return result;
}

static int nonblocking_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    return fd;
}

static int error_of(int fd)
{
    int error = -1;
    socklen_t length = sizeof error;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    return error;
}

static short wait_for(int fd, short events, int limit_ms)
{
    struct pollfd polled = {.fd = fd, .events = events};
    int count = poll(&polled, 1, limit_ms);
    assert_true(count >= 0);
    return count == 0 ? 0 : polled.revents;
}

static void assert_connected(int fd, struct in_addr address, uint16_t port)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    assert_int_equal(error_of(fd), 0);
    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        fail_msg("no name of the peer %s: %s, then %#x", text_of(address), strerror(errno),
                 (unsigned)wait_for(fd, POLLIN | POLLOUT, 500));
    assert_string_equal(text_of(peer.sin_addr), text_of(address));
    assert_int_equal(ntohs(peer.sin_port), port);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

/* ---- One candidate */

static void test_single_address_was_not_native(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), fd = nonblocking_socket();
    uint16_t port = world_port(waiting);
    struct in_addr address = first_address("one6.example");
    if (start_connect(fd, address, port) != 0)
        assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(wait_for(fd, POLLOUT, IN_TIME_MS), POLLOUT);
    assert_connected(fd, address, port);
    close(fd);
    world_close(waiting);
}

static void test_refusal_was_told_as_something_else(void **state)
{
    (void)state;
    const char *const names[] = {"one6.example", "two6.example", "both.example"};
    for (size_t i = 0; i < 3; i++) {
        int fd = nonblocking_socket();
        if (start_connect(fd, first_address(names[i]), 1) != 0 && errno == EINPROGRESS) {
            short events = wait_for(fd, POLLIN | POLLOUT, IN_TIME_MS);
            assert_int_equal(events & (POLLOUT | POLLERR), POLLOUT | POLLERR);
            assert_int_equal(error_of(fd), ECONNREFUSED);
            assert_int_equal(error_of(fd), 0);
        } else {
            assert_int_equal(errno, ECONNREFUSED);
        }
        close(fd);
    }
}

static void test_black_hole_blocked_the_program(void **state)
{
    (void)state;
    const char *const names[] = {"hole6.example", "holes6.example", "hole-both.example"};
    for (size_t i = 0; i < 3; i++) {
        int fd = nonblocking_socket();
        struct in_addr address = first_address(names[i]);
        assert_int_equal(start_connect(fd, address, 7001), -1);
        assert_int_equal(errno, EINPROGRESS);
        assert_int_equal(start_connect(fd, address, 7001), -1);
        assert_int_equal(errno, EALREADY);
        assert_int_equal(wait_for(fd, POLLIN | POLLOUT, 20), 0);
        char byte;
        assert_int_equal(read(fd, &byte, 1), -1);
        assert_true(errno == EAGAIN || errno == ENOTCONN);
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), -1);
        assert_int_equal(errno, ENOTCONN);
        close(fd);
    }
}

/* ---- Several candidates: `answers` is the one that does */

static struct in_addr connect_to_a_list(const char *name, const char *answers, int *waiting, int *fd)
{
    *waiting = world_listen(answers, 0);
    *fd = nonblocking_socket();
    struct in_addr leader = first_address(name);
    if (start_connect(*fd, leader, world_port(*waiting)) != 0)
        assert_int_equal(errno, EINPROGRESS);
    return strchr(answers, ':') != NULL ? alias_of(answers) : ipv4_at(answers, 0).sin_addr;
}

static const char *const lists[][2] = {
    {"three6.example", "2001:db8::1"},      {"three6.example", "2001:db8::2"},
    {"three6.example", "2001:db8::3"},      {"both.example", "192.0.2.1"},
    {"both.example", "2001:db8::1"},        {"far-and-near.example", "2001:db8::1"},
    {"hole-and-near.example", "192.0.2.3"}, {"crowded-hole.example", "192.0.2.4"}};
#define LISTS (sizeof lists / sizeof lists[0])

static void test_only_the_first_address_was_tried(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTS; i++) {
        int waiting, fd;
        struct in_addr winner = connect_to_a_list(lists[i][0], lists[i][1], &waiting, &fd);
        if (wait_for(fd, POLLOUT, IN_TIME_MS) != POLLOUT)
            fail_msg("%s, where %s answers: not connected", lists[i][0], lists[i][1]);
        assert_connected(fd, winner, world_port(waiting));
        world_close(world_accept(waiting, NULL, 0));
        close(fd);
        world_close(waiting);
    }
}

/* A program that waits for the greeting of a server, and for nothing else. */
static void test_waiting_for_reading_slept_through_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTS; i++) {
        int waiting, fd, ready;
        char data[8] = "";
        connect_to_a_list(lists[i][0], lists[i][1], &waiting, &fd);
        int server = -1;
        if (fork() == 0) {
            server = world_accept(waiting, NULL, 0);
            _exit(write(server, "hello", 5) != 5);
        }
        if (i % 2 == 0) {
            ready = wait_for(fd, POLLIN, IN_TIME_MS) == POLLIN;
        } else {
            fd_set readable;
            struct timeval limit = {.tv_sec = IN_TIME_MS / 1000};
            FD_ZERO(&readable);
            FD_SET(fd, &readable);
            ready = select(fd + 1, &readable, NULL, NULL, &limit) == 1;
        }
        if (!ready)
            fail_msg("%s, where %s answers: slept", lists[i][0], lists[i][1]);
        assert_int_equal(read(fd, data, sizeof data), 5);
        assert_string_equal(data, "hello");
        close(fd);
        world_close(waiting);
    }
}

static void test_epoll_set_lost_the_socket(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTS; i++) {
        int waiting, fd, set = epoll_create1(EPOLL_CLOEXEC);
        struct in_addr winner = connect_to_a_list(lists[i][0], lists[i][1], &waiting, &fd);
        struct epoll_event event = {.events = EPOLLOUT, .data.u64 = 0x123456789a}, found;
        assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
        assert_int_equal(epoll_wait(set, &found, 1, IN_TIME_MS), 1);
        assert_int_equal(found.events, EPOLLOUT);
        assert_int_equal(found.data.u64, 0x123456789a);
        assert_connected(fd, winner, world_port(waiting));
        world_close(world_accept(waiting, NULL, 0));
        close(fd);
        assert_int_equal(epoll_wait(set, &found, 1, 0), 0);
        close(set);
        world_close(waiting);
    }
}

/* ---- Registered before connect(): the socket is exchanged under its number */

static void check_registered_before(uint32_t events, int sets_count)
{
    int waiting = world_listen("2001:db8::1", 0), fd = nonblocking_socket(), sets[2];
    struct in_addr address = first_address("one6.example");
    struct epoll_event event = {.events = events, .data.u64 = 77}, found;
    for (int i = 0; i < sets_count; i++) {
        sets[i] = epoll_create1(EPOLL_CLOEXEC);
        assert_int_equal(epoll_ctl(sets[i], EPOLL_CTL_ADD, fd, &event), 0);
        if ((events & EPOLLONESHOT) != 0) {
            /* A socket that is not connected hangs up: that fires, and disarms. */
            assert_int_equal(epoll_wait(sets[i], &found, 1, 0), 1);
            assert_int_equal(epoll_wait(sets[i], &found, 1, 0), 0);
        }
    }
    if (start_connect(fd, address, world_port(waiting)) != 0)
        assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(wait_for(fd, POLLOUT, IN_TIME_MS), POLLOUT);
    for (int i = 0; i < sets_count; i++) {
        if ((events & EPOLLONESHOT) != 0) {
            assert_int_equal(epoll_wait(sets[i], &found, 1, 50), 0);
            assert_int_equal(epoll_ctl(sets[i], EPOLL_CTL_MOD, fd, &event), 0);
        }
        assert_int_equal(epoll_wait(sets[i], &found, 1, IN_TIME_MS), 1);
        assert_int_equal(found.data.u64, 77);
        assert_int_equal(found.events & (EPOLLOUT | EPOLLHUP | EPOLLERR), EPOLLOUT);
        assert_int_equal(epoll_ctl(sets[i], EPOLL_CTL_ADD, fd, &event), -1);
        assert_int_equal(errno, EEXIST);
        assert_int_equal(epoll_ctl(sets[i], EPOLL_CTL_DEL, fd, NULL), 0);
        assert_int_equal(epoll_wait(sets[i], &found, 1, 0), 0);
        close(sets[i]);
    }
    close(fd);
    world_close(waiting);
}

static void test_registration_was_lost_by_the_upgrade(void **state)
{
    (void)state;
    check_registered_before(EPOLLIN | EPOLLOUT, 1);
    check_registered_before(EPOLLOUT | EPOLLET, 1);
}

static void test_disarmed_oneshot_fired_again(void **state)
{
    (void)state;
    check_registered_before(EPOLLOUT | EPOLLONESHOT, 1);
    check_registered_before(EPOLLIN | EPOLLOUT | EPOLLONESHOT | EPOLLRDHUP, 1);
}

static void test_second_set_was_forgotten(void **state)
{
    (void)state;
    check_registered_before(EPOLLOUT, 2);
    check_registered_before(EPOLLOUT | EPOLLONESHOT, 2);
}

/* ---- Changing one's mind */

static void test_abandoned_attempt_left_descriptors(void **state)
{
    (void)state;
    const char *const names[] = {"hole6.example", "holes6.example", "hole-both.example", "half-hole.example"};
    int before = -1;
    for (int i = 0; i < 40; i++) {
        int fd = nonblocking_socket();
        start_connect(fd, first_address(names[i % 4]), 7001);
        assert_int_equal(errno, EINPROGRESS);
        close(fd);
        if (i == 3)
            before = open_descriptors();
    }
    for (int waited = 0; open_descriptors() > before && waited < IN_TIME_MS / 50; waited++)
        usleep(50000);
    assert_int_equal(open_descriptors(), before);
}

static void test_number_given_again_was_taken_over(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int waiting, fd, pair[2];
        connect_to_a_list("half-hole.example", "192.0.2.1", &waiting, &fd);
        close(fd);
        assert_int_equal(pipe(pair), 0);
        assert_int_equal(pair[0], fd);
        usleep(i < 3 ? 400000 : 1000);
        assert_int_equal(write(pair[1], "x", 1), 1);
        char byte;
        assert_int_equal(read(fd, &byte, 1), 1);
        close(pair[0]);
        close(pair[1]);
        world_close(waiting);
    }
}

static void test_becoming_blocking_left_a_placeholder(void **state)
{
    (void)state;
    int waiting, fd;
    connect_to_a_list("both.example", "192.0.2.1", &waiting, &fd);
    usleep(100000);
    assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    (void)wait_for(fd, POLLOUT, IN_TIME_MS);
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    assert_int_equal(write(fd, "x", 1), 1);
    int server = world_accept(waiting, NULL, 0);
    close(fd);
    world_close(server);
    world_close(waiting);
}

static void test_message_with_a_name_told_of_the_placeholder(void **state)
{
    (void)state;
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(24502), .sin_addr = first_address("hole-both.example")};
    char letter = 'x';
    struct iovec part = {&letter, 1};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(socket_family(fd), AF_UNIX); /* it is raced, and has a placeholder */
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EAGAIN);
    close(fd);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_address_was_not_native),
        cmocka_unit_test(test_refusal_was_told_as_something_else),
        cmocka_unit_test(test_black_hole_blocked_the_program),
        cmocka_unit_test(test_only_the_first_address_was_tried),
        cmocka_unit_test(test_waiting_for_reading_slept_through_it),
        cmocka_unit_test(test_epoll_set_lost_the_socket),
        cmocka_unit_test(test_registration_was_lost_by_the_upgrade),
        cmocka_unit_test(test_disarmed_oneshot_fired_again),
        cmocka_unit_test(test_second_set_was_forgotten),
        cmocka_unit_test(test_abandoned_attempt_left_descriptors),
        cmocka_unit_test(test_number_given_again_was_taken_over),
        cmocka_unit_test(test_becoming_blocking_left_a_placeholder),
        cmocka_unit_test(test_message_with_a_name_told_of_the_placeholder),
    };
    setenv("V6SHIM_ATTEMPT_DELAY", DELAY_MS, 1); /* for the preloaded program, which support_run() starts */
    return SUPPORT_MAIN(NULL, tests);
}
