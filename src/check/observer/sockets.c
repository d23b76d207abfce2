/* Sockets, and the addresses that the program gives them. */
#include <errno.h>
#include <string.h>

#include "check/observer/next.h"
#include "check/observer/origins.h"
#include "check/observer/report.h"
#include "preload/system/time64.h"

#define NUMBERS          1024 /* of descriptors whose making is remembered */
#define FTP_PORT         21
#define FTP_COMMAND_SIZE 5 /* with what follows it */

/* Where the AF_INET socket of that number was made: it is the program's choice, unless its first address came with
   the family. */
static const void *_Atomic made_at[NUMBERS];

static int option_of(int fd, int option)
{
    int value = OBSERVATION_NONE;
    socklen_t length = sizeof value;
    return NEXT(getsockopt)(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : OBSERVATION_NONE;
}

EXPORT int socket(int family, int type, int protocol)
{
    int fd = NEXT(socket)(family, type, protocol);
    if (fd < 0 || !tell_wanted())
        return fd;
    struct observation observation = observation_of("socket");
    observation.fd = fd;
    observation.family = family;
    observation.type = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    observation.option = observation.type == SOCK_RAW ? protocol : OBSERVATION_NONE;
    tell(&observation, CALLER);
    if (fd < NUMBERS)
        atomic_store_explicit(&made_at[fd], family == AF_INET ? CALLER : NULL, memory_order_relaxed);
    return fd;
}

/* The address, with its origin, that `call` gives to the socket; `error` 0 where it has not been tried yet. Told at
   the place of that call, and once more at the place where the socket was made, where that has anything to do with
   it. */
static void tell_destination(const char *call, int fd, int type, const struct sockaddr *address, socklen_t length,
                             int error, const void *caller)
{
    uint16_t port = 0;
    struct observation observation = observation_of(call);
    if (address == NULL || !address_from_sockaddr(address, length, &observation.address, &port))
        return;
    int saved = errno;
    struct origin origin = origins_find(&observation.address);
    observation.fd = fd;
    observation.family = observation.address.family;
    observation.type = type;
    observation.port = port;
    observation.error = error;
    observation.origin = &origin;
    tell(&observation, caller);
    const void *made = fd >= 0 && fd < NUMBERS ? atomic_load_explicit(&made_at[fd], memory_order_relaxed) : NULL;
    if (error == 0 && observation.family == AF_INET && made != NULL && !origin.either_family) {
        observation.call = "socket";
        tell(&observation, made);
    }
    errno = saved;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    int before = errno, type = OBSERVATION_NONE;
    bool wanted =
        tell_wanted() && address != NULL && (address->sa_family == AF_INET || address->sa_family == AF_INET6);
    if (wanted) { /* before: it may never come back */
        type = option_of(fd, SO_TYPE);
        tell_destination("connect", fd, type, address, length, 0, CALLER);
        errno = before;
    }
    int result = NEXT(connect)(fd, address, length);
    if (wanted && result != 0 && errno != EINPROGRESS && errno != EINTR && errno != EALREADY && errno != EISCONN)
        tell_destination("connect", fd, type, address, length, errno, CALLER);
    return result;
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    int before = errno;
    if (tell_wanted() && address != NULL && (address->sa_family == AF_INET || address->sa_family == AF_INET6)) {
        tell_destination("bind", fd, option_of(fd, SO_TYPE), address, length, 0, CALLER);
        errno = before;
    }
    return NEXT(bind)(fd, address, length);
}

EXPORT int listen(int fd, int backlog)
{
    int result = NEXT(listen)(fd, backlog), saved = errno;
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    if (result == 0 && tell_wanted() &&
        ON_BEHALF_OF(CALLER, NEXT(getsockname)(fd, (struct sockaddr *)&local, &length)) == 0)
        tell_destination("listen", fd, option_of(fd, SO_TYPE), (const struct sockaddr *)&local, length, 0, CALLER);
    errno = saved;
    return result;
}

/* --- data --- */

/* Of FTP, on a connection to its port: PORT and PASV mean IPv4 addresses as text (RFC 959), EPRT and EPSV either
   family's (RFC 2428). The command that the data begin with; NULL: none. */
static const char *ftp_command(const void *data, ssize_t size)
{
    static const char *const commands[] = {"PORT ", "PASV\r", "EPRT ", "EPSV\r"};
    static const char *const names[] = {"PORT", "PASV", "EPRT", "EPSV"};
    for (size_t i = 0; size >= FTP_COMMAND_SIZE && i < sizeof names / sizeof names[0]; i++)
        if (memcmp(data, commands[i], FTP_COMMAND_SIZE) == 0)
            return names[i];
    return NULL;
}

static void tell_ftp(const char *call, int fd, const char *command, const void *caller)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    struct observation observation = observation_of(call);
    uint16_t port = 0;
    int saved = errno;
    if (ON_BEHALF_OF(caller, NEXT(getpeername)(fd, (struct sockaddr *)&peer, &length)) == 0 &&
        address_from_sockaddr((const struct sockaddr *)&peer, length, &observation.address, &port) &&
        port == FTP_PORT) {
        observation.port = port;
        observation.name = command;
        tell(&observation, caller);
    }
    errno = saved;
}

/* Looked for in what has been sent, since that is known to be there. */
static void look_for_ftp(const char *call, int fd, const void *data, ssize_t size, const void *caller)
{
    const char *command = tell_wanted() ? ftp_command(data, size) : NULL;
    if (command != NULL)
        tell_ftp(call, fd, command, caller);
}

/* What a stream has to send, which goes out without a call that we could see. */
EXPORT int fflush(FILE *stream)
{
    const char *command = NULL;
    if (stream != NULL && tell_wanted())
        command = ftp_command(stream->_IO_write_base, stream->_IO_write_ptr - stream->_IO_write_base);
    int result = NEXT(fflush)(stream);
    if (command != NULL && result == 0)
        tell_ftp("fflush", fileno(stream), command, CALLER);
    return result;
}

EXPORT ssize_t write(int fd, const void *data, size_t size)
{
    ssize_t written = NEXT(write)(fd, data, size);
    look_for_ftp("write", fd, data, written, CALLER);
    return written;
}

EXPORT ssize_t send(int fd, const void *data, size_t size, int flags)
{
    ssize_t sent = NEXT(send)(fd, data, size, flags);
    look_for_ftp("send", fd, data, sent, CALLER);
    return sent;
}

EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                      socklen_t length)
{
    if (address != NULL && tell_wanted())
        tell_destination("sendto", fd, SOCK_DGRAM, address, length, 0, CALLER);
    ssize_t sent = NEXT(sendto)(fd, data, size, flags, address, length);
    if (address == NULL)
        look_for_ftp("sendto", fd, data, sent, CALLER);
    return sent;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (tell_wanted() && message != NULL && message->msg_name != NULL)
        tell_destination("sendmsg", fd, SOCK_DGRAM, message->msg_name, message->msg_namelen, 0, CALLER);
    return NEXT(sendmsg)(fd, message, flags);
}
TIME64_ALSO(__sendmsg64, sendmsg)

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    for (unsigned i = 0; tell_wanted() && messages != NULL && i < count; i++)
        if (messages[i].msg_hdr.msg_name != NULL)
            tell_destination("sendmmsg", fd, SOCK_DGRAM, messages[i].msg_hdr.msg_name,
                             messages[i].msg_hdr.msg_namelen, 0, CALLER);
    return NEXT(sendmmsg)(fd, messages, count, flags);
}
TIME64_ALSO(__sendmmsg64, sendmmsg)
