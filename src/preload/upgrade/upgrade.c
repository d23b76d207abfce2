/* Puts an AF_INET6 socket in the place of the program's; called by connect(), bind() and what sends datagrams. */
#include "preload/upgrade/upgrade.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "core/address/transport.h"
#include "preload/base/critical_section.h"
#include "preload/log/log.h"
#include "preload/log/log_limit.h"
#include "preload/resolve/resolve.h"
#include "preload/socket/filters.h"
#include "preload/socket/holders.h"
#include "preload/socket/our_mark.h"
#include "preload/socket/replace.h"
#include "preload/socket/sockets.h"
#include "preload/system/high_fd.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/sources.h"
#include "preload/upgrade/forgery.h"
#include "preload/upgrade/port_share.h"
#include "preload/upgrade/requeue.h"
#include "preload/upgrade/spoof_check.h"

/* What an upgrade knows of the socket that goes. */
struct plan {
    int fd;
    struct socket_record *record;
    int type, protocol;
    in_port_t port;                   /* bound to, network byte order; 0 is none */
    const struct ip_address *bind_to; /* NULL: to `port`, if any */
    uint16_t bind_port;
    bool both_families;
    enum upgrade_step step; /* that is being done */
    bool caller_tells;      /* the log what failed */
    bool leaves_peer;       /* it is about to be connected to another one */
    bool connected;         /* a UDP socket that keeps its peer */
    uint32_t children;      /* of this process, when nobody else had the socket */
    bool renewed;           /* it is an AF_INET6 socket already, bound to this: */
    struct in6_addr local;
    uint32_t scope;
    bool waits;       /* with something in its queue, though it has no port any more */
    bool needs_proof; /* what waits in its queue */
    bool screened;    /* the new one has a filter against forged datagrams */
    struct sockaddr_in peer;
};

/* The transport, or -EAFNOSUPPORT. What is on record is believed once the kernel says nothing else of it; only TCP
   has a TCP state. */
static int find_protocol(struct plan *plan)
{
    bool stream = sockets_has(plan->fd, SOCKET_STREAM);
    int state = plan->record == NULL || stream ? kernel_tcp_state(plan->fd) : -ENOPROTOOPT;
    plan->type = stream && state >= 0 ? SOCK_STREAM : kernel_socket_integer(plan->fd, SO_TYPE);
    if (plan->record != NULL && (plan->type == SOCK_STREAM) != stream) {
        plan->record = NULL; /* of another file, which was closed behind our back */
        state = kernel_tcp_state(plan->fd);
    }
    if (plan->record == NULL) {
        int protocol = kernel_socket_integer(plan->fd, SO_PROTOCOL);
        if (!transport_is(plan->type, protocol))
            return -EAFNOSUPPORT;
        sockets_add_ipv4(plan->fd, plan->type, protocol);
        plan->record = sockets_find(plan->fd);
        sockets_set(plan->record, SOCKET_BOUND | SOCKET_FOREIGN); /* for all we know */
    }
    plan->protocol = plan->record != NULL ? atomic_load(&plan->record->protocol) : transport_of(plan->type, 0);
    return plan->type == SOCK_STREAM && state != TCP_CLOSE ? -EISCONN : 0;
}

static int make_plan(int fd, const struct sockaddr_storage *bound, struct plan *plan)
{
    struct sockaddr_in local;
    memcpy(&local, bound, sizeof local);
    plan->fd = fd;
    plan->record = sockets_find(fd);
    int result = find_protocol(plan);
    plan->children = atomic_load(&sockets_children);
    if (result == 0 && holders_include_others(fd))
        result = -EAFNOSUPPORT;
    if (result < 0)
        return result;
    if (plan->type != SOCK_STREAM || sockets_chose_port(plan->record, ntohs(local.sin_port)))
        plan->port = local.sin_port;
    if (plan->port != 0 && plan->bind_to != NULL)
        return -EINVAL; /* bound already, by a datagram perhaps */
    /* A connected UDP socket has a local address too, but none that the program asked for. */
    if (local.sin_addr.s_addr != htonl(INADDR_ANY) &&
        (plan->type == SOCK_STREAM || sockets_has(fd, SOCKET_FAMILY_FIXED)))
        return -EADDRNOTAVAIL;
    socklen_t length = sizeof plan->peer;
    plan->connected = plan->type == SOCK_DGRAM && plan->port != 0 && !plan->leaves_peer &&
                      REAL(getpeername)(fd, (struct sockaddr *)&plan->peer, &length) == 0;
    return 0;
}

