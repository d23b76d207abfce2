/* Socket options: remembered for an upgrade that may come, set on both families after it. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload/base/cancellation.h"
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/base/pointer.h"
#include "preload/connect/background.h"
#include "preload/relay/relay_options.h"
#include "preload/socket/filters.h"
#include "preload/socket/our_mark.h"
#include "preload/socket/socket_options.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/time64.h"
#include "preload/upgrade/forgery.h"
#include "preload/upgrade/shape.h"
#include "preload/upgrade/spoof_check.h"

/* A socket that the program was given, and takes for one of IPv4. */
static bool is_inherited_ipv6(int fd, const void *caller)
{
    if (sockets_is_inherited(fd))
        return true;
    if (sockets_is_other(fd) || sockets_is_native(fd) || !shape_is_ipv4(fd, 0, caller))
        return false;
    int family = kernel_socket_integer(fd, SO_DOMAIN);
    if (family >= 0 && family != AF_INET6)
        sockets_add_other(fd);
    return family == AF_INET6;
}

static int note_option(int fd, int level, int name, const void *value, socklen_t length)
{
    sockets_record_option(fd, level, name, value, length);
    return 0;
}

static NOINLINE int set_option(int fd, int level, int name, const void *value, socklen_t length, const void *caller)
{
    GUARD(guard);
    if (!GUARD_ENTER_QUICK(guard) || (int)length < 0 || !pointer_can_read(value, length))
        return REAL(setsockopt)(fd, level, name, value, length);
    if (level == IPPROTO_IP && name == IP_PKTINFO && spoof_check_takes_option(fd, value, length))
        return guard_result(&guard, note_option(fd, level, name, value, length));
    if (sockets_find(fd) == NULL)
        return level == IPPROTO_IP && is_inherited_ipv6(fd, caller)
                   ? guard_result(&guard, socket_options_set(fd, level, name, value, length))
                   : REAL(setsockopt)(fd, level, name, value, length);
    /* A program that tries whether this is an IPv6 socket is answered as by the one that it made. */
    if (level == IPPROTO_IPV6 && sockets_has(fd, SOCKET_UPGRADED | SOCKET_RACING))
        return guard_result(&guard, -ENOPROTOOPT);
    if (sockets_has(fd, SOCKET_RELAYED)) {
        int set = relay_options_set(fd, level, name, value, length);
        return guard_result(&guard, set == 0 ? note_option(fd, level, name, value, length) : set);
    }
    if (background_is(fd)) {
        int result = background_set_option(fd, level, name, value, length);
        if (result != -ENOENT)
            return guard_result(&guard, result == 0 ? note_option(fd, level, name, value, length) : result);
    }
    if (forgery_concerns(fd, level, name)) {
        int set = forgery_set_filter(fd, name, value, length);
        return guard_result(&guard, set == 0 ? note_option(fd, level, name, value, length) : set);
    }
    if (sockets_has(fd, SOCKET_UPGRADED)) {
        int set = socket_options_set(fd, level, name, value, length);
        return guard_result(&guard, set == 0 ? note_option(fd, level, name, value, length) : set);
    }
    int result = REAL(setsockopt)(fd, level, name, value, length);
    if (result == 0)
        sockets_record_option(fd, level, name, value, length);
    return result;
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    uint32_t item = sockets_item(fd);
    if (is_ready() && !sockets_item_is_record(item) &&
        (level != IPPROTO_IP || item == SOCKETS_NATIVE || item == SOCKETS_OTHER))
        return REAL_BOUND(setsockopt)(fd, level, name, value, length);
    return set_option(fd, level, name, value, length, CALLER);
}
TIME64_ALSO(__setsockopt64, setsockopt)

static void show_ipv4(void *domain, socklen_t length)
{
    int family = AF_INET;
    memcpy(domain, &family, length < sizeof family ? length : sizeof family);
}

/* From a program that takes the socket for one of IPv4. */
static void hide_domain(int fd, void *value, socklen_t length, const void *caller)
{
    int family = 0;
    memcpy(&family, value, length < sizeof family ? length : sizeof family);
    if (family == AF_INET6 && shape_is_ipv4(fd, 0, caller))
        show_ipv4(value, length);
}

/* Levels that a socket of IPv4 doesn't know are EOPNOTSUPP to getsockopt() there, and ENOPROTOOPT on one of IPv6. */
static bool is_foreign_level(int fd, int level)
{
    int own = sockets_has(fd, SOCKET_STREAM) ? IPPROTO_TCP : IPPROTO_UDP;
    const struct socket_record *record = sockets_find(fd);
    return level != SOL_SOCKET && level != IPPROTO_IP && level != own && record != NULL &&
           level != atomic_load(&record->protocol) && sockets_has(fd, SOCKET_UPGRADED | SOCKET_RACING);
}

/* Where it can't, the kernel says so. What we write ourselves is a number. */
static bool can_write_option(const void *value, const socklen_t *length)
{
    return pointer_can_write(length, sizeof *length) && (int)*length >= 0 &&
           pointer_can_write(value, *length < sizeof(int) ? *length : sizeof(int));
}

