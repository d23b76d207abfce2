/* Tells which option ends what another one began; called by preload/socket/socket_options.c. */
#include "preload/socket/memberships.h"

#include <stddef.h>
#include <string.h>

enum about { GROUP, SOURCE, BLOCK };
enum form { MREQN, MREQ_SOURCE, GROUP_REQ, GROUP_SOURCE_REQ };

static const struct kind {
    int name;
    enum about about;
    bool end;
    enum form form;
} kinds[] = {
    {IP_ADD_MEMBERSHIP, GROUP, false, MREQN},
    {IP_DROP_MEMBERSHIP, GROUP, true, MREQN},
    {IP_ADD_SOURCE_MEMBERSHIP, SOURCE, false, MREQ_SOURCE},
    {IP_DROP_SOURCE_MEMBERSHIP, SOURCE, true, MREQ_SOURCE},
    {IP_BLOCK_SOURCE, BLOCK, false, MREQ_SOURCE},
    {IP_UNBLOCK_SOURCE, BLOCK, true, MREQ_SOURCE},
    {MCAST_JOIN_GROUP, GROUP, false, GROUP_REQ},
    {MCAST_LEAVE_GROUP, GROUP, true, GROUP_REQ},
    {MCAST_JOIN_SOURCE_GROUP, SOURCE, false, GROUP_SOURCE_REQ},
    {MCAST_LEAVE_SOURCE_GROUP, SOURCE, true, GROUP_SOURCE_REQ},
    {MCAST_BLOCK_SOURCE, BLOCK, false, GROUP_SOURCE_REQ},
    {MCAST_UNBLOCK_SOURCE, BLOCK, true, GROUP_SOURCE_REQ},
};

static const struct kind *find(int name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].name == name)
            return &kinds[i];
    return NULL;
}

static bool read_address(const struct sockaddr_storage *from, struct in_addr *address)
{
    struct sockaddr_in ipv4;
    memcpy(&ipv4, from, sizeof ipv4);
    *address = ipv4.sin_addr;
    return ipv4.sin_family == AF_INET;
}

bool memberships_read(int name, const void *value, socklen_t length, struct membership *membership)
{
    union {
        struct ip_mreqn mreqn;
        struct ip_mreq_source with_source;
        struct group_req group;
        struct group_source_req group_source;
    } read = {0};
    static const socklen_t shortest[] = {
        [MREQN] = sizeof(struct ip_mreq),
        [MREQ_SOURCE] = sizeof(struct ip_mreq_source),
        [GROUP_REQ] = sizeof(struct group_req),
        [GROUP_SOURCE_REQ] = sizeof(struct group_source_req),
    };
    const struct kind *kind = find(name);
    if (kind == NULL || value == NULL || length < shortest[kind->form])
        return false;
    memcpy(&read, value, length < sizeof read ? length : sizeof read);
    *membership = (struct membership){.interface_index = 0};
    switch (kind->form) {
    case MREQN:
        membership->group = read.mreqn.imr_multiaddr;
        membership->interface = read.mreqn.imr_address;
        if (length >= sizeof read.mreqn)
            membership->interface_index = (uint32_t)read.mreqn.imr_ifindex;
        return true;
    case MREQ_SOURCE:
        membership->group = read.with_source.imr_multiaddr;
        membership->interface = read.with_source.imr_interface;
        membership->source = read.with_source.imr_sourceaddr;
        return true;
    case GROUP_REQ:
        membership->interface_index = read.group.gr_interface;
        return read_address(&read.group.gr_group, &membership->group);
    default:
        membership->interface_index = read.group_source.gsr_interface;
        return read_address(&read.group_source.gsr_group, &membership->group) &&
               read_address(&read.group_source.gsr_source, &membership->source);
    }
}

static void write_address(struct sockaddr_storage *to, struct in_addr address)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr = address};
    memcpy(to, &ipv4, sizeof ipv4);
}

socklen_t memberships_write(int name, const struct membership *membership, void *value)
{
    struct ip_mreqn mreqn = {membership->group, membership->interface, (int)membership->interface_index};
    struct ip_mreq_source with_source = {membership->group, membership->interface, membership->source};
    struct group_req group = {.gr_interface = membership->interface_index};
    struct group_source_req group_source = {.gsr_interface = membership->interface_index};
    const struct kind *kind = find(name);
    switch (kind != NULL ? kind->form : MREQN) {
    case MREQN:
        memcpy(value, &mreqn, sizeof mreqn);
        return sizeof mreqn;
    case MREQ_SOURCE:
        memcpy(value, &with_source, sizeof with_source);
        return sizeof with_source;
    case GROUP_REQ:
        write_address(&group.gr_group, membership->group);
        memcpy(value, &group, sizeof group);
        return sizeof group;
    default:
        write_address(&group_source.gsr_group, membership->group);
        write_address(&group_source.gsr_source, membership->source);
        memcpy(value, &group_source, sizeof group_source);
        return sizeof group_source;
    }
}

bool memberships_is(int name)
{
    return find(name) != NULL;
}

bool memberships_is_end(int name)
{
    const struct kind *kind = find(name);
    return kind != NULL && kind->end;
}

static bool same_interface(const struct membership *end, const struct membership *begun)
{
    if (end->interface_index != 0)
        return end->interface_index == begun->interface_index;
    return end->interface.s_addr == 0 || end->interface.s_addr == begun->interface.s_addr;
}

bool memberships_ends(int end_name, const struct membership *end, int begun_name, const struct membership *begun)
{
    const struct kind *by = find(end_name), *what = find(begun_name);
    if (by == NULL || what == NULL || !by->end || what->end || end->group.s_addr != begun->group.s_addr ||
        !same_interface(end, begun))
        return false;
    /* With a group go its sources and blocks. */
    return by->about == GROUP || (by->about == what->about && end->source.s_addr == begun->source.s_addr);
}
