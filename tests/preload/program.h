/*
 * What a test does as a program of IPv4 does it: through libc, and so through the library. What can't be done ends
 * the test.
 */
#ifndef V6SHIM_TESTS_PROGRAM_H
#define V6SHIM_TESTS_PROGRAM_H

#include "support.h"

#define PATIENCE_MS                                                                                 \
    60000 /* for what has to come: a busy machine is late, and a test that waits in vain has failed \
           */

struct sockaddr_in ipv4_of(struct in_addr address, uint16_t port);

/* connect() with NO_ERROR in errno before it. */
int connect_to(int fd, struct in_addr address, uint16_t port);
/* A TCP socket that is connected. */
int connected(struct in_addr address, uint16_t port);
/* A UDP socket that waits for a datagram no longer than PATIENCE_MS. */
int datagram_socket(void);

/* What the program is told: its own port, its peer's address (0.0.0.0 where it has none). */
uint16_t port_of(int fd);
struct in_addr peer_of(int fd);

/* An option as the program sees it; one of IPv6, which it doesn't see, as the kernel has it. */
int option_of(int fd, int level, int name);
void set_option(int fd, int level, int name, int value);

/* A datagram that has to come, or go. */
void send_to(int fd, const char *data, const struct sockaddr_in *to);
void receive_from(int fd, int flags, const char *expected, const struct sockaddr_in *source);
/* The next datagram that the world gets: where it came from; its port alone. */
struct sockaddr_in6 world_receive(int world, const char *expected);
uint16_t world_receive_port(int world, const char *expected);
/* From the world to an address of either family, where the program's socket is. */
void world_answer(int world, uint16_t port, const char *address, const char *data);

/* That two ends of a connection hear each other. */
void assert_talks(int client, int server);
/* That the hooks act: after whatever happened, an alias is an alias and leads to its host. */
void assert_alive(void);

/* A message of one letter that carries a descriptor (SCM_RIGHTS), or has room for one. */
struct passing {
    struct mmsghdr message;
    struct iovec part;
    char letter, room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(16)));
};
struct msghdr *passing_with(struct passing *passing, int fd);
struct mmsghdr *passing_empty(struct passing *passing);
/* The descriptor that has come. */
int passing_descriptor(const struct passing *passing);

#endif
