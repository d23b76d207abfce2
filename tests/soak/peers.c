/*
 * A scan: each datagram comes from an IPv6 address of its own, and an old UDP server under the shim answers each.
 * Usage: peers NUMBER [TABLE]
 *
 * What has to hold: every peer is shown by an alias, and gets the answer that was sent to it. The first peers, who
 * are in the table, keep their aliases to the end. The server takes no more memory for a million than for a thousand,
 * and TABLE, the file of aliases, no more than it takes when full.
 *
 * The clients are a child on system calls of its own. It sends a batch, waits until the server has seen all of it (a
 * byte in a pipe), and takes the answers. Needs a local route to 2001:db8:5::/64, the server at 2001:db8::1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BATCH = 64,
    FIRST_PEERS = 1000,      /* asked again at the end */
    MEMORY_KIB = 16 * 1024,  /* by so much the server may grow after the first ones */
    TABLE_BYTES = 129 << 20, /* 4 million records of 32 bytes, and the header */
    PATIENCE_S = 20,
};

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78 /* Linux 4.15 */
#endif

#define POOL_FIRST UINT32_C(0xf0400000) /* 240.64.0.0/10 */
#define POOL_BITS  10
#define TRANSIENT  UINT32_C(0xf07c0000) /* from here on: who has no place in the table */

static void die(const char *what)
{
    fprintf(stderr, "peers: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static struct in6_addr address_of(uint32_t number)
{
    struct in6_addr address;
    inet_pton(AF_INET6, "2001:db8:5::", &address);
    number = htonl(number + 1);
    memcpy(&address.s6_addr[12], &number, sizeof number);
    return address;
}

/* ---- The clients */

static void send_from(long fd, uint32_t number, uint16_t port)
{
    struct sockaddr_in6 server = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] __attribute__((aligned(__alignof__(struct cmsghdr)))) = {0};
    struct iovec part = {&number, sizeof number};
    struct msghdr message = {.msg_name = &server,
                             .msg_namelen = sizeof server,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct in6_pktinfo source = {.ipi6_addr = address_of(number)};
    struct cmsghdr *head = (struct cmsghdr *)control; /* there is room for one */
    inet_pton(AF_INET6, "2001:db8::1", &server.sin6_addr);
    head->cmsg_level = IPPROTO_IPV6;
    head->cmsg_type = IPV6_PKTINFO;
    head->cmsg_len = CMSG_LEN(sizeof source);
    memcpy(CMSG_DATA(head), &source, sizeof source);
    if (syscall(SYS_sendmsg, fd, &message, 0) != sizeof number)
        die("send");
}

/* The next answer, if there is one: to whom, and whether it was for him. */
static bool take_answer(long fd, unsigned long *wrong)
{
    uint32_t number;
    char control[256] __attribute__((aligned(__alignof__(struct cmsghdr))));
    struct iovec part = {&number, sizeof number};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (syscall(SYS_recvmsg, fd, &message, MSG_DONTWAIT) != sizeof number)
        return false;
    struct in6_addr expected = address_of(number);
    struct in6_pktinfo target = {0};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head != NULL && head->cmsg_type == IPV6_PKTINFO)
        memcpy(&target, CMSG_DATA(head), sizeof target);
    if (memcmp(&target.ipi6_addr, &expected, sizeof expected) != 0)
        ++*wrong;
    return true;
}

static int run_clients(uint32_t count, uint16_t port, int seen)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int on = 1;
    unsigned long answers = 0, wrong = 0;
    long fd = syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
    if (fd < 0 || syscall(SYS_bind, fd, &any, sizeof any) != 0 ||
        syscall(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) != 0 ||
        syscall(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on) != 0)
        die("client");
    alarm(PATIENCE_S + count / 5000);
    for (uint32_t sent = 0; sent < count + FIRST_PEERS;) {
        char byte;
        for (int i = 0; i < BATCH && sent < count + FIRST_PEERS; i++, sent++)
            send_from(fd, sent < count ? sent : sent - count, port);
        if (read(seen, &byte, 1) != 1)
            die("the server has gone");
        while (take_answer(fd, &wrong))
            answers++;
    }
    printf("%lu answers, %lu to the wrong peer\n", answers, wrong);
    return answers == 0 || wrong != 0;
}

