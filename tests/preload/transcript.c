#include "transcript.h"
#include "core/base/error_text.h"

#include <sys/syscall.h>
#include <sys/time.h>

#define DATA_SIZE 64

bool over_ipv6(void)
{
    return getenv("OVER_IPV6") != NULL;
}

long world_socket(int type, const char *from4, const char *from6)
{
    long fd = syscall(SYS_socket, over_ipv6() ? AF_INET6 : AF_INET, type, 0);
    struct sockaddr_in from = ipv4_at(from4, 0);
    struct sockaddr_in6 from_ipv6 = ipv6_at(from6, 0);
    struct timeval limit = {.tv_sec = 60};
    assert_int_equal(syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(over_ipv6() ? syscall(SYS_bind, fd, &from_ipv6, sizeof from_ipv6)
                                 : syscall(SYS_bind, fd, &from, sizeof from),
                     0);
    return fd;
}

void world_sends(long fd, const char *word, uint16_t port)
{
    struct sockaddr_in to = ipv4_at("192.0.2.1", port);
    struct sockaddr_in6 to_ipv6 = ipv6_at("2001:db8::1", port);
    size_t size = strlen(word);
    assert_int_equal(over_ipv6() ? syscall(SYS_sendto, fd, word, size, 0, &to_ipv6, sizeof to_ipv6)
                                 : syscall(SYS_sendto, fd, word, size, 0, &to, sizeof to),
                     size);
}

void world_hears(long fd)
{
    char data[DATA_SIZE];
    long got = syscall(SYS_recvfrom, fd, data, sizeof data, 0, NULL, NULL);
    printf("client hears %.*s\n", got < 0 ? 7 : (int)got, got < 0 ? "nothing" : data);
}

const char *shown(struct in_addr address)
{
    return is_alias(address) || ntohl(address.s_addr) >> 8 == 0xc00002 ? "ADDRESS" : text_of(address);
}

void say(const char *what, long result)
{
    printf("%s: %ld %s\n", what, result < 0 ? -1 : result, result < 0 ? error_name(errno) : "");
}

int listening(int type, int option, uint16_t *port)
{
    struct sockaddr_in local = ipv4_at("0.0.0.0", *port);
    socklen_t length = sizeof local;
    int fd = socket(AF_INET, type, 0), on = 1;
    if (option != 0)
        setsockopt(fd, SOL_SOCKET, option, &on, sizeof on);
    say("bind", bind(fd, (struct sockaddr *)&local, sizeof local));
    if (type == SOCK_STREAM)
        say("listen", listen(fd, 5));
    getsockname(fd, (struct sockaddr *)&local, &length);
    *port = ntohs(local.sin_port);
    printf("bound to %s\n", text_of(local.sin_addr));
    return fd;
}

void assert_same_transcript(const char *part)
{
    static char bare[PART_OUTPUT_SIZE];
    const char *const ipv6[] = {"OVER_IPV6=yes", NULL};
    const struct part_result *result = part_run_bare(part);
    assert_int_equal(result->status, 0);
    strcpy(bare, result->output);
    assert_string_equal(part_output(part, NULL), bare);
    assert_string_equal(part_output(part, ipv6), bare);
}
