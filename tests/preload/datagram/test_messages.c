/* A server's control messages, the error queue, multicast and broadcast (transcript.h). */
#include "../transcript.h"

#include <linux/errqueue.h>
#include <poll.h>
#include <sys/syscall.h>

#define CONTROL_SIZE 8192
#define UNTOUCHED    0xaa
#define TTL_OF_PEER  33
#define TOS_OF_PEER  0x20
#define GROUP        "239.1.2.3"
#define OWN_LINK     "198.51.100.1"   /* of an interface that can multicast */
#define BROADCAST_OF "198.51.100.255" /* that one's */

union control {
    char bytes[CONTROL_SIZE];
    struct cmsghdr align;
};

static void ask_for(int fd, int option)
{
    int on = 1;
    say("setsockopt", setsockopt(fd, IPPROTO_IP, option, &on, sizeof on));
}

static void world_sets(long fd, int option4, int option6, int value)
{
    assert_int_equal(syscall(SYS_setsockopt, fd, over_ipv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                             over_ipv6() ? option6 : option4, &value, sizeof value),
                     0);
}

static void say_message(const struct cmsghdr *head)
{
    struct in_pktinfo information;
    int number;
    size_t size = head->cmsg_len - CMSG_LEN(0);
    printf("  %d %d, %zu", head->cmsg_level, head->cmsg_type, (size_t)head->cmsg_len);
    if (head->cmsg_type == IP_PKTINFO && size >= sizeof information) {
        memcpy(&information, CMSG_DATA(head), sizeof information);
        printf(": %d %s", information.ipi_ifindex, shown(information.ipi_addr));
    } else if (head->cmsg_type == IP_TTL && size >= sizeof number) {
        memcpy(&number, CMSG_DATA(head), sizeof number);
        printf(": %d", number);
    } else if (head->cmsg_type == IP_TOS && size >= 1) {
        printf(": %d", *CMSG_DATA(head));
    }
    printf("\n");
}

/* Receives with room for so many bytes of control messages, and writes all down. */
static void say_received(int fd, size_t room, int flags)
{
    union control control;
    struct sockaddr_in peer = {0};
    char data[8];
    bool touched = false;
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_name = &peer,
                             .msg_namelen = sizeof peer,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = room};
    memset(control.bytes, UNTOUCHED, sizeof control.bytes);
    say("recvmsg", recvmsg(fd, &message, flags));
    printf("  of %s, flags %x, %zu bytes\n", shown(peer.sin_addr), message.msg_flags, (size_t)message.msg_controllen);
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL; head = CMSG_NXTHDR(&message, head))
        say_message(head);
    for (size_t i = room; i < sizeof control.bytes; i++)
        touched |= (unsigned char)control.bytes[i] != UNTOUCHED;
    if (touched)
        printf("written beyond\n");
}

/* The same by recvmmsg(), two at once. */
static void say_received_together(int fd, size_t room)
{
    static union control controls[2];
    struct sockaddr_in peers[2];
    char data[2][8];
    struct iovec parts[2];
    struct mmsghdr messages[2] = {{.msg_len = 0}};
    for (int i = 0; i < 2; i++) {
        parts[i] = (struct iovec){data[i], sizeof data[i]};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &peers[i],
                                              .msg_namelen = sizeof peers[i],
                                              .msg_iov = &parts[i],
                                              .msg_iovlen = 1,
                                              .msg_control = controls[i].bytes,
                                              .msg_controllen = room};
    }
    say("recvmmsg", recvmmsg(fd, messages, 2, 0, NULL));
    for (int i = 0; i < 2; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        printf("  of %s, flags %x, %zu bytes\n", shown(peers[i].sin_addr), message->msg_flags,
               (size_t)message->msg_controllen);
        for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL; head = CMSG_NXTHDR(message, head))
            say_message(head);
    }
}

