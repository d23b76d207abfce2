/* Shows the clients of trusted translators as IPv4 (setting nat64-inbound); called by preload/peers/view.c. */
#include "preload/peers/translators.h"

#include <stddef.h>

#include "core/linker/start.h"

static const struct nat64_setting *trusted START_DATA;

START_CODE void translators_start(const struct nat64_setting *setting)
{
    trusted = setting->mode == NAT64_GIVEN && setting->count > 0 ? setting : NULL;
}

const struct nat64_setting *translators_trusted(void)
{
    return trusted;
}

bool translators_show(const struct ip_address *address, struct in_addr *client)
{
    if (trusted == NULL)
        return false;
    const struct nat64_prefix *prefix = nat64_prefix_of(trusted->prefixes, trusted->count, address);
    return prefix != NULL && nat64_recover(prefix, address, false, client);
}
