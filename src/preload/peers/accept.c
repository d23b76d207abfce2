/* Puts accepted connections on record; called by accept()'s hooks. */
#include "preload/peers/accept.h"

#include <errno.h>
#include <netinet/in.h>

#include "core/address/address.h"
#include "preload/alias/aliases.h"
#include "preload/socket/our_mark.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"

bool accept_concerns(int listener)
{
    return sockets_may_translate(listener);
}

/* One that has an address of the alias pool is shown otherwise than the kernel would show it: it stays translated. */
static bool is_shown_as_it_is(const struct sockaddr_storage *peer)
{
    struct ip_address address;
    return address_from_sockaddr((const struct sockaddr *)peer, sizeof *peer, &address, NULL) &&
           address_is_mapped(&address) && !alias_pool_contains(&aliases_pool, address_unmap(&address).ipv4);
}

void accept_note(int listener, int fd, const struct sockaddr_storage *peer, bool ipv4_shape)
{
    int saved = errno, family = AF_INET;
    if (peer->ss_family != AF_INET6) {
        sockets_add_other(fd);
    } else if (ipv4_shape && is_shown_as_it_is(peer) &&
               REAL(setsockopt)(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &family, sizeof family) == 0) {
        sockets_add_other(fd);
    } else if (sockets_has(listener, SOCKET_UPGRADED)) {
        if (is_shown_as_it_is(peer)) /* which has gone already */
            our_mark_put_on_accepted(fd);
        sockets_add_upgraded(fd);
    } else {
        sockets_forget(fd);
    }
    errno = saved;
}
