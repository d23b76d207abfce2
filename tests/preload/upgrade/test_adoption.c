/* Sockets that the library has made dual come to another program: what that one is shown of them. */
#include "../program.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PORT      24720
#define LISTENER  50 /* the numbers under which the other program has them */
#define DATAGRAMS 51
#define CHANNEL   52

/* ---- The other program */

static void show(const char *what, const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in6 ipv6;
    struct sockaddr_in ipv4;
    memcpy(&ipv6, address, sizeof ipv6);
    memcpy(&ipv4, address, sizeof ipv4);
    if (address->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &ipv6.sin6_addr, text, sizeof text);
    else if (is_alias(ipv4.sin_addr))
        snprintf(text, sizeof text, "alias");
    else
        inet_ntop(AF_INET, &ipv4.sin_addr, text, sizeof text);
    printf("%s %d %s; ", what, address->ss_family, text);
}

static void show_socket(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    int domain = 0, processor = 0;
    getsockname(fd, (struct sockaddr *)&name, &length);
    show("name", &name);
    length = sizeof domain;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
    getsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &processor, &length);
    printf("domain %d, processor %s; ", domain, processor == -1 ? "none" : processor >= 0 ? "one" : "odd");
}

static bool is_readable(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    return poll(&waiting, 1, PATIENCE_MS) == 1;
}

static void accept_next(void)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    int fd = is_readable(LISTENER) ? accept(LISTENER, (struct sockaddr *)&peer, &length) : -1;
    show("accepted", &peer);
    length = sizeof peer;
    memset(&peer, 0, sizeof peer);
    getpeername(fd, (struct sockaddr *)&peer, &length);
    show("peer", &peer);
    close(fd);
}

static void answer_next(void)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    char data[16];
    ssize_t size =
        is_readable(DATAGRAMS) ? recvfrom(DATAGRAMS, data, sizeof data, 0, (struct sockaddr *)&peer, &length) : -1;
    show("from", &peer);
    if (size < 0 || sendto(DATAGRAMS, data, (size_t)size, 0, (struct sockaddr *)&peer, length) != size)
        printf("%s; ", strerror(errno));
}

/* By system calls: the tables of this process are to know nothing of it. */
static void be_client(int type, const char *address)
{
    struct sockaddr_in6 ipv6 = {0};
    struct sockaddr_in ipv4 = {0};
    bool is_ipv6 = strchr(address, ':') != NULL;
    if (is_ipv6)
        ipv6 = ipv6_at(address, PORT);
    else
        ipv4 = ipv4_at(address, PORT);
    long fd = syscall(SYS_socket, is_ipv6 ? AF_INET6 : AF_INET, type, 0);
    const void *to = is_ipv6 ? (const void *)&ipv6 : (const void *)&ipv4;
    syscall(SYS_connect, fd, to, is_ipv6 ? sizeof ipv6 : sizeof ipv4);
    syscall(SYS_sendto, fd, "x", 1, 0, NULL, 0);
    if (type == SOCK_STREAM) {
        accept_next();
    } else {
        answer_next();
        printf("%s; ", is_readable((int)fd) ? "answered" : "no answer");
    }
    syscall(SYS_close, fd);
}

static void use_all(void)
{
    show_socket(LISTENER);
    show_socket(DATAGRAMS);
    be_client(SOCK_STREAM, "192.0.2.1");
    be_client(SOCK_DGRAM, "192.0.2.1");
    if (getenv("TEST_BARE") == NULL) {
        be_client(SOCK_STREAM, "2001:db8::1");
        be_client(SOCK_DGRAM, "2001:db8::1");
    }
}

static void be_old_program(void)
{
    use_all();
}

static void be_aware_program(void)
{
    close(socket(AF_INET6, SOCK_STREAM, 0));
    use_all();
}

static void receive_at(int channel, int number)
{
    struct passing passing;
    assert_int_equal(recvmsg(channel, &passing_empty(&passing)->msg_hdr, 0), 1);
    int fd = passing_descriptor(&passing);
    dup2(fd, number);
    close(fd);
}

static void be_receiver(void)
{
    close(socket(AF_INET6, SOCK_STREAM, 0));
    receive_at(CHANNEL, LISTENER);
    receive_at(CHANNEL, DATAGRAMS);
    use_all();
}

/* ---- The one that makes them */

static int bound(int type, const char *address)
{
    int on = 1, fd = socket(AF_INET, type, 0);
    struct sockaddr_in local = ipv4_at(address, PORT);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 5), 0);
    return fd;
}

static void become(const char *part)
{
    char program[] = "/proc/self/exe", option[] = "--part", copy[32];
    char *arguments[] = {program, option, copy, NULL};
    snprintf(copy, sizeof copy, "%s", part);
    execv(program, arguments);
    _exit(1);
}

static void make_and_become(const char *part)
{
    dup2(bound(SOCK_STREAM, "0.0.0.0"), LISTENER);
    dup2(bound(SOCK_DGRAM, "0.0.0.0"), DATAGRAMS);
    become(part);
}

static void make_for_old(void)
{
    make_and_become("be_old_program");
}

static void make_for_aware(void)
{
    make_and_become("be_aware_program");
}

static void make_for_receiver(void)
{
    int channels[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channels), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(channels[1], CHANNEL);
        become("be_receiver");
    }
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        struct passing passing;
        assert_int_equal(sendmsg(channels[0], passing_with(&passing, bound(type, "0.0.0.0")), 0), 1);
    }
    waitpid(child, NULL, 0);
}