static void part_received(void)
{
    static const size_t rooms[] = {CONTROL_SIZE, 256, 1025, 0, 12, 16, 20, 28, 32, 40, 52, 60, 72, 80};
    uint16_t port = 0;
    int server = listening(SOCK_DGRAM, 0, &port);
    long client = world_socket(SOCK_DGRAM, "192.0.2.2", "2001:db8::2");
    ask_for(server, IP_PKTINFO);
    ask_for(server, IP_RECVTTL);
    ask_for(server, IP_RECVTOS);
    world_sets(client, IP_TTL, IPV6_UNICAST_HOPS, TTL_OF_PEER);
    world_sets(client, IP_TOS, IPV6_TCLASS, TOS_OF_PEER);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        world_sends(client, "word", port);
        say_received(server, rooms[i], 0);
        world_sends(client, "word", port);
        world_sends(client, "word", port);
        say_received_together(server, rooms[i]);
    }
    syscall(SYS_close, client);
}

/* Puts a control message of an int at a place that has room for it; returns how much it takes. */
static size_t add_number(char *at, int type, int value)
{
    struct cmsghdr head = {.cmsg_len = CMSG_LEN(sizeof value), .cmsg_level = IPPROTO_IP, .cmsg_type = type};
    memset(at, 0, CMSG_SPACE(sizeof value));
    memcpy(at, &head, sizeof head);
    memcpy(at + CMSG_LEN(0), &value, sizeof value);
    return CMSG_SPACE(sizeof value);
}

static void part_sent(void)
{
    union control control;
    size_t size = add_number(control.bytes, IP_TTL, TTL_OF_PEER);
    size += add_number(control.bytes + size, IP_TOS, TOS_OF_PEER);
    uint16_t port = 0;
    int server = listening(SOCK_DGRAM, 0, &port);
    long client = world_socket(SOCK_DGRAM, "192.0.2.2", "2001:db8::2");
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    char data[8];
    union control got;
    struct iovec part = {data, 4};
    struct msghdr message = {.msg_name = &peer,
                             .msg_namelen = sizeof peer,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = size};
    struct msghdr received = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = got.bytes, .msg_controllen = sizeof got.bytes};
    world_sets(client, IP_RECVTTL, IPV6_RECVHOPLIMIT, 1);
    world_sets(client, IP_RECVTOS, IPV6_RECVTCLASS, 1);
    world_sends(client, "word", port);
    recvfrom(server, data, sizeof data, 0, (struct sockaddr *)&peer, &length);
    say("sendmsg", sendmsg(server, &message, 0));
    say("client", syscall(SYS_recvmsg, client, &received, 0));
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&received); head != NULL; head = CMSG_NXTHDR(&received, head))
        printf("%d\n", *CMSG_DATA(head));
    /* More of them than anybody needs; the last one counts. */
    while (size + CMSG_SPACE(sizeof(int)) <= sizeof control.bytes)
        size += add_number(control.bytes + size, IP_TTL, TTL_OF_PEER + 1);
    message.msg_controllen = size;
    received.msg_controllen = sizeof got.bytes;
    say("sendmsg", sendmsg(server, &message, 0));
    say("client", syscall(SYS_recvmsg, client, &received, 0));
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&received); head != NULL; head = CMSG_NXTHDR(&received, head))
        printf("%d\n", *CMSG_DATA(head));
    syscall(SYS_close, client);
}

