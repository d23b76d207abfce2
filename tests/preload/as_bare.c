#include "as_bare.h"
#include "core/base/error_text.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>

const char *host, *place;

long say(const char *call, long result)
{
    int error = errno;
    printf("%s = %ld %s\n", call, result, error == NO_ERROR ? "" : error_name(error));
    return result;
}

struct sockaddr_in host_at(int world)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(world_port(world)), .sin_addr = first_address(host)};
}

void say_name(const struct sockaddr_in *name, socklen_t length, const struct sockaddr_in *expected)
{
    printf("length %u, family %d, %s address, %s port\n", (unsigned)length, name->sin_family,
           name->sin_addr.s_addr == expected->sin_addr.s_addr ? "its"
           : name->sin_addr.s_addr == 0                       ? "no"
                                                              : "another",
           name->sin_port == expected->sin_port ? "its" : "another");
}

void echo(int world)
{
    static char data[70000];
    struct sockaddr_in6 from;
    socklen_t length = sizeof from;
    struct pollfd polled = {.fd = world, .events = POLLIN};
    struct timespec limit = {.tv_sec = WAIT_S};
    if (syscall(SYS_ppoll, &polled, 1, &limit, NULL, 0) != 1) {
        printf("nothing to echo\n");
        return;
    }
    long size = syscall(SYS_recvfrom, world, data, sizeof data, 0, &from, &length);
    printf("echo of %ld\n", size);
    syscall(SYS_sendto, world, data, size, 0, &from, length);
}

int datagram_socket(void)
{
    struct timeval limit = {.tv_sec = WAIT_S};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

void assert_as_bare(const char *ipv4, const char *ipv6)
{
    static char expected[PART_OUTPUT_SIZE];
    const struct part_result *bare = part_run_bare(ipv4);
    assert_int_equal(bare->status, 0);
    memcpy(expected, bare->output, sizeof expected);
    assert_string_equal(part_output(ipv4, NULL), expected);
    assert_string_equal(part_output(ipv6, NULL), expected);
}
