/*
 * How connections to a name with several addresses end: when its addresses fail, and when what a race needs (numbers,
 * memory, system calls that a sandbox may refuse) can't be had. A program may see what it would have seen without the
 * library: a TCP socket that is connected, or one that has failed with an error that it knows.
 */
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#define NOBODY     1     /* a port at which nobody listens */
#define PATIENT_MS 60000 /* less than the kernel's two minutes for an address that is silent */

static const char *const soon[] = {"V6SHIM_SILENCE_LIMIT=300", NULL};

static struct in_addr address_of(const char *name)
{
    struct hostent *host = gethostbyname(name);
    struct in_addr address = {0};
    if (host != NULL)
        memcpy(&address, host->h_addr_list[0], sizeof address);
    return address;
}

static int go(int fd, const char *name, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address_of(name)};
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

/* What became of it: the name of an error, or the address of the peer. */
static void tell(int fd, int error)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    if (error != 0)
        printf("%s\n", strerrorname_np(error));
    else if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        printf("connected, no peer: %s\n", strerrorname_np(errno));
    else
        printf("connected to %s\n", is_alias(peer.sin_addr) ? "an alias" : text_of(peer.sin_addr));
}

static void blocking(const char *name, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    tell(fd, go(fd, name, port) == 0 ? 0 : errno);
    close(fd);
}

/* Waits for the end of connect() as programs do. */
static int finish(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    int error = ETIME;
    socklen_t length = sizeof error;
    if (poll(&polled, 1, PATIENT_MS) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    return error;
}

static void nonblocking(const char *name, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int error = go(fd, name, port) == 0 ? 0 : errno;
    tell(fd, error == EINPROGRESS ? finish(fd) : error);
    close(fd);
}

static void both_ways(const char *name, uint16_t port)
{
    alarm(PATIENT_MS / 1000);
    blocking(name, port);
    nonblocking(name, port);
}

/* ---- One candidate's failure is its own */

static void part_prohibited(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    both_ways("forbidden6.example", world_port(waiting));
}

static void test_prohibited_address_ended_the_connect(void **state)
{
    (void)state;
    static const char *const in_order[] = {"V6SHIM_CONNECT=order", NULL};
    assert_string_equal(part_output("prohibited", NULL), "connected to 192.0.2.1\nconnected to 192.0.2.1\n");
    assert_string_equal(part_output("prohibited", in_order), "connected to 192.0.2.1\nconnected to 192.0.2.1\n");
}

static void part_prohibited_and_refused(void)
{
    both_ways("forbidden6.example", NOBODY);
}

static void test_prohibited_address_hid_a_refusal(void **state)
{
    (void)state;
    assert_string_equal(part_output("prohibited_and_refused", NULL), "ECONNREFUSED\nECONNREFUSED\n");
}

/* ---- When IPv4 has been refused, silence of IPv6 isn't waited for as long as the kernel does */

static void part_silent(void)
{
    both_ways("half-hole.example", NOBODY);
}

static void test_refused_program_waited_for_the_kernel(void **state)
{
    (void)state;
    assert_string_equal(part_output("silent", soon), "ECONNREFUSED\nECONNREFUSED\n");
}

static void part_silent_in_order(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval limit = {0};
    socklen_t length = sizeof limit;
    alarm(PATIENT_MS / 1000);
    tell(fd, go(fd, "half-hole.example", NOBODY) == 0 ? 0 : errno);
    getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &length);
    printf("%ld.%06ld\n", (long)limit.tv_sec, (long)limit.tv_usec);
    int waiting = world_listen("192.0.2.1", 0);
    tell(fd, go(fd, "one4.example", world_port(waiting)) == 0 ? 0 : errno);
}

static void test_refused_program_waited_for_the_kernel_in_order(void **state)
{
    (void)state;
    static const char *const in_order[] = {"V6SHIM_SILENCE_LIMIT=300", "V6SHIM_CONNECT=order", "V6SHIM_PREFER=ipv4",
                                           NULL};
    assert_string_equal(part_output("silent_in_order", in_order), "ECONNREFUSED\n0.000000\nconnected to 192.0.2.1\n");
}

static const struct part parts[] = {
    {"prohibited", part_prohibited},
    {"prohibited_and_refused", part_prohibited_and_refused},
    {"silent", part_silent},
    {"silent_in_order", part_silent_in_order},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prohibited_address_ended_the_connect),
        cmocka_unit_test(test_prohibited_address_hid_a_refusal),
        cmocka_unit_test(test_refused_program_waited_for_the_kernel),
        cmocka_unit_test(test_refused_program_waited_for_the_kernel_in_order),
    };
    return SUPPORT_MAIN(parts, tests);
}
