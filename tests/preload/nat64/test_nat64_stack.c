/* How much stack a call takes that goes through NAT64, where the prefix is read from the file that another process
   has left. */
#include "../stack_use.h"
#include "../support.h"

#include <signal.h>
#include <sys/syscall.h>

#define PREFIX   "2001:db8:64::/96"
#define ASKED    "203.0.113.1"            /* noroute.example */
#define INSIDE   "2001:db8:64::cb00:7101" /* the same through the prefix: an address of lo */
#define SERVER   "127.0.0.1"
#define TCP_PORT 7201

static long results[2];

/* Whatever is asked for: one AAAA record, of 192.0.0.170 through the prefix. */
static void answer_questions(int server)
{
    static const unsigned char record[] = {0xc0, 12,   0, 28,   0, 1, 0, 0, 0x0e, 0x10, 0,    16, 0x20, 0x01,
                                           0x0d, 0xb8, 0, 0x64, 0, 0, 0, 0, 0,    0,    0xc0, 0,  0,    0xaa};
    unsigned char packet[512 + sizeof record];
    struct sockaddr_in from;
    for (;;) {
        socklen_t length = sizeof from;
        long size = syscall(SYS_recvfrom, server, packet, 512, 0, &from, &length);
        if (size < 12)
            continue;
        packet[2] = 0x81, packet[3] = 0x80; /* an answer, and recursion was done */
        packet[7] = 1;
        packet[11] = 0; /* what was said of EDNS is not repeated */
        for (size = 12; packet[size] != 0; size += packet[size] + 1)
            continue;
        size += 5; /* the end of the name, type, class */
        memcpy(packet + size, record, sizeof record);
        syscall(SYS_sendto, server, packet, (size_t)size + sizeof record, 0, &from, length);
    }
}

static int set_up(void **state)
{
    (void)state;
    if (system("ip address add " INSIDE "/128 dev lo nodad && ip -6 route add local " PREFIX
               " dev lo && ip -6 route add 2001:503::/32 dev hole && echo 3 >/proc/sys/net/ipv4/tcp_fastopen") != 0)
        return -1;
    write_file("/etc/resolv.conf", "nameserver " SERVER "\n");
    world_listen(INSIDE, TCP_PORT);
    return 0;
}

static int socket_to(struct sockaddr_in *to)
{
    *to = ipv4_at(ASKED, TCP_PORT);
    return socket(AF_INET, SOCK_STREAM, 0);
}

static void connect_there(void)
{
    struct sockaddr_in to;
    int fd = socket_to(&to);
    results[0] = connect(fd, (struct sockaddr *)&to, sizeof to);
    close(fd);
}

static void send_there(void)
{
    struct sockaddr_in to;
    int fd = socket_to(&to);
    results[1] = sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to);
    close(fd);
}

static void part_learn(void)
{
    connect_there();
    printf("%ld", results[0]);
}

static void part_connect(void)
{
    size_t used = stack_use(connect_there);
    printf("%zu %ld", used, results[0]);
}

static void part_send(void)
{
    first_address("noroute.example"); /* so that other addresses belong to it, of IPv6 and without a route too */
    size_t used = stack_use(send_there);
    printf("%zu %ld", used, results[1]);
}

static void assert_fits(const char *part, long result)
{
    unsigned long bare, ours;
    long made = -1;
    assert_int_equal(sscanf(part_run_bare(part)->output, "%lu", &bare), 1);
    assert_int_equal(sscanf(part_output(part, NULL), "%lu %ld", &ours, &made), 2);
    print_message("%s: bare %lu, %ld more\n", part, bare, (long)ours - (long)bare);
    assert_int_equal(made, result);
    assert_in_range(ours, 1, bare + STACK_MORE_BYTES);
}

static void test_prefixes_of_the_file_took_more_stack(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    int server = world_datagrams(SERVER, 53);
    pid_t resolver = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (resolver == 0)
        answer_questions(server);
    setenv("LD_BIND_NOW", "1", 1);
    assert_string_equal(part_output("learn", NULL), "0");
    world_stop(resolver);
    world_close(server);
    assert_fits("connect", 0);
    assert_fits("send", 1);
}

static const struct part parts[] = {
    {"learn", part_learn}, {"connect", part_connect}, {"send", part_send}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_prefixes_of_the_file_took_more_stack, set_up)};
    return SUPPORT_MAIN(parts, tests);
}