/* Where the old socket is, which still has the port, if there is one. */
static int bind_as_before(const struct plan *plan, int socket)
{
    struct sockaddr_in6 local = {
        .sin6_family = AF_INET6, .sin6_port = plan->port, .sin6_addr = plan->local, .sin6_scope_id = plan->scope};
    const struct sockaddr *address = (const struct sockaddr *)&local;
    struct port_share share;
    if (plan->port == 0)
        return REAL(bind)(socket, address, sizeof local) == 0 ? 0 : -errno;
    port_share_begin(&share, plan->fd, socket);
    int result = port_share_bind(&share, address, sizeof local);
    port_share_end(&share);
    return result;
}

static int bind_new(const struct plan *plan, int socket)
{
    struct sockaddr_storage address;
    if (plan->bind_to == NULL)
        return plan->port != 0 || plan->waits ? bind_as_before(plan, socket) : 0;
    socklen_t length = address_to_sockaddr(plan->bind_to, plan->bind_port, &address);
    return REAL(bind)(socket, (const struct sockaddr *)&address, length) == 0 ? 0 : -errno;
}

/* A server's socket is told; for a client's, what the system's sockets are by default (sysctl net.ipv6.bindv6only) is
   asked once in a process. */
static int set_families(const struct plan *plan, int socket)
{
    enum { UNKNOWN, BOTH, IPV6_ONLY };
    static _Atomic int by_default = UNKNOWN;
    int ipv6_only = 0;
    socklen_t length = sizeof ipv6_only;
    if (atomic_load_explicit(&by_default, memory_order_relaxed) == UNKNOWN &&
        REAL(getsockopt)(socket, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, &length) == 0)
        atomic_store_explicit(&by_default, ipv6_only ? IPV6_ONLY : BOTH, memory_order_relaxed);
    if (plan->bind_to == NULL && plan->both_families &&
        atomic_load_explicit(&by_default, memory_order_relaxed) == BOTH)
        return 0;
    ipv6_only = !plan->both_families;
    return REAL(setsockopt)(socket, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, sizeof ipv6_only) == 0 ? 0 : -errno;
}

static int apply_options(struct plan *plan, int socket)
{
    int result = set_families(plan, socket);
    if (result < 0)
        return result;
    if (sockets_has(plan->fd, SOCKET_UNREPLAYABLE))
        return -ENOTSUP;
    sources_prefer(socket);
    /* First of all: an option may lock the filter. */
    bool filtered = sockets_has(plan->fd, SOCKET_FILTERED);
    if (plan->type == SOCK_DGRAM)
        result = forgery_apply(plan->fd, socket, filtered,
                               plan->bind_to != NULL || sockets_has(plan->fd, SOCKET_BOUND), &plan->screened);
    else if (filtered)
        result = filters_copy(plan->fd, socket);
    if (result == 0 && plan->record != NULL)
        result = sockets_replay(plan->record, socket);
    return result;
}

/* What waits in the queue of a UDP socket, and its peer. `old` is a number for the socket that went. */
static void carry_datagrams(const struct plan *plan, int old)
{
    int result = requeue_move(old, plan->fd, plan->needs_proof);
    if (result < 0)
        log_error(LOG_LEVEL_WARNING, "datagrams were lost that waited while IPv6 came to their socket", NULL,
                  -result);
    if (!plan->connected)
        return;
    struct sockaddr_storage peer;
    struct ip_address mapped = address_map(plan->peer.sin_addr);
    socklen_t length = address_to_sockaddr(&mapped, ntohs(plan->peer.sin_port), &peer);
    if (REAL(connect)(plan->fd, (const struct sockaddr *)&peer, length) != 0)
        log_error(LOG_LEVEL_WARNING, "a socket was disconnected when IPv6 came to it", NULL, errno);
}

