/* Sockets that several processes have: what one of them does to such a socket, all see, as they would bare. */
#include "../program.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PORT 24680

enum how { BY_FORK, BY_MESSAGE, BY_MESSAGES };

/* ---- Passing */

static void send_socket(int channel, int fd, enum how how)
{
    struct passing passing;
    passing_with(&passing, fd);
    if (how == BY_MESSAGES)
        assert_int_equal(sendmmsg(channel, &passing.message, 1, 0), 1);
    else
        assert_int_equal(sendmsg(channel, &passing.message.msg_hdr, 0), 1);
}

static int receive_socket(int channel, enum how how)
{
    struct passing passing;
    if (how == BY_MESSAGES)
        assert_int_equal(recvmmsg(channel, passing_empty(&passing), 1, 0, NULL), 1);
    else
        assert_int_equal(recvmsg(channel, &passing_empty(&passing)->msg_hdr, 0), 1);
    return passing_descriptor(&passing);
}

/* By a system call, as another program would. */
static void world_sends_socket(int channel, int fd)
{
    struct passing passing;
    assert_int_equal(syscall(SYS_sendmsg, channel, passing_with(&passing, fd), 0), 1);
}

/* ---- Two processes, one socket: what the second one sees after the first has done something to it */

static void wait_until_told(int channel)
{
    char letter;
    assert_int_equal(read(channel, &letter, 1), 1);
}

static void tell(int channel)
{
    assert_int_equal(write(channel, "g", 1), 1);
}

/* A process that has the socket too, waits until it is told, then looks at it. Its channel. */
static int other_process(int fd, enum how how, void (*look)(int fd), pid_t *child)
{
    int channels[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channels), 0);
    fflush(stdout);
    *child = fork();
    if (*child == 0) {
        close(channels[0]);
        if (how != BY_FORK)
            fd = receive_socket(channels[1], BY_MESSAGE);
        wait_until_told(channels[1]);
        look(fd);
        fflush(stdout);
        _exit(0);
    }
    close(channels[1]);
    return channels[0];
}

static void let_it_look(int channel, pid_t child)
{
    tell(channel);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(channel);
}

static void show_name(const char *what, int result, const struct sockaddr_in *name)
{
    if (result == 0)
        printf("%s %d %s; ", what, name->sin_family, text_of(name->sin_addr));
    else
        printf("%s: %s; ", what, strerror(errno));
}

static void look_at_names(int fd)
{
    struct sockaddr_in name = {0};
    socklen_t length = sizeof name;
    show_name("is", getsockname(fd, (struct sockaddr *)&name, &length), &name);
    length = sizeof name;
    show_name("to", getpeername(fd, (struct sockaddr *)&name, &length), &name);
}

static void look_for_datagram(int fd)
{
    char data[16] = "";
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    printf("%s; ", poll(&waiting, 1, PATIENCE_MS) == 1 && recv(fd, data, sizeof data - 1, 0) > 0 ? data : "nothing");
}

static void look_for_connection(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    printf("%s; ", poll(&waiting, 1, PATIENCE_MS) == 1 && accept(fd, NULL, NULL) >= 0 ? "accepted" : "nothing");
}

/* Before the other process is made, where that is by fork; else after it. */
static int shared_socket(int type, enum how how, void (*look)(int fd), int *channel, pid_t *child)
{
    int fd = how == BY_FORK ? socket(AF_INET, type, 0) : -1;
    *channel = other_process(fd, how, look, child);
    if (how != BY_FORK)
        fd = socket(AF_INET, type, 0);
    if (how != BY_FORK)
        send_socket(*channel, fd, how);
    return fd;
}

/* ---- What the first one does */

