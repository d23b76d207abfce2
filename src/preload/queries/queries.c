/* Sends a program's own questions with ours beside them; called by the hooks of sendto() and its kin, and connect().
 */
#include "preload/queries/queries.h"

#include <errno.h>
#include <string.h>

#include "preload/alias/aliases.h"
#include "preload/base/guard.h"
#include "preload/base/pointer.h"
#include "preload/datagram/messages.h"
#include "preload/resolve/aware.h"
#include "preload/resolve/no_aaaa.h"
#include "preload/system/real.h"
#include "preload/system/secret.h"
#include "preload/system/settings.h"

#define QUESTION_MOST 512 /* no resolver asks with more bytes */

/* The program asks for AAAA records itself: it knows what to do with them. */
static atomic_bool asks_for_aaaa;

bool queries_are_wanted(void)
{
    const struct settings *settings = settings_current();
    return settings->own_queries == OWN_QUERIES_TRANSLATE && settings->families != FAMILIES_INET &&
           !atomic_load_explicit(&asks_for_aaaa, memory_order_relaxed) && !aware_is();
}

void queries_note_aaaa(void)
{
    atomic_store_explicit(&asks_for_aaaa, true, memory_order_relaxed);
}

void queries_note_peer(int fd, const struct sockaddr_in *peer)
{
    struct socket_record *record = sockets_find(fd);
    if (record == NULL || sockets_has(fd, SOCKET_STREAM))
        return;
    if (peer->sin_port == htons(QUERIES_PORT))
        sockets_set(record, SOCKET_TO_NAME_SERVER);
    else if (sockets_has(fd, SOCKET_TO_NAME_SERVER))
        sockets_clear(record, SOCKET_TO_NAME_SERVER);
}

/* The bytes of a message; 0 where they are too many for a question, or can't be read. */
static size_t gather(const struct msghdr *message, uint8_t bytes[QUESTION_MOST])
{
    size_t length = 0;
    if (message->msg_iovlen > QUESTION_MOST ||
        !pointer_can_read(message->msg_iov, message->msg_iovlen * sizeof *message->msg_iov))
        return 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++) {
        const struct iovec *part = &message->msg_iov[i];
        if (part->iov_len > QUESTION_MOST - length || !pointer_can_read(part->iov_base, part->iov_len))
            return 0;
        memcpy(bytes + length, part->iov_base, part->iov_len);
        length += part->iov_len;
    }
    return length;
}

/* Whom the message goes to. Of a peer that has no IPv4 address the port is 0: nobody else can answer there. */
static bool find_server(int fd, const struct msghdr *message, struct sockaddr_in *server)
{
    struct sockaddr_storage peer;
    struct ip_address address;
    socklen_t length = sizeof peer;
    uint16_t port;
    if (message->msg_name != NULL)
        return messages_read_destination(message->msg_name, message->msg_namelen, server) &&
               server->sin_port == htons(QUERIES_PORT);
    if (REAL(getpeername)(fd, (struct sockaddr *)&peer, &length) != 0 ||
        !address_from_sockaddr((const struct sockaddr *)&peer, length, &address, &port) || port != QUERIES_PORT)
        return false;
    memset(server, 0, sizeof *server);
    address = address_unmap(&address);
    if (address.family == AF_INET)
        *server =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(QUERIES_PORT), .sin_addr = address.ipv4};
    return true;
}

static void look_for_aaaa(const uint8_t *bytes, size_t length)
{
    struct dns_reader reader = {.message = bytes, .length = length};
    struct dns_header header;
    uint16_t type;
    if (dns_read_header(&reader, &header) && (header.flags & DNS_FLAG_RESPONSE) == 0 && header.questions == 1 &&
        dns_skip_name(&reader) && dns_read_16(&reader, &type) && type == DNS_TYPE_AAAA)
        queries_note_aaaa();
}

