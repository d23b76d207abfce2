/* Hides IPv4 hosts whose address lies in the alias pool; called by every hook that hands out a peer. */
#include "preload/peers/impostor.h"

#include "preload/base/pointer.h"

ssize_t impostor_hide(void *address, socklen_t length, ssize_t result)
{
    struct sockaddr_in *peer = (struct sockaddr_in *)address;
    pointer_note_stack();
    if (length == sizeof *peer && pointer_can_read(address, sizeof *peer) && peer->sin_family == AF_INET &&
        alias_pool_contains(&aliases_pool, peer->sin_addr))
        peer->sin_addr = aliases_nobody();
    return result;
}
