#include "runtime/acceptance.h"

#include <errno.h>
#include <netinet/in.h>

#include "core/address.h"
#include "runtime/real.h"
#include "runtime/sockets.h"
#include "runtime/view.h"

bool acceptance_concerns(int listener)
{
    return !sockets_is_other(listener) && !sockets_is_native(listener) &&
           (sockets_find(listener) == NULL || sockets_has(listener, SOCKET_UPGRADED));
}

void acceptance_note(int listener, int fd, const struct sockaddr_storage *peer, socklen_t room)
{
    int saved = errno, family = AF_INET;
    struct ip_address address;
    if (peer->ss_family != AF_INET6) {
        sockets_add_other(fd);
    } else if (!view_is_ipv4(listener, room)) {
        sockets_add_native(fd);
    } else if (address_from_sockaddr((const struct sockaddr *)peer, sizeof *peer, &address, NULL) &&
               address_is_mapped(&address) &&
               REAL(setsockopt)(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &family, sizeof family) == 0) {
        sockets_add_other(fd);
    } else {
        sockets_add_upgraded(fd);
    }
    errno = saved;
}