/* Our own question, in the place where the answer to the program's will be. */
static bool write_question(struct pending *pending, const uint8_t *bytes, size_t length)
{
    const struct dns_query *query = &pending->query;
    struct ip_address address;
    size_t written = 0;
    pending->kind = query->task == DNS_WANTS_NAME ? PENDING_NAME : PENDING_ADDRESSES;
    if (query->task == DNS_WANTS_NAME) {
        pending->other_id = query->id;
        if (aliases_find_address(query->address, &address))
            written = dns_query_for_name(query, &address, query->id, pending->answer, sizeof pending->answer,
                                         &pending->other);
    } else {
        while (pending->other_id == 0 || pending->other_id == query->id)
            if (!secret_fill(&pending->other_id, sizeof pending->other_id))
                return false;
        written = dns_query_for_aaaa(query, bytes, length, pending->other_id, pending->answer, sizeof pending->answer,
                                     &pending->other);
    }
    pending->answer_length = (uint16_t)written;
    return written > 0;
}

/* If the message is a question that concerns us: the entry, with ours written. */
static NOINLINE struct pending *begin(int fd, const struct msghdr *message, int flags)
{
    GUARD(guard);
    struct sockaddr_in server;
    struct dns_query query;
    uint8_t bytes[QUESTION_MOST];
    if ((flags & (MSG_MORE | MSG_OOB)) != 0 || !queries_are_wanted() || !GUARD_ENTER_QUICK(guard) || guard.in_lookup)
        return NULL;
    struct socket_record *record = sockets_find(fd);
    size_t length = record == NULL || sockets_has(fd, SOCKET_STREAM | SOCKET_RACING) ? 0 : gather(message, bytes);
    if (length == 0 || !find_server(fd, message, &server))
        return NULL;
    enum dns_task task = dns_query_read(bytes, length, &query);
    if (task == DNS_PASS)
        look_for_aaaa(bytes, length);
    if (task == DNS_PASS || (task == DNS_WANTS_NAME && !aliases_contains(query.address)) ||
        (task == DNS_WANTS_ADDRESSES && no_aaaa_is_known()))
        return NULL;
    struct pending *pending =
        pending_take(atomic_load_explicit(&record->serial, memory_order_relaxed), &server, &query);
    if (pending == NULL)
        return NULL;
    if (!write_question(pending, bytes, length)) {
        pending_end(pending);
        return NULL;
    }
    sockets_set(record, SOCKET_ASKS);
    return pending;
}

static ssize_t send_plain(int fd, const struct msghdr *message, int flags)
{
    if (guard_may_act() && messages_concern(fd, message->msg_name, message->msg_namelen))
        return messages_send(fd, message, flags);
    int saved = errno;
    ssize_t sent = REAL(sendmsg)(fd, message, flags);
    if (sent < 0 && errno == ENETUNREACH && message->msg_name != NULL && guard_may_act()) {
        sent = messages_send_without_route(fd, message, flags);
        if (sent >= 0)
            errno = saved;
    }
    return sent;
}

static ssize_t send_question(int fd, const struct msghdr *message, struct pending *pending, int flags)
{
    struct iovec part = {.iov_base = pending->answer, .iov_len = pending->answer_length};
    struct msghdr ours = *message;
    ours.msg_iov = &part;
    ours.msg_iovlen = 1;
    ssize_t sent = send_plain(fd, &ours, flags);
    pending->answer_length = 0;
    if (sent < 0)
        pending_end(pending);
    else
        pending_give(pending);
    return sent;
}

static ssize_t length_of(const struct msghdr *message)
{
    size_t length = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++)
        length += message->msg_iov[i].iov_len;
    return (ssize_t)length;
}

ssize_t queries_send(int fd, const struct msghdr *message, int flags)
{
    int saved = errno;
    struct pending *pending = begin(fd, message, flags);
    if (pending == NULL)
        return send_plain(fd, message, flags);
    if (pending->kind == PENDING_NAME)
        return send_question(fd, message, pending, flags) < 0 ? -1 : length_of(message);
    bool asked = send_question(fd, message, pending, flags | MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    if (!asked && errno == ECONNREFUSED) /* of a datagram before: the program's own would have been told */
        return -1;
    errno = saved;
    ssize_t sent = send_plain(fd, message, flags);
    if (sent < 0 && errno == ECONNREFUSED && asked) { /* that is of our question; the answer to its own comes later */
        errno = saved;
        sent = send_plain(fd, message, flags);
    }
    return sent;
}
