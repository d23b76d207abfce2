/*
 * What musl's headers lack of glibc's: names that the sources use as glibc has them, each with the meaning that it
 * has in musl. Included before everything else in a build for musl (configure), and in no other; LIBC_IS_musl is
 * defined there. Where the two differ in what a function does, and not in its name, a file of its own says so:
 * preload/libc/info_name.h, preload/resolve/resolver_musl.c, freeaddrinfo() in preload/libc/forward.c.
 *
 * Inline functions are as safe as what they call.
 */
#ifndef V6SHIM_PRELOAD_LIBC_MUSL_H
#define V6SHIM_PRELOAD_LIBC_MUSL_H

#define LIBC_IS_musl 1

/* stat64() and its kin are other names for those without a number. */
#ifndef _LARGEFILE64_SOURCE
#define _LARGEFILE64_SOURCE 1
#endif

#include <arpa/inet.h>
#include <endian.h>
#include <netdb.h>
#include <resolv.h>
#include <time.h> /* for <linux/errqueue.h> */

/* glibc's value of h_errno where errno says more, and where there is no error. */
#ifndef NETDB_INTERNAL
#define NETDB_INTERNAL (-1)
#endif
#ifndef NETDB_SUCCESS
#define NETDB_SUCCESS 0
#endif

/* Never returned by musl before 1.2.4; with these numbers since. */
#ifndef EAI_NODATA
#define EAI_NODATA (-5)
#endif
#ifndef EAI_ADDRFAMILY
#define EAI_ADDRFAMILY (-9)
#endif

/* Libc's own name for environ, which a program can't have for itself. */
extern char **__environ;

/* Functions in musl, whose names a program may have for itself. */
#define htons(number) htobe16(number)
#define ntohs(number) be16toh(number)
#define htonl(number) htobe32(number)
#define ntohl(number) be32toh(number)

/* What only glibc has: hooks of it are not shown to the program (preload/hooks.def). */
struct gaicb;
int fcntl64(int fd, int command, ...);

/* The resolver keeps no state: each question reads /etc/resolv.conf anew, and _res is the program's to write to. */
static inline int res_ninit(struct __res_state *state)
{
    (void)state;
    return 0;
}

static inline void res_nclose(struct __res_state *state)
{
    (void)state;
}

static inline int res_nmkquery(struct __res_state *state, int operation, const char *name, int class, int type,
                               const unsigned char *data, int size, const unsigned char *record,
                               unsigned char *question, int room)
{
    (void)state;
    return res_mkquery(operation, name, class, type, data, size, record, question, room);
}

static inline int res_nsend(struct __res_state *state, const unsigned char *question, int size, unsigned char *answer,
                            int room)
{
    (void)state;
    return res_send(question, size, answer, room);
}

#endif
