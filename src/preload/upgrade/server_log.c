/* Tells what became of a server's sockets; called by bind.c and the hooks of listen() and accept(). */
#include "preload/upgrade/server_log.h"

#include <errno.h>

#include "core/base/error_text.h"
#include "core/base/siphash.h"
#include "preload/log/log.h"
#include "preload/log/log_limit.h"
#include "preload/resolve/aware.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"

#define STEP_SHIFT 16
#define ERROR_MASK 0xffffu

void server_log_keep(struct socket_record *record, enum upgrade_step step, int error)
{
    if (record != NULL)
        atomic_store(&record->kept, (uint32_t)step << STEP_SHIFT | ((uint32_t)error & ERROR_MASK));
}

static void add_port(struct text *line, uint16_t port, bool stream)
{
    text_add(line, stream ? "TCP port " : "UDP port ");
    text_add_unsigned(line, port);
}

/* The kernel's own view, since a port of 0 has become another one. */
static bool read_local(int fd, struct ip_address *address, uint16_t *port)
{
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    return REAL(getsockname)(fd, (struct sockaddr *)&local, &length) == 0 &&
           address_from_sockaddr((const struct sockaddr *)&local, length, address, port);
}

/* --- the trace --- */

static NOINLINE void trace_server(enum event_type type, int fd, bool stream, const struct ip_address *address,
                                  uint16_t port, const char *reason)
{
    struct ip_address shown = address_ipv4((struct in_addr){.s_addr = htonl(INADDR_ANY)});
    struct event event = {.type = type,
                          .fd = fd,
                          .candidates = address,
                          .candidate_count = 1,
                          .port = port,
                          .datagram = !stream,
                          .shown = address_is_unspecified(address) && address->family == AF_INET6 ? &shown : NULL,
                          .reason = reason};
    if (log_wants_trace())
        log_event(&event);
}

static NOINLINE void trace_peer(enum event_type type, int fd, const struct ip_address *address, uint16_t port,
                                const struct ip_address *shown)
{
    struct event event = {
        .type = type, .fd = fd, .candidates = address, .candidate_count = 1, .port = port, .shown = shown};
    if (log_wants_trace())
        log_event(&event);
}

/* --- servers --- */

static void tell_served(enum log_level level, int fd, bool stream, uint16_t port, const struct ip_address *address)
{
    static struct log_limit limit;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    if (!log_limit_allows(&limit))
        return;
    add_port(&line, port, stream);
    text_add(&line, settings_current()->listen == LISTEN_INET6 ? " serves IPv6 in place of IPv4 (descriptor "
                                                               : " serves IPv6 too (descriptor ");
    text_add_number(&line, fd);
    text_add(&line, ", [");
    text_add_address(&line, address);
    text_add(&line, "]:");
    text_add_unsigned(&line, port);
    text_add(&line, ")");
    log_line(level, &line);
}

static bool is_refusal(int error)
{
    return error == EAFNOSUPPORT || error == EPERM || error == EACCES;
}

static void add_cause(struct text *line, enum upgrade_step step, int error)
{
    const char *words = error_words(error);
    if (step == UPGRADE_BIND && error == EADDRINUSE) {
        text_add(line, "another socket has its IPv6 side (ss -lnp shows which; set \"listen inet\" if it serves IPv6 "
                       "for this program)");
        return;
    }
    text_add(line, step == UPGRADE_SOCKET    ? "no IPv6 socket can be made: "
                   : step == UPGRADE_OPTIONS ? "what the program set on its socket can't be set on an IPv6 one: "
                   : step == UPGRADE_PLAN    ? "its socket can't be exchanged: "
                                             : "its IPv6 side can't be bound: ");
    text_add(line, words != NULL ? words : "unknown error");
    if (step == UPGRADE_SOCKET && is_refusal(error))
        text_add(line,
                 " (a service of systemd needs AF_INET6 in RestrictAddressFamilies=; a host, IPv6 in its kernel)");
}

/* What nobody can mend, or need mend, is no warning: a socket that another process has too, and a program with an
   IPv6 socket of its own, which may be what is on the IPv6 side. */
static enum log_level level_of(enum upgrade_step step, int error)
{
    if (step == UPGRADE_PLAN)
        return LOG_LEVEL_DEBUG;
    return step == UPGRADE_BIND && error == EADDRINUSE && aware_was_seen() ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
}

static void tell_kept(int fd, uint32_t kept, bool stream, uint16_t port)
{
    static struct log_limit limits[UPGRADE_STEPS];
    enum upgrade_step step = (enum upgrade_step)(kept >> STEP_SHIFT);
    int error = (int)(kept & ERROR_MASK);
    enum log_level level = level_of(step, error);
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data), cause = text_on(data, sizeof data);
    if (log_wants_trace()) {
        struct ip_address any = address_ipv4((struct in_addr){.s_addr = htonl(INADDR_ANY)});
        add_cause(&cause, step, error);
        trace_server(EVENT_IPV4_ONLY, fd, stream, &any, port, data);
    }
    if (!log_wants(level) || !log_limit_allows(&limits[step]))
        return;
    add_port(&line, port, stream);
    text_add(&line, " serves IPv4 only: ");
    add_cause(&line, step, error);
    log_line(level, &line);
}