static void bind_and_serve(int type, enum how how)
{
    int channel;
    pid_t child;
    int fd = shared_socket(type, how, type == SOCK_DGRAM ? look_for_datagram : look_for_connection, &channel, &child);
    struct sockaddr_in any = ipv4_at("0.0.0.0", PORT), to = ipv4_at("127.0.0.1", PORT);
    int on = 1, client = (int)syscall(SYS_socket, AF_INET, type, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(syscall(SYS_connect, client, &to, sizeof to), 0);
    syscall(SYS_sendto, client, "hello", 5, 0, NULL, 0);
    let_it_look(channel, child);
    world_close(client);
    close(fd);
}

static void listen_alone(enum how how)
{
    int channel;
    pid_t child;
    int fd = shared_socket(SOCK_STREAM, how, look_for_connection, &channel, &child);
    int client = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {0};
    socklen_t length = sizeof to;
    assert_int_equal(listen(fd, 5), 0);
    getsockname(fd, (struct sockaddr *)&to, &length);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(syscall(SYS_connect, client, &to, sizeof to), 0);
    let_it_look(channel, child);
}

static void connect_to_name(int type, enum how how)
{
    int channel, listener = world_listen("192.0.2.1", PORT), listener6 = world_listen("2001:db8::1", PORT);
    pid_t child;
    int fd = shared_socket(type, how, look_at_names, &channel, &child);
    const struct hostent *host = gethostbyname("both.example");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    bool connected = false;
    for (char **address = host->h_addr_list; *address != NULL && !connected; address++) {
        memcpy(&to.sin_addr, *address, sizeof to.sin_addr);
        connected = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    }
    printf("%s; ", connected ? "connected" : strerror(errno));
    look_at_names(fd);
    fflush(stdout);
    let_it_look(channel, child);
    world_close(listener);
    world_close(listener6);
}

static void bind_for_others(void)
{
    for (enum how how = BY_FORK; how <= BY_MESSAGES; how++) {
        bind_and_serve(SOCK_DGRAM, how);
        bind_and_serve(SOCK_STREAM, how);
        listen_alone(how);
    }
}

static void connect_for_others(void)
{
    for (enum how how = BY_FORK; how <= BY_MESSAGES; how++)
        connect_to_name(SOCK_STREAM, how);
}

static void connect_datagrams_for_others(void)
{
    for (enum how how = BY_FORK; how <= BY_MESSAGES; how++)
        connect_to_name(SOCK_DGRAM, how);
}

static void connect_received(void)
{
    int channels[2], listener = world_listen("192.0.2.1", PORT), listener6 = world_listen("2001:db8::1", PORT);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channels), 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    send_socket(channels[0], fd, BY_MESSAGE);
    if (fork() == 0) {
        close(fd);
        int received = receive_socket(channels[1], BY_MESSAGE);
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
        const struct hostent *host = gethostbyname("both.example");
        int result = -1;
        for (char **address = host->h_addr_list; *address != NULL && result != 0; address++) {
            memcpy(&to.sin_addr, *address, sizeof to.sin_addr);
            result = connect(received, (struct sockaddr *)&to, sizeof to);
        }
        _exit(result != 0);
    }
    int status;
    wait(&status);
    printf("status %d ", status);
    look_at_names(fd);
    world_close(listener);
    world_close(listener6);
}

static void sends_as_bare(const char *part)
{
    char *bare = strdup(part_run_bare(part)->output);
    assert_non_null(bare);
    assert_null(strstr(bare, "nothing"));
    assert_string_equal(part_output(part, NULL), bare);
    free(bare);
}

static void test_other_process_kept_an_unbound_socket(void **state)
{
    (void)state;
    sends_as_bare("bind_for_others");
}

static void test_other_process_kept_an_unconnected_socket(void **state)
{
    (void)state;
    sends_as_bare("connect_for_others");
    sends_as_bare("connect_datagrams_for_others");
    sends_as_bare("connect_received");
}

/* ---- Sockets that were shared, and are not any more; and children that have none */