/* Threads that sleep in recv() on the socket that went are told that nothing comes any more; their hooks then look at
   the new one. Where another thread has made a child meanwhile that has it too, it is not ours to shut down. */
static void wake_sleepers(const struct plan *plan, int old)
{
    if (atomic_load(&sockets_forks) == 0 && atomic_load(&sockets_children) == plan->children)
        REAL(shutdown)(old, SHUT_RDWR);
}

/* Datagrams that come before the numbers are replaced go to the old socket: it stays until all of them are moved. */
static int put_in_place(const struct plan *plan, int socket)
{
    int old = plan->type == SOCK_DGRAM && (plan->port != 0 || plan->waits) ? high_fd_copy(plan->fd) : -EBADF;
    int result = replace_socket(plan->fd, plan->record, socket);
    if (result == 0)
        sockets_set(plan->record, SOCKET_UPGRADED | (plan->port != 0 ? SOCKET_PORT_KEPT : 0));
    if (result == 0 && old >= 0) {
        carry_datagrams(plan, old);
        if (!plan->renewed)
            wake_sleepers(plan, old);
    }
    if (old >= 0)
        REAL(close)(old);
    return result;
}

/* What comes from now on is known to be what it says: none else is let in, or each can be proved. -ENOTSUP where
   neither can be had: the socket stays with IPv4. */
static int keep_forgers_out(const struct plan *plan, int socket)
{
    if (plan->type != SOCK_DGRAM)
        return 0;
    sockets_note_screened(plan->record, plan->screened);
    return plan->screened || spoof_check_begin(socket, plan->record) ? 0 : -ENOTSUP;
}

static void forget_forgers(const struct plan *plan)
{
    sockets_note_screened(plan->record, false);
    sockets_clear(plan->record, SOCKET_PROVEN | SOCKET_WANTS_PKTINFO);
}

/* The error; the log is told, unless the caller does that. */
static int fail(const struct plan *plan, int error, struct log_limit *limit, enum log_level level, const char *words)
{
    if (!plan->caller_tells && log_wants(level) && log_limit_allows(limit))
        log_error(level, words, NULL, -error);
    return error;
}

/* A sandbox or a kernel without IPv6 can be mended: aloud, once. */
static enum log_level level_of_no_socket(const struct plan *plan, int error)
{
    static atomic_bool told;
    bool mendable = error == EAFNOSUPPORT || error == EPERM || error == EACCES;
    return mendable && !plan->caller_tells && !atomic_exchange(&told, true) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
}

static int carry_out(struct plan *plan)
{
    static struct log_limit refused, not_carried;
    plan->step = UPGRADE_SOCKET;
    int socket = REAL(socket)(AF_INET6, plan->type | SOCK_CLOEXEC, plan->protocol);
    if (socket < 0)
        return fail(plan, -errno, &refused, level_of_no_socket(plan, errno),
                    "no IPv6 socket can be made, IPv4 goes on");
    plan->step = UPGRADE_OPTIONS;
    int result = apply_options(plan, socket);
    if (result < 0)
        fail(plan, result, &not_carried, LOG_LEVEL_WARNING,
             "no IPv6 on a socket, since it can't be carried over as the program set it");
    if (result == 0) {
        plan->step = UPGRADE_BIND;
        result = bind_new(plan, socket);
    }
    if (result == 0 && (plan->bind_to != NULL || plan->type == SOCK_DGRAM))
        our_mark_put_on(socket);
    if (result == 0) {
        plan->step = UPGRADE_PLACE;
        result = keep_forgers_out(plan, socket);
        if (result == 0)
            result = put_in_place(plan, socket);
        if (result < 0)
            forget_forgers(plan);
    }
    if (result < 0)
        REAL(close)(socket);
    if (result < 0)
        log_connection(EVENT_KEPT, plan->fd, NULL, 0, result);
    return result;
}

