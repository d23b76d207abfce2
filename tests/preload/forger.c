#include "forger.h"

#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/syscall.h>

#include "support.h"

int world_says(const char *from, const char *to, uint16_t port)
{
    int fd = world_datagrams(from, 0);
    struct sockaddr_in6 ipv6 = {0};
    struct sockaddr_in ipv4 = {0};
    if (strchr(to, ':') != NULL)
        ipv6 = ipv6_at(to, port);
    else
        ipv4 = ipv4_at(to, port);
    bool is_ipv6 = ipv6.sin6_family == AF_INET6;
    assert_int_equal(syscall(SYS_sendto, fd, "word", 4, 0, is_ipv6 ? (void *)&ipv6 : (void *)&ipv4,
                             is_ipv6 ? sizeof ipv6 : sizeof ipv4),
                     4);
    return fd;
}

static uint16_t checksum_of(const void *bytes, size_t length, uint32_t sum)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i + 1 < length; i += 2)
        sum += (uint32_t)(at[i] << 8 | at[i + 1]);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

void world_forges(const char *from, const char *to, uint16_t port)
{
    struct {
        struct ip6_hdr ip;
        struct udphdr udp;
        char data[6];
    } packet = {.data = {'f', 'o', 'r', 'g', 'e', 'd'}};
    struct sockaddr_in6 there = ipv6_at(to, 0);
    uint16_t size = sizeof packet - sizeof packet.ip;
    packet.ip.ip6_flow = htonl(UINT32_C(6) << 28);
    packet.ip.ip6_plen = htons(size);
    packet.ip.ip6_nxt = IPPROTO_UDP;
    packet.ip.ip6_hlim = 64;
    packet.ip.ip6_src = ipv6_at(from, 0).sin6_addr;
    packet.ip.ip6_dst = there.sin6_addr;
    packet.udp.source = htons(53);
    packet.udp.dest = htons(port);
    packet.udp.len = htons(size);
    packet.udp.check =
        htons(checksum_of(&packet.ip.ip6_src, sizeof packet - offsetof(struct ip6_hdr, ip6_src), IPPROTO_UDP + size));
    long raw = syscall(SYS_socket, AF_INET6, SOCK_RAW, IPPROTO_RAW);
    assert_true(raw >= 0);
    assert_int_equal(syscall(SYS_sendto, raw, &packet, sizeof packet, 0, &there, sizeof there), sizeof packet);
    syscall(SYS_close, raw);
}

/* One more goes to another socket: when that is there, so is the first, since one processor carries both. */
void world_forges_to(uint16_t port)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    int witness = world_datagrams("2001:db8::1", 0);
    char data[64];
    world_forges("::ffff:10.0.0.1", "2001:db8::1", port);
    world_forges("::ffff:10.0.0.1", "2001:db8::1", world_port(witness));
    assert_true(syscall(SYS_recvfrom, witness, data, sizeof data, 0, NULL, NULL) > 0);
    world_close(witness);
}

int bound_datagrams(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in local = ipv4_at("0.0.0.0", 0);
    socklen_t length = sizeof local;
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
    assert_int_equal(socket_family(fd), AF_INET6);
    *port = ntohs(local.sin_port);
    return fd;
}

void empty_queue(int fd)
{
    char data[64];
    while (syscall(SYS_recvfrom, fd, data, sizeof data, MSG_DONTWAIT, NULL, NULL) >= 0)
        continue;
}