/* A client that has gone: its host says so. */
static void part_error_queue(void)
{
    uint16_t port = 0;
    int server = listening(SOCK_DGRAM, 0, &port);
    long client = world_socket(SOCK_DGRAM, "192.0.2.2", "2001:db8::2");
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    struct pollfd ready = {server, POLLIN, 0};
    union control control;
    char data[8];
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_name = &peer,
                             .msg_namelen = sizeof peer,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ask_for(server, IP_RECVERR);
    world_sends(client, "word", port);
    recvfrom(server, data, sizeof data, 0, (struct sockaddr *)&peer, &length);
    syscall(SYS_close, client);
    say("sendto", sendto(server, "gone", 4, 0, (struct sockaddr *)&peer, sizeof peer));
    say("poll", poll(&ready, 1, 60000));
    say("recvmsg", recvmsg(server, &message, MSG_ERRQUEUE | MSG_DONTWAIT));
    printf("%x to %s\n", message.msg_flags, shown(peer.sin_addr));
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL; head = CMSG_NXTHDR(&message, head)) {
        struct {
            struct sock_extended_err error;
            struct sockaddr_in offender;
        } told = {0};
        memcpy(&told, CMSG_DATA(head), sizeof told);
        printf("%d %d, %zu: error %u, origin %d, type %d, code %d, by %s\n", head->cmsg_level, head->cmsg_type,
               (size_t)head->cmsg_len, told.error.ee_errno, told.error.ee_origin, told.error.ee_type,
               told.error.ee_code, shown(told.offender.sin_addr));
    }
    say("once more", recvmsg(server, &message, MSG_ERRQUEUE | MSG_DONTWAIT));
}

/* ---- Multicast and broadcast, on a socket that serves both families */

static void say_heard(int fd, const char *what)
{
    struct pollfd ready = {fd, POLLIN, 0};
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    char data[8];
    if (poll(&ready, 1, 300) != 1) {
        printf("%s: nothing\n", what);
        return;
    }
    ssize_t got = recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&peer, &length);
    printf("%s: %zd bytes of %s\n", what, got, text_of(peer.sin_addr));
}

static void say_sent(int fd, const char *to, uint16_t port)
{
    struct sockaddr_in there = ipv4_at(to, port);
    say(to, sendto(fd, "word", 4, 0, (struct sockaddr *)&there, sizeof there));
}

static void part_multicast(void)
{
    uint16_t port = 0;
    int fd = listening(SOCK_DGRAM, 0, &port), value = -1;
    struct ip_mreq group = {ipv4_at(GROUP, 0).sin_addr, ipv4_at(OWN_LINK, 0).sin_addr};
    struct in_addr interface = {0};
    socklen_t length = sizeof interface;
    unsigned char ttl = 9, off = 0, on = 1;
    say("join", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    say("join again", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    say("interface", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group.imr_interface, sizeof group.imr_interface));
    say("interface", getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, &length));
    printf("%s %u\n", text_of(interface), length);
    say("ttl", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl));
    length = sizeof value;
    say("ttl", getsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &value, &length));
    printf("%d %u\n", value, length);
    say_sent(fd, GROUP, port);
    say_heard(fd, "itself");
    say("loop off", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off));
    say_sent(fd, GROUP, port);
    say_heard(fd, "without loop");
    say("loop on", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof on));
    say("leave", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group));
    say_sent(fd, GROUP, port);
    say_heard(fd, "after leaving");
    say("leave again", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group));
}

static void part_broadcast(void)
{
    uint16_t port = 0;
    int fd = listening(SOCK_DGRAM, 0, &port), on = 1;
    say_sent(fd, BROADCAST_OF, port);
    say("allow", setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on));
    say_sent(fd, BROADCAST_OF, port);
    say_heard(fd, "itself");
}

TRANSCRIPT(received)
TRANSCRIPT(sent)
TRANSCRIPT(error_queue)
TRANSCRIPT(multicast)
TRANSCRIPT(broadcast)

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"received", part_received},   {"sent", part_sent},           {"error_queue", part_error_queue},
        {"multicast", part_multicast}, {"broadcast", part_broadcast}, {NULL, NULL},
    };
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_received),  cmocka_unit_test(test_sent),      cmocka_unit_test(test_error_queue),
        cmocka_unit_test(test_multicast), cmocka_unit_test(test_broadcast),
    };
    return SUPPORT_MAIN(parts, tests);
}
