/* Socket options: remembered for an upgrade that may come, set on both families after it. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/guard.h"
#include "runtime/hook.h"
#include "runtime/option_twins.h"
#include "runtime/real.h"
#include "runtime/sockets.h"

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    GUARD(guard);
    if (!GUARD_ENTER(guard) || sockets_find(fd) == NULL)
        return REAL(setsockopt)(fd, level, name, value, length);
    if (sockets_has(fd, SOCKET_UPGRADED))
        return guard_result(&guard, option_twins_set(fd, level, name, value, length));
    int result = REAL(setsockopt)(fd, level, name, value, length);
    if (result == 0)
        sockets_record_option(fd, level, name, value, length);
    return result;
}

EXPORT int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
    GUARD(guard);
    int result = REAL(getsockopt)(fd, level, name, value, length);
    if (result == 0 && level == SOL_SOCKET && name == SO_DOMAIN && GUARD_ENTER(guard) &&
        sockets_has(fd, SOCKET_UPGRADED)) {
        int family = AF_INET;
        memcpy(value, &family, *length < sizeof family ? *length : sizeof family);
    }
    return result;
}
