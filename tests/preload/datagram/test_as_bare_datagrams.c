/* Calls that send and receive datagrams give what they give bare (as_bare.h). */
#include "../as_bare.h"

#include <linux/errqueue.h>
#include <poll.h>
#include <sys/ioctl.h>

#define MESSAGES 4

static void several_at_once(void)
{
    int world = world_datagrams(place, 0), fd = datagram_socket();
    struct sockaddr_in to = host_at(world), names[MESSAGES];
    char data[MESSAGES][8] = {"a", "bb", "", "dddd"};
    struct iovec parts[MESSAGES];
    struct mmsghdr messages[MESSAGES] = {0};
    for (size_t i = 0; i < MESSAGES; i++) {
        parts[i] = (struct iovec){data[i], strlen(data[i])};
        messages[i].msg_hdr =
            (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    SAY(sendmmsg(fd, messages, MESSAGES, 0));
    for (size_t i = 0; i < MESSAGES; i++)
        echo(world);
    messages[1].msg_hdr.msg_name = NULL;
    SAY(sendmmsg(fd, messages, MESSAGES, 0));
    echo(world);
    SAY(sendmmsg(fd, messages + 1, 2, 0));
    for (size_t i = 0; i < MESSAGES; i++) {
        parts[i].iov_len = i == 3 ? 2 : sizeof data[i];
        messages[i].msg_hdr.msg_name = &names[i];
        messages[i].msg_hdr.msg_namelen = i == 2 ? 4 : sizeof names[i];
    }
    SAY(recvmmsg(fd, messages, MESSAGES, MSG_WAITFORONE, NULL));
    for (size_t i = 0; i < MESSAGES; i++) {
        printf("%u bytes, flags %#x, ", messages[i].msg_len, (unsigned)messages[i].msg_hdr.msg_flags);
        say_name(i == 2 ? &to : &names[i], messages[i].msg_hdr.msg_namelen, &to);
    }
    SAY(recvmmsg(fd, messages, 2, MSG_DONTWAIT, &(struct timespec){.tv_nsec = 1}));
    SAY(sendmmsg(fd, messages, 0, 0));
    SAY(recvmmsg(fd, messages, 0, MSG_DONTWAIT, NULL));
    messages[0].msg_hdr.msg_name = &to;
    SAY(sendmmsg(-1, messages, 1, 0));
}

static void lengths(void)
{
    static char data[65536];
    int world = world_datagrams(place, 0), fd = datagram_socket(), waiting;
    struct sockaddr_in to = host_at(world), from;
    socklen_t length = sizeof from;
    const struct sockaddr *name = (struct sockaddr *)&to;
    for (int i = 0; i < 3; i++) {
        SAY(sendto(fd, "0123456789", 10, 0, name, sizeof to));
        echo(world);
    }
    SAY(sendto(fd, NULL, 0, 0, name, sizeof to));
    echo(world);
    SAY(recvfrom(fd, data, 4, MSG_TRUNC | MSG_PEEK, (struct sockaddr *)&from, &length));
    SAY(recvfrom(fd, data, 4, 0, (struct sockaddr *)&from, &length));
    struct iovec part = {data, 4};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
    SAY(recvmsg(fd, &message, MSG_TRUNC));
    printf("flags %#x\n", (unsigned)message.msg_flags);
    SAY(ioctl(fd, FIONREAD, &waiting));
    SAY(recv(fd, NULL, 0, MSG_TRUNC));
    SAY(recvfrom(fd, NULL, 0, 0, (struct sockaddr *)&from, &length));
    say_name(&from, length, &to);
    SAY(recv(fd, data, 4, MSG_DONTWAIT));
    SAY(sendto(fd, data, 65507, 0, name, sizeof to));
    echo(world);
    SAY(sendto(fd, data, 65536, 0, name, sizeof to));
    SAY(sendto(fd, data, 60000, MSG_MORE, name, sizeof to));
    SAY(sendto(fd, "x", 1, 0, name, sizeof to));
    echo(world);
}

static void destinations(void)
{
    int world = world_datagrams(place, 0), fd = datagram_socket();
    struct sockaddr_in to = host_at(world), from;
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    socklen_t length = sizeof from;
    char data[16];
    SAY(connect(fd, (struct sockaddr *)&to, sizeof to));
    SAY(send(fd, "x", 1, 0));
    echo(world);
    SAY(connect(fd, &nowhere, sizeof nowhere));
    SAY(getpeername(fd, (struct sockaddr *)&from, &length));
    SAY(getsockname(fd, (struct sockaddr *)&from, &length));
    say_name(&from, length, &to);
    SAY(send(fd, "x", 1, 0));
    length = sizeof from;
    SAY(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length));
    say_name(&from, length, &to);
    static const socklen_t room[] = {0, 1, 15, 16, 17, 128, 129, (socklen_t)-1};
    struct sockaddr_storage longer = {0};
    memcpy(&longer, &to, sizeof to);
    for (size_t i = 0; i < sizeof room / sizeof room[0]; i++) {
        printf("length %d: ", (int)room[i]);
        SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&longer, room[i]));
        SAY(connect(fd, (struct sockaddr *)&longer, room[i]));
        SAY(connect(fd, &nowhere, sizeof nowhere));
    }
    struct sockaddr_in other = to;
    other.sin_port = 0;
    SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&other, sizeof other));
    SAY(sendto(fd, "x", 1, MSG_OOB, (struct sockaddr *)&to, sizeof to));
    SAY(sendto(-1, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
    /* Old programs forget the family: the kernel takes none for AF_INET. */
    world = world_datagrams(place, 0);
    other = host_at(world);
    other.sin_family = AF_UNSPEC;
    SAY(sendto(fd, "no family", 9, 0, (struct sockaddr *)&other, sizeof other));
    echo(world);
    SAY(sendto(datagram_socket(), "no family", 9, 0, (struct sockaddr *)&other, sizeof other));
    echo(world);
}

static void errors(void)
{
    int world = world_datagrams(place, 0), fd = datagram_socket(), on = 1, error;
    struct sockaddr_in to = host_at(world), name;
    world_close(world);
    SAY(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    SAY(sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof to));
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    SAY(poll(&polled, 1, WAIT_S * 1000));
    printf("events %#x\n", (unsigned)polled.revents);
    char data[16] = "";
    union {
        struct cmsghdr header;
        char bytes[512];
    } control;
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    SAY(recvmsg(fd, &message, MSG_ERRQUEUE));
    printf("%s, flags %#x, control %zu, ", data, (unsigned)message.msg_flags, (size_t)message.msg_controllen);
    say_name(&name, message.msg_namelen, &to);
    struct sock_extended_err extended;
    memcpy(&extended, CMSG_DATA(&control.header), sizeof extended);
    memcpy(&name, CMSG_DATA(&control.header) + sizeof extended, sizeof name);
    printf("level %d type %d errno %u origin %u type %u code %u, ", control.header.cmsg_level,
           control.header.cmsg_type, extended.ee_errno, extended.ee_origin, extended.ee_type, extended.ee_code);
    say_name(&name, sizeof name, &to);
    SAY(recvmsg(fd, &message, MSG_ERRQUEUE));
    socklen_t length = sizeof error;
    SAY(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    SAY(recv(fd, data, sizeof data, MSG_DONTWAIT));
}

static void send_with(int fd, const struct sockaddr_in *to, int type, const void *value, size_t length)
{
    struct sockaddr_in name = *to;
    struct iovec part = {(char[]){"x"}, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(64)];
    } control = {.header = {.cmsg_level = IPPROTO_IP, .cmsg_type = type, .cmsg_len = CMSG_LEN(length)}};
    memcpy(CMSG_DATA(&control.header), value, length);
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(length)};
    printf("type %d, %zu bytes: ", type, length);
    SAY(sendmsg(fd, &message, 0));
}

