/* A library that asks for peers, with room for addresses of both families: with BOTH_FAMILIES one that can read both.
 */
#include <arpa/inet.h>
#include <stddef.h>
#include <sys/socket.h>

int peers_getpeername(int fd, struct sockaddr *address, socklen_t *length);
ssize_t peers_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length);
ssize_t peers_recvmsg(int fd, struct msghdr *message, int flags);
int peers_accept(int fd, struct sockaddr *address, socklen_t *length);
int peers_setsockopt(int fd, int level, int name, int value);

static volatile int calls; /* so that no call is the last act of a function, which would hide the caller */

int peers_getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
    int result = getpeername(fd, address, length);
    calls++;
    return result;
}

ssize_t peers_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length)
{
    ssize_t result = recvfrom(fd, data, size, flags, address, length);
    calls++;
    return result;
}

ssize_t peers_recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t result = recvmsg(fd, message, flags);
    calls++;
    return result;
}

int peers_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    int result = accept(fd, address, length);
    calls++;
    return result;
}

int peers_setsockopt(int fd, int level, int name, int value)
{
    int result = setsockopt(fd, level, name, &value, sizeof value);
    calls++;
    return result;
}

#ifdef BOTH_FAMILIES
const char *peers_print(const struct sockaddr_in6 *address, char *text);

const char *peers_print(const struct sockaddr_in6 *address, char *text)
{
    return inet_ntop(AF_INET6, &address->sin6_addr, text, INET6_ADDRSTRLEN);
}
#endif
