/* For snippets of res_query() and its kin: a name server on 127.0.0.1, which is where libc asks without resolv.conf.
 */
#ifndef V6SHIM_TESTS_NAME_SERVER_H
#define V6SHIM_TESTS_NAME_SERVER_H

#include "snippet.h"

#include <resolv.h>
#include <signal.h>
#include <sys/wait.h>

#define QUESTION "\3www\7example\0\0\1\0\1"

static pid_t name_server;
static unsigned char answer[512];

/* www.example has an A record and nothing else; no other name is there. */
static void answer_all(int fd)
{
    for (;;) {
        unsigned char bytes[512];
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        ssize_t got = recvfrom(fd, bytes, 256, 0, (struct sockaddr *)&peer, &length);
        if (got < 12)
            continue;
        bool known = got >= 29 && memcmp(bytes + 12, QUESTION, 13) == 0;
        bool has_answer = known && bytes[26] == 1;
        bytes[2] = 0x81;
        bytes[3] = known ? 0x80 : 0x83;
        bytes[7] = has_answer;
        bytes[9] = bytes[11] = 0;
        got = 12;
        while (bytes[got] != 0)
            got += bytes[got] + 1;
        got += 5;
        if (has_answer) {
            memcpy(bytes + got, "\300\14\0\1\0\1\0\0\1\54\0\4\300\0\2\1", 16);
            got += 16;
        }
        sendto(fd, bytes, (size_t)got, 0, (struct sockaddr *)&peer, length);
    }
}

static void start_name_server(void)
{
    int fd = datagram_socket("127.0.0.1", 53);
    fflush(stdout);
    name_server = fork();
    if (name_server == 0)
        answer_all(fd);
    close(fd);
}

static void stop_name_server(void)
{
    kill(name_server, SIGKILL);
    waitpid(name_server, NULL, 0);
}

/* Those with underscores are what programs ask for that were linked before glibc 2.34, by the version of that time.
 */
#if defined __x86_64__ && defined __LP64__
#define AT_FIRST "GLIBC_2.2.5"
#elif defined __i386__ || defined __s390x__
#define AT_FIRST "GLIBC_2.2"
#elif defined __arm__
#define AT_FIRST "GLIBC_2.4"
#elif defined __riscv
#define AT_FIRST "GLIBC_2.27"
#else
#define AT_FIRST "GLIBC_2.17"
#endif
#ifdef __i386__
#define AT_FIRST_SEND "GLIBC_2.0"
#else
#define AT_FIRST_SEND AT_FIRST
#endif
#define ASKED_FOR_BY(version, name) __asm__(".symver " #name "," #name "@" version "\n")

/* All but the number of the question. */
static void tell(const char *what, long got)
{
    printf("%s = %ld, h_errno %d\n", what, got, got < 0 ? h_errno : 0);
    if (got > 2)
        say_bytes("answer", answer + 2, (size_t)(got < 512 ? got : 512) - 2);
    memset(answer, 0, sizeof answer);
}

#define TELL(call) tell(#call, call)

#endif
