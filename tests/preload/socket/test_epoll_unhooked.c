/*
 * Registrations in epoll sets that no hook sees: by a direct system call, and through io_uring, as libuv makes them.
 * A socket that is exchanged has to stay in its sets all the same.
 */
#include "../deny.h"
#include "../support.h"
#include "core/base/error_text.h"

#include <linux/io_uring.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PATIENT_MS 60000
#define HALF       "half-hole.example" /* IPv6 is silent, IPv4 answers */
#define MARK       UINT64_C(0x1234567890)

/* ---- Two ways round the hooks */

static int control_directly(int epoll, int operation, int fd, struct epoll_event *event)
{
    return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

/* One request at a time, with nothing of liburing. */
static struct ring {
    int fd;
    unsigned *tail, *mask, *indexes, *completed, *completed_tail, *completed_mask;
    struct io_uring_sqe *requests;
    struct io_uring_cqe *completions;
} ring = {.fd = -1};

static void *map_ring(size_t size, off_t offset)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, offset);
    return map != MAP_FAILED ? map : NULL;
}

static bool make_ring(void)
{
    struct io_uring_params parameters = {0};
    ring.fd = (int)syscall(SYS_io_uring_setup, 4, &parameters);
    if (ring.fd < 0)
        return false;
    char *submissions =
        map_ring(parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
    char *completions =
        map_ring(parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
    ring.requests = map_ring(parameters.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
    if (submissions == NULL || completions == NULL || ring.requests == NULL)
        return false;
    ring.tail = (unsigned *)(void *)(submissions + parameters.sq_off.tail);
    ring.mask = (unsigned *)(void *)(submissions + parameters.sq_off.ring_mask);
    ring.indexes = (unsigned *)(void *)(submissions + parameters.sq_off.array);
    ring.completed = (unsigned *)(void *)(completions + parameters.cq_off.head);
    ring.completed_tail = (unsigned *)(void *)(completions + parameters.cq_off.tail);
    ring.completed_mask = (unsigned *)(void *)(completions + parameters.cq_off.ring_mask);
    ring.completions = (struct io_uring_cqe *)(void *)(completions + parameters.cq_off.cqes);
    return true;
}

static int control_by_ring(int epoll, int operation, int fd, struct epoll_event *event)
{
    unsigned place = *ring.tail & *ring.mask;
    ring.requests[place] = (struct io_uring_sqe){.opcode = IORING_OP_EPOLL_CTL,
                                                 .fd = epoll,
                                                 .addr = (uintptr_t)event,
                                                 .len = (unsigned)operation,
                                                 .off = (unsigned)fd};
    ring.indexes[place] = place;
    __atomic_store_n(ring.tail, *ring.tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
        return -1;
    unsigned head = *ring.completed;
    if (__atomic_load_n(ring.completed_tail, __ATOMIC_ACQUIRE) == head)
        return -1;
    errno = -ring.completions[head & *ring.completed_mask].res;
    __atomic_store_n(ring.completed, head + 1, __ATOMIC_RELEASE);
    return errno == 0 ? 0 : -1;
}

typedef int control(int epoll, int operation, int fd, struct epoll_event *event);

/* ---- What is exchanged */

static int add(control *way, int epoll, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = MARK};
    int result = way(epoll, EPOLL_CTL_ADD, fd, &event);
    if (result != 0)
        printf("not added: %s\n", error_name(errno));
    return result;
}

static void tell_event(const char *what, int epoll)
{
    struct epoll_event event = {.events = 0};
    int count = epoll_wait(epoll, &event, 1, PATIENT_MS);
    printf("%s: %d, %#x%s\n", what, count, event.events & (EPOLLIN | EPOLLOUT | EPOLLHUP),
           event.data.u64 == MARK ? "" : ", not ours");
}

static void tell_connection(int fd)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    printf("%s\n",
           getpeername(fd, (struct sockaddr *)&peer, &length) == 0 ? text_of(peer.sin_addr) : error_name(errno));
}

/* `before`: registered before connect(), where an unconnected socket says HUP, and once more after that was read. */
static void race_with(control *way, bool before)
{
    int waiting = world_listen("192.0.2.1", 0), epoll = epoll_create1(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(world_port(waiting)), .sin_addr = first_address(HALF)};
    struct epoll_event event;
    if (before) {
        add(way, epoll, fd, EPOLLOUT | EPOLLET);
        epoll_wait(epoll, &event, 1, 0);
    }
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        printf("%s\n", error_name(errno));
    if (!before)
        add(way, epoll, fd, EPOLLOUT);
    tell_event("connected", epoll);
    tell_connection(fd);
    /* It is there once, as the program left it. */
    printf("%d\n", epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
    printf("%d\n", epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
    close(fd);
    close(epoll);
    world_close(waiting);
}

/* A listener of both families that goes back to IPv4. */
static void give_back_with(control *way)
{
    int epoll = epoll_create1(0), fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct epoll_event event;
    socklen_t length = sizeof any;
    bind(fd, (struct sockaddr *)&any, sizeof any);
    listen(fd, 1);
    getsockname(fd, (struct sockaddr *)&any, &length);
    add(way, epoll, fd, EPOLLIN);
    epoll_wait(epoll, &event, 1, 0);
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = any.sin_port};
    int on = 1;
    setsockopt(other, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    printf("bound: %d\n", bind(other, (struct sockaddr *)&any6, sizeof any6));
    int client = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = any.sin_port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    printf("connected: %ld\n", syscall(SYS_connect, client, &to, sizeof to));
    tell_event("asked", epoll);
    close(fd);
    close(epoll);
    close(other);
    world_close(client);
}

/* A UDP socket that becomes one of both families. */
static void upgrade_with(control *way)
{
    int server = world_datagrams("2001:db8::1", 0), epoll = epoll_create1(0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in6 peer;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(world_port(server))};
    struct epoll_event event;
    socklen_t length = sizeof peer;
    char data[4];
    add(way, epoll, fd, EPOLLIN);
    epoll_wait(epoll, &event, 1, 0);
    to.sin_addr = first_address("one6.example");
    printf("sent: %zd\n", sendto(fd, "ask", 3, 0, (struct sockaddr *)&to, sizeof to));
    syscall(SYS_recvfrom, server, data, sizeof data, 0, &peer, &length);
    syscall(SYS_sendto, server, "tell", 4, 0, &peer, length);
    tell_event("answered", epoll);
    close(fd);
    close(epoll);
    world_close(server);
}

static void all_with(control *way)
{
    alarm(PATIENT_MS / 1000);
    race_with(way, false);
    race_with(way, true);
    give_back_with(way);
    upgrade_with(way);
}

static void part_directly(void)
{
    if (getenv("NO_KCMP") != NULL)
        deny(SYS_kcmp, ANY_ARGUMENT, 0, EPERM);
    all_with(control_directly);
}

static void part_by_ring(void)
{
    if (make_ring())
        all_with(control_by_ring);
    else
        printf("no ring\n");
}

#define RACED    "EINPROGRESS\nconnected: 1, 0x4\n192.0.2.1\n0\n-1\n"
#define EXPECTED RACED RACED "bound: 0\nconnected: 0\nasked: 1, 0x1\nsent: 3\nanswered: 1, 0x1\n"

static void test_direct_registration_was_lost(void **state)
{
    (void)state;
    static const char *const variables[] = {"V6SHIM_STATE_DIR=/proc/none", "V6SHIM_LOG=quiet", NULL};
    assert_string_equal(part_output("directly", variables), EXPECTED);
}

static void test_direct_registration_was_lost_in_a_sandbox(void **state)
{
    (void)state;
    static const char *const variables[] = {"V6SHIM_STATE_DIR=/proc/none", "V6SHIM_LOG=quiet", "NO_KCMP=1", NULL};
    if (filters_hang() || under_sanitizer(""))
        skip();
    assert_string_equal(part_output("directly", variables), EXPECTED);
}

static void test_registration_through_a_ring_was_lost(void **state)
{
    (void)state;
    static const char *const variables[] = {"V6SHIM_STATE_DIR=/proc/none", "V6SHIM_LOG=quiet", NULL};
    const char *output = part_output("by_ring", variables);
    if (strcmp(output, "no ring\n") == 0)
        skip();
    assert_string_equal(output, EXPECTED);
}

static const struct part parts[] = {{"directly", part_directly}, {"by_ring", part_by_ring}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_direct_registration_was_lost),
        cmocka_unit_test(test_direct_registration_was_lost_in_a_sandbox),
        cmocka_unit_test(test_registration_through_a_ring_was_lost),
    };
    return SUPPORT_MAIN(parts, tests);
}