/* The program's own IPv6 sockets are nothing of ours. */
static void make_native(void)
{
    struct sockaddr_in6 any = ipv6_at("::", PORT);
    for (int i = 0; i < 2; i++) {
        int off = 0, fd = socket(AF_INET6, i == 0 ? SOCK_STREAM : SOCK_DGRAM, 0);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
        if (i == 0)
            assert_int_equal(listen(fd, 5), 0);
        dup2(fd, i == 0 ? LISTENER : DATAGRAMS);
    }
    become("be_aware_program");
}

/* ---- Tests */

#define OF_IPV4                                                                            \
    "name 2 0.0.0.0; domain 2, processor none; name 2 0.0.0.0; domain 2, processor none; " \
    "accepted 2 192.0.2.1; peer 2 192.0.2.1; from 2 192.0.2.1; answered; "
#define OF_IPV6 "accepted 2 alias; peer 2 alias; from 2 alias; answered; "

static void test_program_that_was_given_them_saw_mapped_addresses(void **state)
{
    (void)state;
    assert_string_equal(part_run_bare("make_for_aware")->output, OF_IPV4);
    assert_string_equal(part_output("make_for_old", NULL), OF_IPV4 OF_IPV6);
    assert_string_equal(part_output("make_for_aware", NULL), OF_IPV4 OF_IPV6);
    assert_string_equal(part_output("make_for_receiver", NULL), OF_IPV4 OF_IPV6);
}

static void test_native_socket_was_taken_for_ours(void **state)
{
    (void)state;
    assert_string_equal(part_output("make_native", NULL),
                        "name 10 ::; domain 10, processor none; name 10 ::; domain 10, processor none; "
                        "accepted 10 ::ffff:192.0.2.1; peer 10 ::ffff:192.0.2.1; from 10 ::ffff:192.0.2.1; answered; "
                        "accepted 10 2001:db8::1; peer 10 2001:db8::1; from 10 2001:db8::1; answered; ");
}

/* ---- Given back by its new owner, with what was set on it */

static void give_back(void)
{
    int on = 1, reuse = 0;
    socklen_t length = sizeof reuse;
    struct sockaddr_in6 any = ipv6_at("::", PORT);
    show_socket(LISTENER);
    for (int i = 0; i < 2; i++) {
        int own = socket(AF_INET6, i == 0 ? SOCK_STREAM : SOCK_DGRAM, 0);
        setsockopt(own, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        setsockopt(own, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        int result = bind(own, (struct sockaddr *)&any, sizeof any);
        printf("%s; ", result == 0 ? "bound" : strerror(errno));
    }
    getsockopt(LISTENER, SOL_SOCKET, SO_REUSEADDR, &reuse, &length);
    printf("family %d reuse %d; ", socket_family(LISTENER), reuse);
    be_client(SOCK_STREAM, "192.0.2.1");
}

static void make_for_give_back(void)
{
    close(DATAGRAMS);
    dup2(bound(SOCK_STREAM, "0.0.0.0"), LISTENER);
    for (int fd = 3; fd < LISTENER; fd++)
        close(fd);
    become("give_back");
}

static void test_port_was_not_given_back_by_its_new_owner(void **state)
{
    (void)state;
    assert_string_equal(part_output("make_for_give_back", NULL),
                        "name 2 0.0.0.0; domain 2, processor none; bound; bound; family 2 reuse 1; "
                        "accepted 2 192.0.2.1; peer 2 192.0.2.1; ");
}

/* What the program itself does with the option that carries the mark. */
static void choose_processor(void)
{
    int chosen = 0, shown = -2;
    socklen_t length = sizeof shown;
    struct sockaddr_in any = ipv4_at("0.0.0.0", PORT);
    int before = socket(AF_INET, SOCK_DGRAM, 0), after = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(before, SOL_SOCKET, SO_INCOMING_CPU, &chosen, sizeof chosen);
    bind(before, (struct sockaddr *)&any, sizeof any);
    bind(after, (struct sockaddr *)&any, sizeof any);
    getsockopt(before, SOL_SOCKET, SO_INCOMING_CPU, &shown, &length);
    printf("%d ", shown);
    getsockopt(after, SOL_SOCKET, SO_INCOMING_CPU, &shown, &length);
    printf("%d ", shown);
    setsockopt(after, SOL_SOCKET, SO_INCOMING_CPU, &chosen, sizeof chosen);
    getsockopt(after, SOL_SOCKET, SO_INCOMING_CPU, &shown, &length);
    printf("%d", shown);
}

static void test_programs_own_processor_was_lost(void **state)
{
    (void)state;
    assert_string_equal(part_run_bare("choose_processor")->output, "0 -1 0");
    assert_string_equal(part_output("choose_processor", NULL), "0 -1 0");
}

int main(int argc, char **argv)
{
    const struct part parts[] = {
        {"be_old_program", be_old_program},
        {"be_aware_program", be_aware_program},
        {"be_receiver", be_receiver},
        {"make_for_old", make_for_old},
        {"make_for_aware", make_for_aware},
        {"make_for_receiver", make_for_receiver},
        {"make_native", make_native},
        {"choose_processor", choose_processor},
        {"give_back", give_back},
        {"make_for_give_back", make_for_give_back},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_that_was_given_them_saw_mapped_addresses),
        cmocka_unit_test(test_native_socket_was_taken_for_ours),
        cmocka_unit_test(test_programs_own_processor_was_lost),
        cmocka_unit_test(test_port_was_not_given_back_by_its_new_owner),
    };
    return SUPPORT_MAIN(parts, tests);
}
