/* IPv4 hosts whose own address lies in the alias pool: shown as nobody, whatever the server asks. */
#include "../support.h"

#include <sys/syscall.h>

#define IMPOSTOR  "240.66.28.91"
#define NOBODY    "240.64.0.0"
#define HONEST    "192.0.2.1"
#define DATA_SIZE 16

static int serve(int type, const char *address, struct sockaddr_in *local)
{
    int fd = socket(AF_INET, type, 0);
    socklen_t length = sizeof *local;
    *local = ipv4_at(address, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)local, sizeof *local), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)local, &length), 0);
    return fd;
}

/* The world connects, or says a word, from this IPv4 address. */
static int call(int type, const char *from, const struct sockaddr_in *server)
{
    struct sockaddr_in there = ipv4_at("192.0.2.2", ntohs(server->sin_port)), own = ipv4_at(from, 0);
    int fd = (int)syscall(SYS_socket, AF_INET, type, 0);
    assert_int_equal(syscall(SYS_bind, fd, &own, sizeof own), 0);
    assert_int_equal(syscall(SYS_connect, fd, &there, sizeof there), 0);
    if (type == SOCK_DGRAM)
        assert_int_equal(syscall(SYS_sendto, fd, "word", 4, 0, NULL, 0), 4);
    return fd;
}

static void show(const char *what, const struct sockaddr_in *peer, socklen_t length)
{
    printf("%s %s %d\n", what, text_of(peer->sin_addr), length == sizeof *peer && peer->sin_family == AF_INET);
}

static void accept_from(int listener, const char *from, const struct sockaddr_in *local, bool four)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int client = call(SOCK_STREAM, from, local);
    int fd = four ? accept4(listener, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC)
                  : accept(listener, (struct sockaddr *)&peer, &length);
    assert_true(fd >= 0);
    show("accept", &peer, length);
    for (int again = 0; again < 2; again++) {
        memset(&peer, 0, sizeof peer);
        length = sizeof peer;
        assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
        show("getpeername", &peer, length);
    }
    char data[DATA_SIZE];
    assert_int_equal(syscall(SYS_sendto, client, "word", 4, 0, NULL, 0), 4);
    assert_int_equal(recv(fd, data, sizeof data, 0), 4); /* it is served */
    world_close(client);
    close(fd);
    /* Without an address, then asked for. */
    client = call(SOCK_STREAM, from, local);
    fd = accept(listener, NULL, NULL);
    length = sizeof peer;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    show("getpeername", &peer, length);
    world_close(client);
    close(fd);
}

static void receive_by(int fd, const char *from, const struct sockaddr_in *local, int way)
{
    char data[DATA_SIZE];
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1};
    struct mmsghdr messages = {.msg_hdr = message};
    int client = call(SOCK_DGRAM, from, local);
    if (way == 0) {
        assert_int_equal(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&peer, &length), 4);
    } else if (way == 1) {
        assert_int_equal(recvmsg(fd, &message, 0), 4);
        length = message.msg_namelen;
    } else {
        assert_int_equal(recvmmsg(fd, &messages, 1, 0, NULL), 1);
        length = messages.msg_hdr.msg_namelen;
    }
    show(way == 0 ? "recvfrom" : way == 1 ? "recvmsg" : "recvmmsg", &peer, length);
    world_close(client);
}

/* Each on the wildcard, whose socket serves both families, and on one address, whose socket stays the kernel's. */
static void serve_all(const char *from)
{
    static const char *const places[] = {"0.0.0.0", "192.0.2.2"};
    struct sockaddr_in local;
    for (int place = 0; place < 2; place++) {
        int listener = serve(SOCK_STREAM, places[place], &local);
        accept_from(listener, from, &local, false);
        accept_from(listener, from, &local, true);
        int datagrams = serve(SOCK_DGRAM, places[place], &local);
        for (int round = 0; round < 6; round++) /* later ones pass where more is known of the socket */
            receive_by(datagrams, from, &local, round % 3);
        close(listener);
        close(datagrams);
    }
}

static void part_impostor(void)
{
    serve_all(IMPOSTOR);
}

static void part_honest(void)
{
    serve_all(HONEST);
}

/* Once an alias was given, sockets are looked at that were plain before. */
static void part_impostor_later(void)
{
    alias_of("2001:db8::1");
    serve_all(IMPOSTOR);
}

/* Nobody can be asked, named or answered. */
static void part_nobody(void)
{
    struct sockaddr_in nobody = ipv4_at(NOBODY, 9);
    int fd = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(sendto(fd, "word", 4, 0, (struct sockaddr *)&nobody, sizeof nobody), -1);
    assert_int_equal(errno, ENETUNREACH);
    assert_int_equal(connect(stream, (struct sockaddr *)&nobody, sizeof nobody), -1);
    assert_int_equal(errno, ENETUNREACH);
}

static void check(const char *part, const char *const settings[], const char *expected)
{
    const char *output = part_output(part, settings);
    unsigned lines = 0;
    for (const char *at = output; *at != '\0'; at = strchr(at, '\n') + 1) {
        char name[32], address[32];
        int whole = 0;
        assert_int_equal(sscanf(at, "%31s %31s %d", name, address, &whole), 3);
        if (strcmp(address, expected) != 0 || whole != 1)
            fail_msg("%s: %s shows %s, not %s", part, name, address, expected);
        lines++;
    }
    assert_int_equal(lines, 2 * (4 + 4 + 6));
}

static void test_impostors_were_nobody(void **state)
{
    (void)state;
    static const char *const inet[] = {"V6SHIM_LISTEN=inet", NULL};
    assert_int_equal(system("env -u LD_PRELOAD ip address add " IMPOSTOR "/32 dev lo"), 0);
    check("impostor", NULL, NOBODY);
    check("impostor_later", NULL, NOBODY);
    check("impostor", inet, NOBODY);
    part_output("nobody", NULL);
    assert_int_equal(world_packets_lost(), 0);
}

static void test_all_others_were_themselves(void **state)
{
    (void)state;
    check("honest", NULL, HONEST);
}

/* The ranges of alias-map are the administrator's. */
static void test_mapped_ranges_were_left_alone(void **state)
{
    (void)state;
    static const char *const mapped[] = {"V6SHIM_ALIAS_MAP=2001:db8:5::/127=192.0.2.0/31", NULL};
    check("honest", mapped, HONEST);
}

static const struct part parts[] = {
    {"impostor", part_impostor},
    {"impostor_later", part_impostor_later},
    {"honest", part_honest},
    {"nobody", part_nobody},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_impostors_were_nobody),
        cmocka_unit_test(test_all_others_were_themselves),
        cmocka_unit_test(test_mapped_ranges_were_left_alone),
    };
    return SUPPORT_MAIN(parts, tests);
}
