#include "snippet.h"

#include <time.h>

#define MESSAGES 4

/* Times of arrival: how many control messages, and of what length. */
static void take_times(int receiver, int sender, int option)
{
    struct sockaddr_in to = at("127.0.0.1", 20220);
    union {
        struct cmsghdr align;
        char bytes[128];
    } control[2];
    struct mmsghdr messages[2];
    int on = 1;
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 2; i++) {
        messages[i].msg_hdr.msg_control = &control[i];
        messages[i].msg_hdr.msg_controllen = sizeof control[i];
        sendto(sender, "", 0, 0, (struct sockaddr *)&to, sizeof to);
    }
    SAY(setsockopt(receiver, SOL_SOCKET, option, &on, sizeof on));
    SAY(recvmmsg(receiver, messages, 2, 0, &(struct timespec){.tv_sec = 1}));
    for (int i = 0; i < 2; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        printf("control length %zu, flags %#x:", message->msg_controllen, (unsigned)message->msg_flags);
        for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at))
            printf(" level %d type %d length %zu,", at->cmsg_level, at->cmsg_type, at->cmsg_len - CMSG_LEN(0));
        printf("\n");
    }
}

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
    take_times(receiver, sender, SO_TIMESTAMP);
#ifdef SO_TIMESTAMP_NEW /* with times of 64 bits, libc adds one such to these */
    take_times(receiver, sender, SO_TIMESTAMP_OLD);
    take_times(receiver, sender, SO_TIMESTAMPNS_OLD);
#endif
}
