/* Translates control messages between IPv4 and IPv6; called by preload/datagram/messages.c. */
#include "preload/datagram/control.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "preload/alias/aliases.h"
#include "preload/base/control_list.h"
#include "preload/peers/view.h"

/* A list of control messages that is being written. */
struct list {
    char *data;
    size_t size, used;
    bool fits;
};

/* What doesn't fit is cut, as the kernel cuts it. */
static void add(struct list *list, int level, int type, const void *value, size_t length)
{
    size_t room = list->size - list->used;
    if (room < CMSG_LEN(length)) {
        list->fits = false;
        if (room < CMSG_LEN(0))
            return;
        length = room - CMSG_LEN(0);
    }
    struct cmsghdr header = {.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(length)};
    memcpy(list->data + list->used, &header, sizeof header);
    memcpy(list->data + list->used + CMSG_LEN(0), value, length);
    size_t space = CMSG_SPACE(length);
    list->used += space < list->size - list->used ? space : list->size - list->used;
}

static void add_packet_information(struct list *list, const struct cmsghdr *native)
{
    struct in6_pktinfo ipv6;
    memcpy(&ipv6, CMSG_DATA(native), sizeof ipv6);
    struct ip_address address = address_ipv6(&ipv6.ipi6_addr, 0);
    if (address_takes_scope(&address))
        address.scope = ipv6.ipi6_ifindex;
    struct in_addr shown = view_of_local(&address);
    struct in_pktinfo ipv4 = {.ipi_ifindex = (int)ipv6.ipi6_ifindex, .ipi_spec_dst = shown, .ipi_addr = shown};
    add(list, IPPROTO_IP, IP_PKTINFO, &ipv4, sizeof ipv4);
}

/* ICMPv6 (RFC 4443) as the ICMP (RFC 792) message that says the same. */
static void translate_icmp(struct sock_extended_err *error)
{
    static const unsigned char unreachable_codes[] = {
        [ICMP6_DST_UNREACH_NOROUTE] = ICMP_NET_UNREACH,      [ICMP6_DST_UNREACH_ADMIN] = ICMP_PKT_FILTERED,
        [ICMP6_DST_UNREACH_BEYONDSCOPE] = ICMP_HOST_UNREACH, [ICMP6_DST_UNREACH_ADDR] = ICMP_HOST_UNREACH,
        [ICMP6_DST_UNREACH_NOPORT] = ICMP_PORT_UNREACH,
    };
    error->ee_origin = SO_EE_ORIGIN_ICMP;
    switch (error->ee_type) {
    case ICMP6_DST_UNREACH:
        error->ee_type = ICMP_DEST_UNREACH;
        error->ee_code =
            error->ee_code < sizeof unreachable_codes ? unreachable_codes[error->ee_code] : ICMP_HOST_UNREACH;
        break;
    case ICMP6_PACKET_TOO_BIG:
        error->ee_type = ICMP_DEST_UNREACH;
        error->ee_code = ICMP_FRAG_NEEDED;
        break;
    case ICMP6_TIME_EXCEEDED:
        error->ee_type = ICMP_TIME_EXCEEDED;
        break;
    default:
        error->ee_type = ICMP_PARAMETERPROB;
        error->ee_code = 0;
        break;
    }
}

/* An extended error, with the address of the offender behind it (ip(7), IP_RECVERR). */
static void add_error(struct list *list, const struct cmsghdr *native)
{
    struct {
        struct sock_extended_err error;
        struct sockaddr_in offender;
    } shown = {.offender = {.sin_family = AF_UNSPEC}};
    struct sockaddr_storage offender = {.ss_family = AF_UNSPEC};
    size_t length = native->cmsg_len - CMSG_LEN(0);
    if (length < sizeof shown.error)
        return;
    memcpy(&shown.error, CMSG_DATA(native), sizeof shown.error);
    length -= sizeof shown.error;
    memcpy(&offender, CMSG_DATA(native) + sizeof shown.error, length < sizeof offender ? length : sizeof offender);
    struct ip_address address;
    if (address_from_sockaddr((const struct sockaddr *)&offender, (socklen_t)length, &address, NULL)) {
        shown.offender.sin_family = AF_INET;
        shown.offender.sin_addr = view_of(&address);
    }
    if (shown.error.ee_origin == SO_EE_ORIGIN_ICMP6)
        translate_icmp(&shown.error);
    add(list, IPPROTO_IP, IP_RECVERR, &shown, sizeof shown);
}