static int upgrade(int fd, struct plan *plan)
{
    int saved = errno;
    struct sockaddr_storage local = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof local;
    if (REAL(getsockname)(fd, (struct sockaddr *)&local, &length) != 0) {
        int error = errno;
        errno = saved;
        return -error;
    }
    if (local.ss_family == AF_INET6 && plan->bind_to == NULL)
        return 0;
    if (local.ss_family != AF_INET)
        return -EAFNOSUPPORT;
    struct critical_section section;
    critical_section_enter(&section);
    int result = make_plan(fd, &local, plan);
    if (result == 0)
        result = carry_out(plan);
    critical_section_leave(&section);
    errno = saved;
    return result;
}

bool upgrade_is_as_made(int fd)
{
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    return REAL(getsockname)(fd, (struct sockaddr *)&local, &length) == 0 && length == sizeof local &&
           local.sin_family == AF_INET && local.sin_port == 0 && local.sin_addr.s_addr == htonl(INADDR_ANY);
}

int upgrade_untouched(int fd)
{
    int saved = errno, result = -ESTALE;
    struct plan plan = {.fd = fd, .type = SOCK_STREAM, .both_families = true};
    struct critical_section section;
    critical_section_enter(&section);
    plan.record = sockets_find(fd);
    plan.children = atomic_load(&sockets_children);
    if (plan.record != NULL && sockets_record_is_untouched(plan.record) && !holders_include_others(fd) &&
        upgrade_is_as_made(fd)) {
        plan.protocol = atomic_load(&plan.record->protocol);
        result = carry_out(&plan);
    }
    critical_section_leave(&section);
    errno = saved;
    return result;
}

int upgrade_renew(int fd)
{
    int saved = errno, result = -EBUSY;
    struct sockaddr_in6 local = {0};
    socklen_t length = sizeof local;
    int ipv6_only = 0;
    struct plan plan = {.fd = fd, .type = SOCK_DGRAM, .renewed = true};
    struct critical_section section;
    critical_section_enter(&section);
    plan.record = sockets_find(fd);
    if (plan.record != NULL && !holders_include_others(fd) &&
        REAL(getsockname)(fd, (struct sockaddr *)&local, &length) == 0 && local.sin6_family == AF_INET6) {
        plan.protocol = atomic_load(&plan.record->protocol);
        plan.port = local.sin6_port;
        if (sockets_has(fd, SOCKET_FAMILY_FIXED)) { /* else it is an address that the former peer gave it */
            plan.local = local.sin6_addr;
            plan.scope = local.sin6_scope_id;
        }
        length = sizeof ipv6_only;
        REAL(getsockopt)(fd, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, &length);
        plan.both_families = ipv6_only == 0;
        plan.waits = plan.port == 0 && requeue_has_work(fd);
        plan.needs_proof = sockets_has(fd, SOCKET_PROVEN);
        uint32_t before = atomic_load(&plan.record->flags);
        sockets_clear(plan.record, SOCKET_PROVEN); /* asked for again */
        result = carry_out(&plan);
        if (result < 0) { /* the old one is as it was */
            sockets_set(plan.record, before & (SOCKET_PROVEN | SOCKET_WANTS_PKTINFO));
            sockets_note_screened(plan.record, (before & SOCKET_SCREENED) != 0);
        }
    }
    critical_section_leave(&section);
    errno = saved;
    return result;
}

int upgrade_socket(int fd)
{
    struct plan plan = {.both_families = true};
    return upgrade(fd, &plan);
}

int upgrade_to_connect(int fd)
{
    struct plan plan = {.both_families = true, .leaves_peer = true};
    return upgrade(fd, &plan);
}

