/* Own addresses with their flags, over netlink (rtnetlink(7)). */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/base/cancellation.h"
#include "preload/base/scratch.h"
#include "preload/system/real.h"
#include "preload/system/sources.h"

#define ANSWER_SIZE 16384 /* what the kernel puts into one message of a dump, at most */

struct dump {
    int socket;
    char *answer; /* ANSWER_SIZE bytes */
    struct source_list *list;
    unsigned interface; /* the latest one whose kind was asked */
    bool tunnel;
};

/* The kinds that glibc takes for encapsulating. */
static bool is_tunnel(struct dump *dump, unsigned interface)
{
    struct ifreq request = {.ifr_ifindex = (int)interface};
    if (dump->interface == interface)
        return dump->tunnel;
    dump->interface = interface;
    dump->tunnel = syscall(SYS_ioctl, dump->socket, SIOCGIFNAME, &request) == 0 &&
                   syscall(SYS_ioctl, dump->socket, SIOCGIFHWADDR, &request) == 0 &&
                   (request.ifr_hwaddr.sa_family == ARPHRD_TUNNEL || request.ifr_hwaddr.sa_family == ARPHRD_TUNNEL6 ||
                    request.ifr_hwaddr.sa_family == ARPHRD_SIT);
    return dump->tunnel;
}

static bool read_address(const struct ifaddrmsg *message, struct rtattr *attribute, struct ip_address *address)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (message->ifa_family == AF_INET && RTA_PAYLOAD(attribute) == sizeof ipv4) {
        memcpy(&ipv4, RTA_DATA(attribute), sizeof ipv4);
        *address = address_ipv4(ipv4);
        return true;
    }
    if (message->ifa_family != AF_INET6 || RTA_PAYLOAD(attribute) != sizeof ipv6)
        return false;
    memcpy(&ipv6, RTA_DATA(attribute), sizeof ipv6);
    *address = address_ipv6(&ipv6, 0);
    return true;
}

/* (The kernel's macros want pointers to what they only read.) IFA_LOCAL is the own address where IFA_ADDRESS is that
 * of the other end. */
static void take_entry(struct dump *dump, struct nlmsghdr *header)
{
    struct ifaddrmsg *message = NLMSG_DATA(header);
    struct source source = {.prefix_length = message->ifa_prefixlen};
    uint32_t flags = message->ifa_flags;
    bool found = false, local = false;
    size_t left = IFA_PAYLOAD(header);
    for (struct rtattr *at = IFA_RTA(message); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
        if (at->rta_type == IFA_FLAGS && RTA_PAYLOAD(at) == sizeof flags)
            memcpy(&flags, RTA_DATA(at), sizeof flags);
        else if (at->rta_type == IFA_LOCAL || (at->rta_type == IFA_ADDRESS && !local)) {
            found |= read_address(message, at, &source.address);
            local |= at->rta_type == IFA_LOCAL;
        }
    }
    if (!found || dump->list->count == SOURCES_MAX)
        return;
    source.deprecated = (flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC)) != 0;
    /* The same bit means "secondary" of an IPv4 address. */
    source.temporary = message->ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY) != 0;
    source.home = (flags & IFA_F_HOMEADDRESS) != 0;
    source.tunnel = is_tunnel(dump, message->ifa_index);
    dump->list->sources[dump->list->count++] = source;
}

/* One datagram of the dump. True: the dump goes on. */
static bool take_part(struct dump *dump, bool *complete)
{
    struct sockaddr_nl sender;
    socklen_t sender_length = sizeof sender;
    ssize_t size =
        REAL(recvfrom)(dump->socket, dump->answer, ANSWER_SIZE, 0, (struct sockaddr *)&sender, &sender_length);
    if (size < 0)
        return errno == EINTR;
    if (sender.nl_pid != 0) /* not the kernel */
        return true;
    size_t left = (size_t)size;
    for (struct nlmsghdr *at = (struct nlmsghdr *)(void *)dump->answer; NLMSG_OK(at, left);
         at = NLMSG_NEXT(at, left)) {
        if (at->nlmsg_type == NLMSG_DONE)
            *complete = true;
        if (at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR)
            return false;
        if (at->nlmsg_type == RTM_NEWADDR)
            take_entry(dump, at);
    }
    return size > 0;
}

bool sources_list(struct source_list *list)
{
    struct {
        struct nlmsghdr header;
        struct ifaddrmsg message;
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .message = {.ifa_family = AF_UNSPEC}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int saved = errno;
    bool complete = false;
    CANCELLATION_OFF(cancellation);
    list->count = 0;
    struct answer {
        char data[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
    };
    SCRATCH(struct answer, answer);
    if (answer == NULL)
        return false;
    struct dump dump = {.list = list,
                        .answer = answer->data,
                        .socket = REAL(socket)(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    if (dump.socket < 0) {
        errno = saved;
        return false;
    }
    if (REAL(sendto)(dump.socket, &request, sizeof request, 0, (const struct sockaddr *)&kernel, sizeof kernel) > 0)
        while (take_part(&dump, &complete))
            ;
    REAL(close)(dump.socket);
    errno = saved;
    return complete;
}

const struct source *sources_describe(const struct source_list *list, const struct ip_address *address)
{
    struct ip_address plain = *address;
    if (plain.family == AF_INET6) /* netlink tells the interface apart from the address */
        plain.scope = 0;
    for (size_t i = 0; i < list->count; i++)
        if (address_equal(&list->sources[i].address, &plain))
            return &list->sources[i];
    return NULL;
}
