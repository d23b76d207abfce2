#include "snippet.h"

#include <time.h>

#define MESSAGES 4

void snippet(void)
{
    int receiver = datagram_socket("0.0.0.0", 20220), sender = datagram_socket("127.0.0.1", 20221);
    struct sockaddr_in to = at("127.0.0.1", 20220);
    static const socklen_t rooms[MESSAGES] = {0, 8, 16, 128};
    struct sockaddr_storage from[MESSAGES];
    struct iovec parts[MESSAGES];
    struct mmsghdr messages[MESSAGES];
    char data[MESSAGES][8];
    memset(from, 0x5a, sizeof from);
    for (size_t i = 0; i < MESSAGES; i++) {
        parts[i] = (struct iovec){data[i], sizeof data[i]};
        messages[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &from[i], .msg_namelen = rooms[i], .msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    struct timespec limit = {.tv_nsec = 100000000};
    for (int i = 0; i < MESSAGES - 1; i++)
        sendto(sender, "hello, more", i + 6, 0, (struct sockaddr *)&to, sizeof to);
    SAY(recvmmsg(receiver, messages, MESSAGES, MSG_DONTWAIT, &limit));
    for (size_t i = 0; i < MESSAGES; i++) {
        printf("length %u, name length %u, flags %#x, ", messages[i].msg_len, messages[i].msg_hdr.msg_namelen,
               (unsigned)messages[i].msg_hdr.msg_flags);
        say_bytes("name", &from[i], 32);
    }
    sendto(sender, "last", 4, 0, (struct sockaddr *)&to, sizeof to);
    SAY(recvmmsg(receiver, messages, MESSAGES, MSG_WAITFORONE, NULL));
    SAY(recvmmsg(receiver, messages, MESSAGES, MSG_DONTWAIT, NULL));
    SAY(recvmmsg(-1, messages, MESSAGES, 0, NULL));
}