/* ---- The server */

static long memory_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "VmRSS: %ld", &kib);
    if (file != NULL)
        fclose(file);
    return kib;
}

struct tally {
    unsigned long own, transient, strange, changed, unanswered;
};

static void serve_one(int fd, uint32_t count, struct in_addr first[FIRST_PEERS], struct tally *tally, bool again)
{
    uint32_t number;
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (recvfrom(fd, &number, sizeof number, 0, (struct sockaddr *)&peer, &length) != sizeof number ||
        number >= count)
        die("receive");
    uint32_t alias = ntohl(peer.sin_addr.s_addr);
    /* Beside the table only the latest ones are known. */
    if (again && number < FIRST_PEERS && first[number].s_addr != peer.sin_addr.s_addr &&
        ntohl(first[number].s_addr) < TRANSIENT)
        tally->changed++;
    if (!again && number < FIRST_PEERS)
        first[number] = peer.sin_addr;
    if (alias >= TRANSIENT && alias >> (32 - POOL_BITS) == POOL_FIRST >> (32 - POOL_BITS))
        tally->transient++;
    else if (alias >> (32 - POOL_BITS) == POOL_FIRST >> (32 - POOL_BITS))
        tally->own++;
    else
        tally->strange++;
    bool sent = sendto(fd, &number, sizeof number, 0, (struct sockaddr *)&peer, length) == sizeof number;
    if (!sent)
        tally->unanswered++;
}

static int serve(int fd, uint32_t count, int seen)
{
    static struct in_addr first[FIRST_PEERS];
    struct tally tally = {0};
    long before = 0;
    for (uint32_t i = 0; i < count + FIRST_PEERS; i++) {
        serve_one(fd, count, first, &tally, i >= count);
        if (i + 1 == FIRST_PEERS)
            before = memory_kib();
        if (((i + 1) % BATCH == 0 || i + 1 == count + FIRST_PEERS) && write(seen, "", 1) != 1)
            die("the clients have gone");
    }
    long grown = memory_kib() - before;
    printf("%lu peers in the table, %lu beside it, %lu shown otherwise; %lu aliases changed, %lu answers "
           "failed; %ld KiB more memory\n",
           tally.own, tally.transient, tally.strange, tally.changed, tally.unanswered, grown);
    bool sanitized = getenv("SANITIZERS") != NULL && getenv("SANITIZERS")[0] != '\0';
    return tally.strange != 0 || tally.changed != 0 || tally.unanswered != 0 || (grown > MEMORY_KIB && !sanitized);
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    struct sockaddr_in local = {.sin_family = AF_INET};
    socklen_t length = sizeof local;
    int seen[2], status = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct stat table;
    if (argc < 2 || argc > 3 || count < FIRST_PEERS) {
        fprintf(stderr, "usage: peers NUMBER [TABLE], at least %d\n", FIRST_PEERS);
        return 2;
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local) != 0 ||
        getsockname(fd, (struct sockaddr *)&local, &length) != 0 || pipe(seen) != 0)
        die("server");
    pid_t clients = fork();
    if (clients == 0) {
        close(seen[1]);
        exit(run_clients(count, ntohs(local.sin_port), seen[0]));
    }
    close(seen[0]);
    alarm(PATIENCE_S + count / 5000);
    int failed = serve(fd, count, seen[1]);
    waitpid(clients, &status, 0);
    if (argc == 3 && stat(argv[2], &table) == 0) {
        printf("the table takes %lld KiB\n", (long long)table.st_blocks / 2);
        failed |= (long long)table.st_blocks * 512 > TABLE_BYTES;
    }
    return failed || status != 0;
}
