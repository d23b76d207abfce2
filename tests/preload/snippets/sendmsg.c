#include "snippet.h"

static void take(int fd)
{
    char data[16];
    struct sockaddr_in from = {0};
    socklen_t length = sizeof from;
    if (SAY(recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length)) >= 0)
        say_address("from", &from, length);
}

static struct iovec parts[] = {{"hel", 3}, {"lo", 2}};

/* From an address that the program names, and from ones that can't be. */
static void say_source(int sender, int receiver, struct sockaddr_in *to)
{
    struct msghdr message = {.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = parts, .msg_iovlen = 2};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    } control = {0};
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    struct in_pktinfo source = {.ipi_spec_dst = at("192.0.2.2", 0).sin_addr};
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof source);
    memcpy(CMSG_DATA(header), &source, sizeof source);
    SAY(sendmsg(sender, &message, 0));
    take(receiver);
    header->cmsg_type = 99;
    SAY(sendmsg(sender, &message, 0));
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = 1;
    SAY(sendmsg(sender, &message, 0));
}

/* A message's name and its length don't fit, or there is none. */
static void say_names(int sender, int client, struct sockaddr_in *to)
{
    struct msghdr message = {.msg_name = to, .msg_namelen = sizeof *to - 1, .msg_iov = parts, .msg_iovlen = 2};
    SAY(sendmsg(sender, &message, 0));
    message.msg_name = NULL;
    SAY(sendmsg(sender, &message, 0));
    message.msg_namelen = 0;
    SAY(sendmsg(sender, &message, 0));
    SAY(sendmsg(client, &message, 0));
    SAY(sendmsg(client, NULL, 0));
    SAY(sendmsg(-1, &message, 0));
}

/* A descriptor that goes to another process. */
static void say_rights(int client)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    int pair[2];
    SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights = {0};
    message.msg_control = &rights;
    message.msg_controllen = sizeof rights;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof client);
    memcpy(CMSG_DATA(header), &client, sizeof client);
    SAY(sendmsg(pair[0], &message, 0));
    char data[8];
    struct iovec whole = {data, sizeof data};
    message.msg_iov = &whole;
    message.msg_iovlen = 1;
    SAY(recvmsg(pair[1], &message, 0));
    memcpy(&client, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof client);
    SAY(write(client, "x", 1));
}

void snippet(void)
{
    int receiver = datagram_socket("127.0.0.1", 20190), sender = datagram_socket("0.0.0.0", 20191);
    struct sockaddr_in to = at("127.0.0.1", 20190);
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2};
    SAY(sendmsg(sender, &message, 0));
    take(receiver);
    say_source(sender, receiver, &to);
    int client, server;
    connection(20192, &client, &server);
    say_names(sender, client, &to);
    say_rights(client);
}