static void control_messages(void)
{
    static const int values[] = {-1, 0, 1, 255, 256, 1000};
    int world = world_datagrams(place, 0), fd = datagram_socket();
    struct sockaddr_in to = host_at(world);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        printf("%d: ", values[i]);
        send_with(fd, &to, IP_TTL, &values[i], sizeof values[i]);
        send_with(fd, &to, IP_TOS, &values[i], sizeof values[i]);
    }
    static const char zeros[64];
    static const int types[] = {IP_TTL, IP_TOS, IP_PKTINFO, IP_RECVTTL, 99};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        for (size_t length = 0; length < 14; length += length < 4 ? 1 : 4)
            if (!((types[i] == IP_TTL) && length == 4))
                send_with(fd, &to, types[i], zeros, length);
}

/* ---- Each part, for both families */

#define PARTS(PART)       \
    PART(several_at_once) \
    PART(lengths)         \
    PART(destinations)    \
    PART(errors)          \
    PART(control_messages)

PARTS(AS_BARE_DEFINE)

int main(int argc, char **argv)
{
    const struct part parts[] = {PARTS(AS_BARE_PARTS){NULL, NULL}};
    const struct CMUnitTest tests[] = {PARTS(AS_BARE_TEST)};
    return SUPPORT_MAIN(parts, tests);
}