int upgrade_and_bind(int fd, const struct ip_address *address, uint16_t port, bool both_families,
                     enum upgrade_step *step)
{
    struct plan plan = {.bind_to = address,
                        .bind_port = port,
                        .both_families = both_families,
                        .step = UPGRADE_PLAN,
                        .caller_tells = step != NULL};
    int result = upgrade(fd, &plan);
    if (step != NULL)
        *step = plan.step;
    return result;
}

/* With the port of the old one, and listening like it, while that still has the port and listens. */
static int bind_beside(int fd, const struct socket_record *record, int socket, in_port_t port)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = port};
    struct port_share share;
    port_share_begin(&share, fd, socket);
    int result = port_share_bind(&share, (const struct sockaddr *)&local, sizeof local);
    if (result == 0 && sockets_has(fd, SOCKET_LISTENING) && REAL(listen)(socket, atomic_load(&record->backlog)) != 0)
        result = -errno;
    port_share_end(&share);
    return result;
}

static int give_back(int fd, struct socket_record *record)
{
    struct sockaddr_in6 bound = {0};
    socklen_t length = sizeof bound;
    bool stream = sockets_has(fd, SOCKET_STREAM);
    if (REAL(getsockname)(fd, (struct sockaddr *)&bound, &length) != 0)
        return -errno;
    int socket =
        REAL(socket)(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, atomic_load(&record->protocol));
    if (socket < 0)
        return -errno;
    int result = sockets_has(fd, SOCKET_FILTERED) ? filters_copy(fd, socket) : 0;
    if (result == 0)
        result = sockets_replay(record, socket);
    if (result == 0)
        result = bind_beside(fd, record, socket, bound.sin6_port);
    if (result == 0)
        result = replace_socket(fd, record, socket);
    if (result < 0) {
        REAL(close)(socket);
        return result;
    }
    sockets_clear(record, SOCKET_UPGRADED | SOCKET_WILDCARD | SOCKET_PROVEN | SOCKET_WANTS_PKTINFO);
    sockets_note_screened(record, false);
    return result;
}

int upgrade_give_back(int fd)
{
    int saved = errno, result = -ENOENT;
    struct critical_section section;
    critical_section_enter(&section);
    struct socket_record *record = sockets_find(fd);
    if (record != NULL)
        result = holders_include_others(fd) ? -EBUSY : give_back(fd, record);
    if (record != NULL && result < 0)
        log_error(LOG_LEVEL_WARNING, "a port keeps its IPv6 side, which could not be given back to the program", NULL,
                  -result);
    critical_section_leave(&section);
    errno = saved;
    return result;
}

void upgrade_fresh(int fd)
{
    int saved = errno;
    struct sockaddr_in local = {0};
    socklen_t length = sizeof local;
    if (REAL(getsockname)(fd, (struct sockaddr *)&local, &length) == 0 && local.sin_family == AF_INET &&
        local.sin_port == 0)
        upgrade_socket(fd);
    errno = saved;
}

static bool is_only_thread(void)
{
    enum { NAMES_OF_DIRECTORY = 2 };
    struct stat tasks;
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == NAMES_OF_DIRECTORY + 1;
}

struct children {
    bool asked, may_upgrade;
};

static void upgrade_for_child(int fd, void *context)
{
    struct children *children = context;
    if (!children->asked)
        *children = (struct children){.asked = true, .may_upgrade = is_only_thread()};
    if (children->may_upgrade)
        upgrade_fresh(fd);
}

void upgrade_before_fork(void)
{
    int saved = errno;
    struct children children = {false, false};
    if (resolve_has_shown_alias())
        sockets_each_with(SOCKET_FRESH, upgrade_for_child, &children);
    errno = saved;
}

void upgrade_undo_when_ipv4(int fd)
{
    int saved = errno, family = AF_INET;
    if (REAL(setsockopt)(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &family, sizeof family) == 0)
        sockets_clear(sockets_find(fd), SOCKET_UPGRADED);
    errno = saved;
}
