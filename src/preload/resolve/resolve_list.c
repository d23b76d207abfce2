/* Lists of addresses, for lookups and for the command. */
#include "preload/resolve/resolve.h"

void resolve_add(struct resolve_addresses *list, const struct ip_address *address)
{
    for (size_t i = 0; i < list->count; i++)
        if (address_equal(&list->addresses[i], address))
            return;
    if (list->count < RESOLVE_ADDRESSES)
        list->addresses[list->count++] = *address;
}
