/* A name server of the test's, and a program that asks it: for the tests of preload/queries. */
#ifndef V6SHIM_TESTS_PRELOAD_QUERIES_ASKING_H
#define V6SHIM_TESTS_PRELOAD_QUERIES_ASKING_H

#include "../program.h"

#include <sys/syscall.h>

#include "../../core/dns/built_message.h"

#define SERVER "192.0.2.1"
#define ID     0x1234 /* of built_message.h */
#define NAME   "www.example.com"

/* ---- The name server */

struct asked {
    uint8_t bytes[DNS_UDP_MAX];
    size_t length;
    unsigned id, type;
    struct sockaddr_in from;
};

extern int server;
void start(void);
/* For cmocka. */
int setup(void **state);
int teardown(void **state);

/* The next question; the test fails where none comes. */
struct asked take(void);
/* Takes both questions: ours, which comes first, and the program's. */
void take_both(struct asked *aaaa, struct asked *a);
bool has_more(void);
/* The answer: one record, or none for NULL. */
void reply_from(int fd, const struct asked *asked, const char *name, const char *address);
void reply(const struct asked *asked, const char *name, const char *address);

/* ---- The program */

enum how { BY_SENDTO, BY_SENDMSG, BY_SENDMMSG, BY_SEND, HOWS };
enum take_how { BY_RECV, BY_RECVFROM, BY_RECVMSG, BY_RECVMMSG, TAKES };

/* A UDP socket; `flags` as of socket(). */
int client(enum how how, int flags);
void ask_named(int fd, enum how how, const char *name, unsigned id, unsigned type);
void ask(int fd, enum how how);
/* The addresses of an answer, as text. */
const char *addresses_in(const uint8_t *bytes, size_t length);
ssize_t receive(int fd, enum take_how how, uint8_t *bytes, size_t size, int flags);
void assert_answer(int fd, enum take_how how, unsigned id, const char *expected);
/* "192.0.2.1 ALIAS" or "ALIAS". */
const char *with_alias(const char *before, const char *ipv6);

#endif
