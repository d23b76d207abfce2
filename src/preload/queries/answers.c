/* Puts the answers to a program's question and to ours together; used by preload/queries/queries.c. */
#include "preload/queries/answers.h"

#include <string.h>

#include "core/address/reach.h"
#include "preload/alias/aliases.h"
#include "preload/system/settings.h"
#include "preload/thread/signal_handler.h"

bool answers_name_text(const struct dns_name *name, char text[DNS_NAME_MAX + 1])
{
    size_t length = 0;
    for (size_t at = 0; at < name->length && name->bytes[at] != 0; at += (size_t)name->bytes[at] + 1) {
        if (length > 0)
            text[length++] = '.';
        for (size_t i = 1; i <= name->bytes[at]; i++) {
            unsigned char byte = name->bytes[at + i];
            bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
            if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_')
                return false;
            text[length++] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
        }
    }
    text[length] = '\0';
    return length > 0;
}

static void add_ipv4(const struct dns_reply *answer, struct resolve_addresses *list)
{
    struct dns_reader at = answer->answers;
    struct dns_record record;
    for (uint16_t left = answer->answer_count; dns_reply_next(answer, &at, &left, &record);) {
        struct in_addr ipv4;
        if (record.length != sizeof ipv4)
            continue;
        memcpy(&ipv4, answer->answers.message + record.data, sizeof ipv4);
        struct ip_address address = address_ipv4(ipv4);
        resolve_add(list, &address);
    }
}

/* Where nothing may be allocated: what resolve_order() would leave out is left out, and no more is done. */
static size_t show_plainly(struct answers_room *room)
{
    enum reach farthest = REACH_HOST;
    size_t count = 0;
    for (size_t i = 0; i < room->ipv4.count; i++) {
        enum reach reach = reach_of(&room->ipv4.addresses[i]);
        farthest = reach > farthest ? reach : farthest;
    }
    for (size_t i = 0; i < room->ipv6.count; i++) {
        const struct ip_address *address = &room->ipv6.addresses[i];
        if (address_is_mapped(address) || address_is_unspecified(address) || reach_of(address) < farthest ||
            (room->ipv4.count > 0 && settings_current()->prefer == PREFER_IPV4) ||
            !resolve_shown(address, &room->shown[count]))
            continue;
        resolve_add(&room->ordered, address);
        room->places[count] = room->ordered.count - 1;
        count++;
    }
    return count;
}

static size_t show(struct answers_room *room)
{
    if (signal_handler_may_run())
        return show_plainly(room);
    resolve_order(room->text, &room->ipv4, &room->ipv6, &room->ordered);
    resolve_record(room->text, &room->ipv4, &room->ipv6, false, &room->ordered);
    return resolve_shown_list(&room->ordered, room->shown, room->places);
}

static uint32_t ttl_of(const struct answers_room *room, size_t found, const struct ip_address *address)
{
    uint32_t ttl_s = 0;
    for (size_t i = 0; i < found; i++)
        if (address_equal(&room->found[i].address, address))
            ttl_s = room->found[i].ttl_s;
    return ttl_s;
}

static size_t add_aliases(const struct dns_query *query, bool answered, size_t found, size_t size,
                          struct answers_room *room)
{
    size_t count = 0, shown = 0;
    for (size_t i = 0; i < found; i++)
        resolve_add(&room->ipv6, &room->found[i].address);
    if (answered)
        add_ipv4(&room->answer, &room->ipv4);
    if (found > 0)
        shown = show(room);
    for (size_t i = 0; i < shown; i++) {
        const struct ip_address *address = &room->ordered.addresses[room->places[i]];
        struct ip_address as_ipv4 = address_ipv4(room->shown[i]);
        bool known = false;
        for (size_t j = 0; j < room->ipv4.count; j++)
            known |= address_equal(&room->ipv4.addresses[j], &as_ipv4);
        if (address->family == AF_INET6 && !known)
            room->aliases[count++] =
                (struct dns_alias){.address = room->shown[i], .ttl_s = ttl_of(room, found, address)};
    }
    return count == 0 ? 0
                      : dns_rewrite_addresses(query, answered ? &room->answer : NULL, &room->other, room->aliases,
                                              count, room->result, size);
}

/* Whether aliases may be added, and to which name. *answered: there is an answer. */
static bool begin(const struct dns_query *query, const struct answers_message *answer, struct answers_room *room,
                  bool *answered)
{
    *answered = answer->bytes != NULL;
    return (!*answered ||
            dns_reply_read(answer->bytes, answer->length, answer->id, answer->question, &room->answer)) &&
           dns_rewrite_is_due(*answered ? &room->answer : NULL) &&
           answers_name_text(&query->question.name, room->text);
}

size_t answers_with_aliases(const struct dns_query *query, const struct answers_message *answer,
                            const struct answers_message *aaaa, size_t size, struct answers_room *room)
{
    bool answered;
    if (!begin(query, answer, room, &answered) ||
        !dns_reply_read(aaaa->bytes, aaaa->length, aaaa->id, aaaa->question, &room->other))
        return 0;
    size_t found = dns_reply_addresses(&room->other, room->found, RESOLVE_ADDRESSES);
    return add_aliases(query, answered, found, size, room);
}

size_t answers_with_hostent(const struct dns_query *query, const struct answers_message *answer,
                            const struct hostent *ipv6, struct answers_room *room)
{
    bool answered;
    size_t found = 0;
    if (!begin(query, answer, room, &answered))
        return 0;
    for (char **at = ipv6->h_addr_list; *at != NULL && found < RESOLVE_ADDRESSES; at++) {
        struct in6_addr address;
        memcpy(&address, *at, sizeof address);
        room->found[found++].address = address_ipv6(&address, 0);
    }
    /* As of an answer that has these addresses under the name asked for. */
    room->other = (struct dns_reply){.flags = DNS_FLAG_RESPONSE | DNS_FLAG_RECURSION_THERE, .ttl_s = INT32_MAX};
    room->other.question = query->question;
    return add_aliases(query, answered, found, DNS_TCP_MAX, room);
}

size_t answers_with_name(const struct dns_query *query, const struct answers_message *name, size_t size,
                         struct answers_room *room)
{
    return dns_reply_read(name->bytes, name->length, name->id, name->question, &room->other)
               ? dns_rewrite_name(query, &room->other, room->result, size)
               : 0;
}