static void add_integer(struct list *list, int type, const struct cmsghdr *native)
{
    int value;
    memcpy(&value, CMSG_DATA(native), sizeof value);
    if (type == IP_TOS) { /* one byte, where IPv6 has an int */
        unsigned char byte = (unsigned char)value;
        add(list, IPPROTO_IP, type, &byte, sizeof byte);
    } else {
        add(list, IPPROTO_IP, type, &value, sizeof value);
    }
}

static void add_native_ipv6(struct list *list, const struct msghdr *native, const struct cmsghdr *message)
{
    switch (message->cmsg_type) {
    case IPV6_PKTINFO:
        if (!control_list_has(native, IPPROTO_IP, IP_PKTINFO))
            add_packet_information(list, message);
        break;
    case IPV6_HOPLIMIT:
        if (!control_list_has(native, IPPROTO_IP, IP_TTL))
            add_integer(list, IP_TTL, message);
        break;
    case IPV6_TCLASS:
        if (!control_list_has(native, IPPROTO_IP, IP_TOS))
            add_integer(list, IP_TOS, message);
        break;
    case IPV6_RECVERR:
        add_error(list, message);
        break;
    default: /* nothing that the program has asked for */
        break;
    }
}

bool control_to_program(const struct msghdr *native, void *buffer, size_t *size, bool with_packet_information)
{
    struct list list = {.data = buffer, .size = *size, .fits = true};
    for (struct cmsghdr *at = CMSG_FIRSTHDR(native); at != NULL; at = control_list_next(native, at)) {
        if (at->cmsg_level == IPPROTO_IPV6)
            add_native_ipv6(&list, native, at);
        else if (with_packet_information || at->cmsg_level != IPPROTO_IP || at->cmsg_type != IP_PKTINFO)
            add(&list, at->cmsg_level, at->cmsg_type, CMSG_DATA(at), at->cmsg_len - CMSG_LEN(0));
    }
    *size = list.used;
    return list.fits;
}

/* What the kernel would do with it on an IPv4 socket (ip_cmsg_send) is done here: IPv6 would take more, or less. */
static bool add_for_ipv6(struct list *list, const struct cmsghdr *message)
{
    size_t length = message->cmsg_len - CMSG_LEN(0);
    int value = 0;
    if (message->cmsg_type == IP_PKTINFO && length == sizeof(struct in_pktinfo)) {
        struct in_pktinfo ipv4;
        memcpy(&ipv4, CMSG_DATA(message), sizeof ipv4);
        struct in6_pktinfo ipv6 = {.ipi6_ifindex = (unsigned)ipv4.ipi_ifindex};
        struct ip_address source;
        if (aliases_find_address(ipv4.ipi_spec_dst, &source))
            ipv6.ipi6_addr = source.ipv6;
        add(list, IPPROTO_IPV6, IPV6_PKTINFO, &ipv6, sizeof ipv6);
        return true;
    }
    if (length == sizeof value)
        memcpy(&value, CMSG_DATA(message), sizeof value);
    else if (length == 1 && message->cmsg_type == IP_TOS)
        value = *CMSG_DATA(message);
    else
        return message->cmsg_type == IP_RETOPTS;
    if (message->cmsg_type == IP_TTL)
        add(list, IPPROTO_IPV6, IPV6_HOPLIMIT, &value, sizeof value);
    else if (message->cmsg_type == IP_TOS)
        add(list, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
    else
        return message->cmsg_type == IP_RETOPTS;
    return value <= UINT8_MAX && value >= (message->cmsg_type == IP_TTL ? 1 : 0);
}

int control_to_kernel(const struct msghdr *message, void *buffer, size_t *size)
{
    struct list list = {.data = buffer, .size = *size, .fits = true};
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = control_list_next(message, at)) {
        if (at->cmsg_level != IPPROTO_IP)
            add(&list, at->cmsg_level, at->cmsg_type, CMSG_DATA(at), at->cmsg_len - CMSG_LEN(0));
        else if (!add_for_ipv6(&list, at))
            return -EINVAL;
    }
    *size = list.used;
    return list.fits ? 0 : -ENOBUFS;
}