static int family_after_bind(int fd)
{
    struct sockaddr_in any = ipv4_at("0.0.0.0", 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    return socket_family(fd);
}

static void bind_alone_again(void)
{
    char *arguments[] = {(char *)(uintptr_t) "true", NULL};
    int before = socket(AF_INET, SOCK_DGRAM, 0);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    int between = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(posix_spawnp(&child, "true", NULL, NULL, arguments, environ), 0);
    waitpid(child, NULL, 0);
    int after = socket(AF_INET, SOCK_STREAM, 0);
    printf("%d %d %d", family_after_bind(before), family_after_bind(between), family_after_bind(after));
}

static void test_socket_stayed_with_ipv4_when_its_child_had_ended(void **state)
{
    (void)state;
    assert_string_equal(part_output("bind_alone_again", NULL), "10 10 10");
}

static pid_t start_by_vfork(char *const *arguments)
{
    pid_t child = vfork();
    if (child == 0) {
        execvp(arguments[0], arguments);
        _exit(1);
    }
    return child;
}

/* A program that is started has what doesn't close by itself, and may be told the number. */
static void bind_for_program(void)
{
    char *arguments[] = {(char *)(uintptr_t) "sleep", (char *)(uintptr_t) "60", NULL};
    pid_t child;
    int fd = socket(AF_INET, SOCK_STREAM, 0), kept = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(posix_spawnp(&child, "sleep", NULL, NULL, arguments, environ), 0);
    printf("%d %d ", family_after_bind(fd), family_after_bind(kept));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    int before = socket(AF_INET, SOCK_STREAM, 0);
    child = start_by_vfork(arguments);
    printf("%d", family_after_bind(before));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void test_started_program_kept_an_unbound_socket(void **state)
{
    (void)state;
    assert_string_equal(part_output("bind_for_program", NULL), "2 10 2");
}

/* ---- One process sends, the other one receives: the exchange is made before the second one is there */

static void answer_child(void)
{
    int world = world_datagrams("2001:db8::1", PORT), channel;
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = first_address("one6.example")};
    struct sockaddr_in6 from;
    socklen_t length = sizeof from;
    char letter;
    pid_t child;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    channel = other_process(fd, BY_FORK, look_for_datagram, &child);
    assert_int_equal(sendto(fd, "?", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    assert_int_equal(syscall(SYS_recvfrom, world, &letter, 1, 0, &from, &length), 1);
    assert_int_equal(syscall(SYS_sendto, world, "answer", 6, 0, &from, length), 6);
    let_it_look(channel, child);
}

static void test_child_did_not_hear_the_answer(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it is for processes of one thread, and the sanitizer's runtime has one of its own */
#endif
    assert_string_equal(part_output("answer_child", NULL), "answer; ");
}

/* ---- A thread that sleeps on a socket which is exchanged, in a process that has had a child */

static _Atomic pid_t receiver;

static void *send_late(void *world)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = first_address("one6.example")};
    struct sockaddr_in6 from;
    socklen_t length = sizeof from;
    char letter;
    wait_until_asleep(&receiver);
    assert_int_equal(sendto(((int *)world)[1], "?", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    assert_int_equal(syscall(SYS_recvfrom, *(int *)world, &letter, 1, 0, &from, &length), 1);
    assert_int_equal(syscall(SYS_sendto, *(int *)world, "answer", 6, 0, &from, length), 6);
    return NULL;
}

static void wake_after_fork(void)
{
    int numbers[] = {world_datagrams("2001:db8::1", PORT), socket(AF_INET, SOCK_DGRAM, 0)};
    struct sockaddr_in plain = ipv4_at("192.0.2.1", 9), from = {0};
    struct timeval limit = {.tv_sec = PATIENCE_MS / 1000};
    socklen_t length = sizeof from;
    char data[16] = "";
    pthread_t thread;
    setsockopt(numbers[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sendto(numbers[1], "x", 1, 0, (struct sockaddr *)&plain, sizeof plain);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    assert_int_equal(pthread_create(&thread, NULL, send_late, numbers), 0);
    receiver = (pid_t)syscall(SYS_gettid);
    ssize_t size = recvfrom(numbers[1], data, sizeof data - 1, 0, (struct sockaddr *)&from, &length);
    printf("%s from %s", size > 0 ? data : strerror(errno), is_alias(from.sin_addr) ? "alias" : "?");
    fflush(stdout);
    pthread_join(thread, NULL);
}

static void test_sleeper_of_a_process_that_forked_slept_on(void **state)
{
    (void)state;
    assert_string_equal(part_output("wake_after_fork", NULL), "answer from alias");
}

/* ---- A number that a descriptor is given when it comes by a message */

static void test_passed_descriptor_was_taken_for_what_had_its_number(void **state)
{
    (void)state;
    for (int several = 0; several <= 1; several++) {
        int channel[2], listener = world_listen("::", 0), former;
        struct sockaddr_in6 to = ipv6_at("2001:db8::1", world_port(listener));
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
        for (int i = 0; i < 2; i++) { /* the first message tells what the channel is */
            former = socket(AF_INET, SOCK_STREAM, 0);
            close(former);
            world_sends_socket(channel[0], listener);
            int passed = receive_socket(channel[1], several ? BY_MESSAGES : BY_MESSAGE);
            assert_int_equal(passed, former);
            int client = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
            assert_int_equal(syscall(SYS_connect, client, &to, sizeof to), 0);
            int accepted = accept(passed, (struct sockaddr *)&peer, &length);
            assert_true(accepted >= 0);
            assert_int_equal(length, sizeof peer);
            assert_int_equal(peer.sin_family, AF_INET);
            assert_true(is_alias(peer.sin_addr));
            close(accepted);
            close(passed);
            world_close(client);
        }
        close(channel[0]);
        close(channel[1]);
        world_close(listener);
    }
}

int main(int argc, char **argv)
{
    const struct part parts[] = {
        {"bind_for_others", bind_for_others},
        {"connect_for_others", connect_for_others},
        {"connect_datagrams_for_others", connect_datagrams_for_others},
        {"connect_received", connect_received},
        {"bind_alone_again", bind_alone_again},
        {"bind_for_program", bind_for_program},
        {"answer_child", answer_child},
        {"wake_after_fork", wake_after_fork},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passed_descriptor_was_taken_for_what_had_its_number),
        cmocka_unit_test(test_other_process_kept_an_unbound_socket),
        cmocka_unit_test(test_other_process_kept_an_unconnected_socket),
        cmocka_unit_test(test_socket_stayed_with_ipv4_when_its_child_had_ended),
        cmocka_unit_test(test_started_program_kept_an_unbound_socket),
        cmocka_unit_test(test_child_did_not_hear_the_answer),
        cmocka_unit_test(test_sleeper_of_a_process_that_forked_slept_on),
    };
    return SUPPORT_MAIN(parts, tests);
}
