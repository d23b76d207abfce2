#include "program.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>

struct sockaddr_in ipv4_of(struct in_addr address, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
}

int connect_to(int fd, struct in_addr address, uint16_t port)
{
    struct sockaddr_in to = ipv4_of(address, port);
    errno = NO_ERROR;
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

int connected(struct in_addr address, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    if (connect_to(fd, address, port) != 0)
        fail_msg("no connection to %s: %s", text_of(address), strerror(errno));
    assert_int_equal(errno, NO_ERROR);
    return fd;
}

int datagram_socket(void)
{
    struct timeval limit = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return fd;
}

uint16_t port_of(int fd)
{
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
    assert_int_equal(local.sin_family, AF_INET);
    return ntohs(local.sin_port);
}

struct in_addr peer_of(int fd)
{
    struct sockaddr_in peer = {.sin_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    getpeername(fd, (struct sockaddr *)&peer, &length);
    return peer.sin_addr;
}

int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    if (level == IPPROTO_IPV6)
        assert_int_equal(syscall(SYS_getsockopt, fd, level, name, &value, &length), 0);
    else
        assert_int_equal(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

void set_option(int fd, int level, int name, int value)
{
    assert_int_equal(setsockopt(fd, level, name, &value, sizeof value), 0);
}

void send_to(int fd, const char *data, const struct sockaddr_in *to)
{
    errno = NO_ERROR;
    if (sendto(fd, data, strlen(data), 0, (const struct sockaddr *)to, sizeof *to) != (ssize_t)strlen(data))
        fail_msg("'%s' cannot be sent to %s: %s", data, text_of(to->sin_addr), strerror(errno));
    assert_int_equal(errno, NO_ERROR);
}

void receive_from(int fd, int flags, const char *expected, const struct sockaddr_in *source)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    char data[64] = "";
    ssize_t size = recvfrom(fd, data, sizeof data - 1, flags, (struct sockaddr *)&from, &length);
    if (size < 0)
        fail_msg("'%s' cannot be received: %s", expected, strerror(errno));
    assert_string_equal(data, expected);
    assert_int_equal(length, sizeof from);
    assert_memory_equal(&from, source, sizeof from);
}

struct sockaddr_in6 world_receive(int world, const char *expected)
{
    struct sockaddr_in6 from = {0};
    socklen_t length = sizeof from;
    char data[64] = "";
    struct pollfd polled = {.fd = world, .events = POLLIN};
    struct timespec limit = {.tv_sec = PATIENCE_MS / 1000};
    if (syscall(SYS_ppoll, &polled, 1, &limit, NULL, 0) != 1)
        fail_msg("no datagram, where '%s' was to come", expected);
    assert_int_equal(syscall(SYS_recvfrom, world, data, sizeof data - 1, 0, &from, &length), strlen(expected));
    assert_string_equal(data, expected);
    return from;
}

uint16_t world_receive_port(int world, const char *expected)
{
    return ntohs(world_receive(world, expected).sin6_port);
}

void world_answer(int world, uint16_t port, const char *address, const char *data)
{
    struct sockaddr_in6 ipv6 = {0};
    struct sockaddr_in ipv4;
    bool is_ipv6 = strchr(address, ':') != NULL;
    if (is_ipv6)
        ipv6 = ipv6_at(address, port);
    else
        ipv4 = ipv4_at(address, port);
    const void *to = is_ipv6 ? (const void *)&ipv6 : (const void *)&ipv4;
    socklen_t length = is_ipv6 ? sizeof ipv6 : sizeof ipv4;
    assert_int_equal(syscall(SYS_sendto, world, data, strlen(data), 0, to, length), strlen(data));
}

void assert_talks(int client, int server)
{
    char data[6] = "";
    assert_int_equal(write(client, "hello", 5), 5);
    assert_int_equal(read(server, data, 5), 5);
    assert_string_equal(data, "hello");
    assert_int_equal(write(server, "world", 5), 5);
    assert_int_equal(read(client, data, 5), 5);
    assert_string_equal(data, "world");
}

void assert_alive(void)
{
    int waiting = world_listen("2001:db8::1", 0);
    struct in_addr alias = first_address("one6.example");
    assert_true(is_alias(alias));
    int fd = connected(alias, world_port(waiting));
    assert_int_equal(peer_of(fd).s_addr, alias.s_addr);
    close(fd);
    world_close(waiting);
}

struct mmsghdr *passing_empty(struct passing *passing)
{
    *passing = (struct passing){.letter = 'x'};
    passing->part = (struct iovec){&passing->letter, 1};
    passing->message.msg_hdr = (struct msghdr){.msg_iov = &passing->part,
                                               .msg_iovlen = 1,
                                               .msg_control = passing->room,
                                               .msg_controllen = sizeof passing->room};
    return &passing->message;
}

struct msghdr *passing_with(struct passing *passing, int fd)
{
    struct cmsghdr header = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    passing_empty(passing);
    memcpy(passing->room, &header, sizeof header);
    memcpy(passing->room + CMSG_LEN(0), &fd, sizeof fd);
    return &passing->message.msg_hdr;
}

int passing_descriptor(const struct passing *passing)
{
    int fd;
    memcpy(&fd, passing->room + CMSG_LEN(0), sizeof fd);
    return fd;
}
