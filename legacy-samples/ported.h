/*
 * What the twins share. It is small on purpose: copy it when you port a program of your own.
 */
#ifndef LEGACY_SAMPLES_PORTED_H
#define LEGACY_SAMPLES_PORTED_H

#include <sys/socket.h>

#include <netdb.h>

/*
 * An address as text, which has one form for each address of either family. NI_MAXHOST leaves room for the zone of a
 * link-local address (fe80::1%eth0), INET6_ADDRSTRLEN doesn't.
 */
struct address_text {
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
};

/* Writes an address as numbers; "?" for what is no Internet address. Returns text, for use within an expression. */
const struct address_text *address_print(struct address_text *text, const struct sockaddr *address, socklen_t length);

/*
 * Makes 192.0.2.1 of ::ffff:192.0.2.1 (RFC 4291, section 2.5.5.2), which is how an IPv4 peer looks on a socket for
 * both families: for the log, for the peer's name and for every rule that knows it. Leaves every other address alone.
 */
void address_unmap(struct sockaddr_storage *address, socklen_t *length);

/*
 * Whether a service is a name or a number that a port can have. The check is our own because glibc's getaddrinfo
 * takes 65543 and cuts it down to 7.
 */
int service_valid(const char *service);

/* Why getaddrinfo failed, in words. To be called at once: for EAI_SYSTEM the reason is in errno. */
const char *lookup_error(int error);

#endif
