#include "snippet.h"

#define MESSAGES 3

void snippet(void)
{
    int receiver = datagram_socket("127.0.0.1", 20210), sender = datagram_socket("0.0.0.0", 20211);
    struct sockaddr_in to[MESSAGES] = {at("127.0.0.1", 20210), at("127.0.0.1", 20210), at("127.0.0.1", 20210)};
    struct iovec parts[MESSAGES] = {{"one", 3}, {"two", 3}, {"three", 5}};
    struct mmsghdr messages[MESSAGES];
    for (size_t i = 0; i < MESSAGES; i++)
        messages[i] = (struct mmsghdr){
            .msg_len = 99,
            .msg_hdr = {.msg_name = &to[i], .msg_namelen = sizeof to[i], .msg_iov = &parts[i], .msg_iovlen = 1}};
    SAY(sendmmsg(sender, messages, MESSAGES, 0));
    for (size_t i = 0; i < MESSAGES; i++)
        printf("sent %u\n", messages[i].msg_len);
    to[1] = at("203.0.113.1", 20210);
    SAY(sendmmsg(sender, messages, MESSAGES, 0));
    to[0] = to[1];
    SAY(sendmmsg(sender, messages, MESSAGES, 0));
    SAY(sendmmsg(sender, messages, 0, 0));
    SAY(sendmmsg(-1, messages, MESSAGES, 0));
    char data[16];
    struct sockaddr_in from = {0};
    socklen_t length = sizeof from;
    for (int i = 0; i < MESSAGES + 2; i++) {
        SAY(recvfrom(receiver, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length));
        say_address("from", &from, length);
    }
}