static NOINLINE void tell_server(int fd, const struct socket_record *record, enum log_level served)
{
    int saved = errno;
    uint32_t flags = atomic_load(&record->flags), kept = atomic_load(&record->kept);
    bool stream = (flags & SOCKET_STREAM) != 0;
    struct ip_address address;
    uint16_t port;
    if (read_local(fd, &address, &port)) {
        if ((flags & (SOCKET_UPGRADED | SOCKET_WILDCARD)) == (SOCKET_UPGRADED | SOCKET_WILDCARD)) {
            trace_server(EVENT_LISTENING, fd, stream, &address, port, NULL);
            if (log_wants(served))
                tell_served(served, fd, stream, port, &address);
        } else if (kept != 0 && address.family == AF_INET && address_is_unspecified(&address)) {
            tell_kept(fd, kept, stream, port);
        }
    }
    errno = saved;
}

void server_log_listening(int fd)
{
    const struct socket_record *record = sockets_find(fd);
    if (record != NULL && (atomic_load(&record->flags) & SOCKET_LISTENING) == 0 &&
        (atomic_load(&record->kept) != 0 || log_wants(LOG_LEVEL_INFO) || log_wants_trace()))
        tell_server(fd, record, LOG_LEVEL_INFO);
}

void server_log_bound(int fd, uint16_t port)
{
    const struct socket_record *record = sockets_find(fd);
    enum log_level level = port != 0 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
    if (record != NULL && (log_wants(level) || (port != 0 && (atomic_load(&record->kept) != 0 || log_wants_trace()))))
        tell_server(fd, record, level);
}

void server_log_left_alone(int fd, const struct ip_address *address, uint16_t port, const char *why)
{
    static struct log_limit limit;
    const struct socket_record *record = sockets_find(fd);
    trace_server(EVENT_IPV4_ONLY, fd, record == NULL || (atomic_load(&record->flags) & SOCKET_STREAM) != 0, address,
                 port, why);
    if (!log_wants(LOG_LEVEL_DEBUG) || !log_limit_allows(&limit))
        return;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "descriptor ");
    text_add_number(&line, fd);
    text_add(&line, " is bound to ");
    text_add_address(&line, address);
    text_add(&line, " port ");
    text_add_unsigned(&line, port);
    text_add(&line, " and left to IPv4: ");
    text_add(&line, why);
    log_line(LOG_LEVEL_DEBUG, &line);
}

void server_log_given_back(in_port_t port)
{
    if (!log_wants(LOG_LEVEL_INFO))
        return;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "port ");
    text_add_unsigned(&line, ntohs(port));
    text_add(&line, " serves IPv4 only from now on: the program binds its IPv6 side itself");
    log_line(LOG_LEVEL_INFO, &line);
}

/* --- peers --- */

static NOINLINE void log_peer(int fd, const char *words, const struct ip_address *address, uint16_t port,
                              const struct ip_address *shown)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "descriptor ");
    text_add_number(&line, fd);
    text_add(&line, words);
    text_add_address(&line, address);
    text_add(&line, " port ");
    text_add_unsigned(&line, port);
    if (shown != NULL) {
        text_add(&line, ", shown as ");
        text_add_address(&line, shown);
    }
    log_line(LOG_LEVEL_DEBUG, &line);
}

static NOINLINE void tell_peer(enum event_type type, int fd, const struct sockaddr_storage *peer, view *shown_as)
{
    struct ip_address address, shown;
    uint16_t port;
    if (!address_from_sockaddr((const struct sockaddr *)peer, sizeof *peer, &address, &port))
        return;
    if (address_is_mapped(&address))
        address = address_unmap(&address);
    bool is_shown = address.family == AF_INET6 && shown_as != NULL;
    if (is_shown)
        shown = address_ipv4(shown_as(&address));
    trace_peer(type, fd, &address, port, is_shown ? &shown : NULL);
    if (log_wants(LOG_LEVEL_DEBUG))
        log_peer(fd, type == EVENT_ACCEPTED ? " is a connection from " : " has a datagram from ", &address, port,
                 is_shown ? &shown : NULL);
}

void server_log_accepted(int fd, const struct sockaddr_storage *peer, view *shown_as)
{
    int saved = errno;
    if (log_wants(LOG_LEVEL_DEBUG) || log_wants_trace())
        tell_peer(EVENT_ACCEPTED, fd, peer, shown_as);
    errno = saved;
}

/* Whether the last datagram that was told came from the same place. Other threads may tell others between: then one
   more is told. */
static bool is_told(int fd, const struct sockaddr_storage *peer)
{
    static const struct siphash_key part = {0x2f0d8f8c91b6a37e, 0x5b1c7e0a94d23f61};
    static _Atomic uint64_t last;
    uint64_t place =
        siphash(part, peer, peer->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) ^
        (uint64_t)fd;
    return atomic_exchange(&last, place) == place;
}

void server_log_received(int fd, const struct sockaddr_storage *peer, view *shown_as)
{
    int saved = errno;
    if ((log_wants(LOG_LEVEL_DEBUG) || log_wants_trace()) && !is_told(fd, peer))
        tell_peer(EVENT_RECEIVED, fd, peer, shown_as);
    errno = saved;
}
