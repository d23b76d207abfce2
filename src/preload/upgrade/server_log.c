/* Tells what became of a server's sockets; called by bind.c and the hooks of listen() and accept(). */
#include "preload/upgrade/server_log.h"

#include <errno.h>

#include "core/base/error_text.h"
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

static void tell_kept(uint32_t kept, bool stream, uint16_t port)
{
    static struct log_limit limits[UPGRADE_STEPS];
    enum upgrade_step step = (enum upgrade_step)(kept >> STEP_SHIFT);
    int error = (int)(kept & ERROR_MASK);
    enum log_level level = level_of(step, error);
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
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
            if (log_wants(served))
                tell_served(served, fd, stream, port, &address);
        } else if (kept != 0 && address.family == AF_INET && address_is_unspecified(&address)) {
            tell_kept(kept, stream, port);
        }
    }
    errno = saved;
}

void server_log_listening(int fd)
{
    const struct socket_record *record = sockets_find(fd);
    if (record != NULL && (atomic_load(&record->flags) & SOCKET_LISTENING) == 0 &&
        (atomic_load(&record->kept) != 0 || log_wants(LOG_LEVEL_INFO)))
        tell_server(fd, record, LOG_LEVEL_INFO);
}

void server_log_bound(int fd, uint16_t port)
{
    const struct socket_record *record = sockets_find(fd);
    enum log_level level = port != 0 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
    if (record != NULL && (log_wants(level) || (port != 0 && atomic_load(&record->kept) != 0)))
        tell_server(fd, record, level);
}

void server_log_left_alone(int fd, const struct ip_address *address, uint16_t port, const char *why)
{
    static struct log_limit limit;
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

static NOINLINE void tell_accepted(int fd, const struct sockaddr_storage *peer, view *shown_as)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    struct ip_address address;
    uint16_t port;
    if (!address_from_sockaddr((const struct sockaddr *)peer, sizeof *peer, &address, &port))
        return;
    if (address_is_mapped(&address))
        address = address_unmap(&address);
    text_add(&line, "descriptor ");
    text_add_number(&line, fd);
    text_add(&line, " is a connection from ");
    text_add_address(&line, &address);
    text_add(&line, " port ");
    text_add_unsigned(&line, port);
    if (address.family == AF_INET6 && shown_as != NULL) {
        struct ip_address shown = address_ipv4(shown_as(&address));
        text_add(&line, ", shown as ");
        text_add_address(&line, &shown);
    }
    log_line(LOG_LEVEL_DEBUG, &line);
}

void server_log_accepted(int fd, const struct sockaddr_storage *peer, view *shown_as)
{
    int saved = errno;
    if (log_wants(LOG_LEVEL_DEBUG))
        tell_accepted(fd, peer, shown_as);
    errno = saved;
}