static NOINLINE int get_option(int fd, int level, int name, void *value, socklen_t *length, const void *caller)
{
    GUARD(guard);
    if (sockets_are_flagged(fd, SOCKET_FAILED) && !can_write_option(value, length))
        return REAL(getsockopt)(fd, level, name, value, length);
    if (level == IPPROTO_IPV6 && sockets_has(fd, SOCKET_UPGRADED | SOCKET_RACING) && GUARD_ENTER_QUICK(guard))
        return guard_result(&guard, -EOPNOTSUPP);
    if (sockets_are_flagged(fd, SOCKET_RELAYED) && pointer_can_write(length, sizeof *length) && (int)*length >= 0 &&
        pointer_can_write(value, *length) && GUARD_ENTER_QUICK(guard))
        return guard_result(&guard, relay_options_get(fd, level, name, value, length));
    if (background_is(fd) && !(level == SOL_SOCKET && name == SO_ERROR) && GUARD_ENTER_QUICK(guard)) {
        int raced = background_get_option(fd, level, name, value, length);
        if (raced == 0 && level == SOL_SOCKET && name == SO_DOMAIN)
            show_ipv4(value, *length);
        if (raced != -ENOENT)
            return guard_result(&guard, raced == -ENOPROTOOPT && is_foreign_level(fd, level) ? -EOPNOTSUPP : raced);
        guard_leave(&guard);
    }
    if (level == SOL_SOCKET && name == SO_ERROR && sockets_has(fd, SOCKET_FAILED) && *length >= sizeof(int) &&
        GUARD_ENTER_QUICK(guard)) {
        int failure = background_take_failure(fd);
        memcpy(value, &failure, sizeof failure);
        *length = sizeof failure;
        return guard_result(&guard, 0);
    }
    if (level == SOL_SOCKET && name == SO_GET_FILTER && sockets_has(fd, SOCKET_SCREENED) &&
        pointer_can_write(length, sizeof *length) && GUARD_ENTER_QUICK(guard))
        return guard_result(&guard, forgery_get_filter(fd, value, length));
    int result = REAL(getsockopt)(fd, level, name, value, length);
    if (result == 0 && level == SOL_SOCKET && name == SO_INCOMING_CPU)
        our_mark_hide(value, *length);
    if (result == 0 && level == SOL_SOCKET && name == SO_DOMAIN && GUARD_ENTER_QUICK(guard))
        hide_domain(fd, value, *length, caller);
    if (result == 0 && level == IPPROTO_IP && name == IP_PKTINFO && *length > 0 && !spoof_check_is_visible(fd))
        memset(value, 0, *length); /* the library asked for it, not the program */
    if (result < 0 && errno == ENOPROTOOPT && guard_may_act() && is_foreign_level(fd, level))
        errno = EOPNOTSUPP;
    return result;
}

/* Whether the answer may have to be another one than the kernel's, of any socket. */
static inline bool is_answered_for_kernel(int level, int name)
{
    return level == SOL_SOCKET ? name == SO_DOMAIN || name == SO_INCOMING_CPU
                               : level == IPPROTO_IP && name == IP_PKTINFO;
}

EXPORT int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
    const uint32_t looked_at = SOCKET_UPGRADED | SOCKET_RACING | SOCKET_FAILED | SOCKET_SCREENED;
    if (is_ready() && !is_answered_for_kernel(level, name) && !sockets_are_flagged(fd, looked_at))
        return REAL_BOUND(getsockopt)(fd, level, name, value, length);
    return get_option(fd, level, name, value, length, CALLER);
}
TIME64_ALSO(__getsockopt64, getsockopt)

/* Questions about IPv4 addresses of interfaces, which an AF_INET6 socket doesn't answer (ENOTTY): a socket of the
   moment does. */
static int ask_ipv4_socket(ioctl_request request, void *argument)
{
    CANCELLATION_OFF(cancellation);
    int side = REAL(socket)(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (side < 0)
        return -1;
    int result = REAL(ioctl)(side, request, argument);
    int saved = errno;
    REAL(close)(side);
    errno = saved;
    return result;
}

/* Requests that an AF_INET6 socket takes too, but with a structure of its own: it would read the program's as rubbish
   (ENODEV at best, a change to another address or route at worst). */
static bool is_of_family(ioctl_request request)
{
    return request == SIOCSIFADDR || request == SIOCDIFADDR || request == SIOCSIFDSTADDR || request == SIOCADDRT ||
           request == SIOCDELRT;
}

/* Switching to blocking, or to signals, is what a race in the background can't follow. Whether a request does that is
   seen by what it makes of the placeholder: the kernel reads the argument. */
static NOINLINE int set_mode(int fd, ioctl_request request, void *argument)
{
    int result = REAL(ioctl)(fd, request, argument);
    int flags = result == 0 ? REAL(fcntl)(fd, F_GETFL) : -1;
    if (flags < 0 || ((flags & O_NONBLOCK) != 0 && (flags & O_ASYNC) == 0))
        return result;
    background_collapse(fd);
    return REAL(ioctl)(fd, request, argument); /* the race may have ended in between, with the flags of before */
}

EXPORT int ioctl(int fd, ioctl_request request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    int before = errno;
    if ((request == FIONBIO || request == FIOASYNC) && background_is(fd))
        return set_mode(fd, request, argument);
    if (request == SIOCOUTQ && background_is(fd) && pointer_can_write(argument, sizeof(int))) {
        memset(argument, 0, sizeof(int)); /* nothing of it has been sent; a placeholder is full */
        return 0;
    }
    if (is_of_family(request) && guard_may_act() && sockets_has(fd, SOCKET_UPGRADED | SOCKET_RACING))
        return ask_ipv4_socket(request, argument);
    int result = REAL(ioctl)(fd, request, argument);
    if (result < 0 && errno == ENOTTY && guard_may_act() && sockets_has(fd, SOCKET_UPGRADED | SOCKET_RACING)) {
        errno = before;
        result = ask_ipv4_socket(request, argument);
    }
    return result;
}
TIME64_ALSO(__ioctl_time64, ioctl)
