/* Puts relays under the program's numbers; called where a connection is made or accepted. */
#include "preload/relay/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "preload/base/critical_section.h"
#include "preload/log/log.h"
#include "preload/peers/outbound.h"
#include "preload/peers/view.h"
#include "preload/relay/relay_address.h"
#include "preload/relay/relay_process.h"
#include "preload/socket/holders.h"
#include "preload/socket/our_mark.h"
#include "preload/socket/replace.h"
#include "preload/system/high_fd.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"

bool relay_wants(uint16_t port)
{
    const struct port_list *ports = &settings_current()->ftp_ports;
    for (unsigned i = 0; i < ports->count; i++)
        if (ports->ports[i] == port)
            return true;
    return false;
}

bool relay_make_pair(struct relay_pair *pair)
{
    int ends[2], saved = errno;
    *pair = RELAY_NO_PAIR;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
        *pair = (struct relay_pair){.program = high_fd_move(ends[0]), .relay = high_fd_move(ends[1])};
        pair->program_cookie = kernel_socket_cookie(pair->program);
        pair->relay_cookie = kernel_socket_cookie(pair->relay);
    }
    errno = saved;
    return pair->program >= 0;
}

static bool is_ours(int end, uint64_t cookie)
{
    return end >= 0 && cookie != 0 && kernel_socket_cookie(end) == cookie;
}

static void close_end(int *end, uint64_t cookie)
{
    if (is_ours(*end, cookie))
        REAL(close)(*end);
    *end = -1;
}

void relay_close_pair(struct relay_pair *pair)
{
    int saved = errno;
    close_end(&pair->program, pair->program_cookie);
    close_end(&pair->relay, pair->relay_cookie);
    errno = saved;
}

struct ends {
    struct sockaddr_storage own, peer;
    struct ip_address own_address, peer_address;
};

/* False where the socket isn't connected, or not over IPv6. */
static bool read_ends(int network, struct ends *ends)
{
    socklen_t own_length = sizeof ends->own, peer_length = sizeof ends->peer;
    return REAL(getsockname)(network, (struct sockaddr *)&ends->own, &own_length) == 0 &&
           REAL(getpeername)(network, (struct sockaddr *)&ends->peer, &peer_length) == 0 &&
           address_from_sockaddr((struct sockaddr *)&ends->own, own_length, &ends->own_address, NULL) &&
           address_from_sockaddr((struct sockaddr *)&ends->peer, peer_length, &ends->peer_address, NULL) &&
           ends->peer_address.family == AF_INET6 && !address_is_mapped(&ends->peer_address);
}

static struct relay_work plan(const struct ends *ends, const struct relay_pair *pair, int network,
                              enum relay_role role)
{
    struct relay_work work = {.network = network,
                              .local = pair->relay,
                              .role = role,
                              .own = ends->own_address,
                              .peer = ends->peer_address,
                              .own_shown = view_of_local(&ends->own_address)};
    work.translated = role == RELAY_FTP_CLIENT && outbound_recover(&ends->peer_address, &work.peer_shown);
    if (!work.translated)
        work.peer_shown = view_of(&ends->peer_address);
    return work;
}

static bool own_port_is_wanted(int fd)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    struct ip_address address;
    uint16_t port;
    return settings_current()->ftp_ports.count > 0 && REAL(getsockname)(fd, (struct sockaddr *)&own, &length) == 0 &&
           address_from_sockaddr((struct sockaddr *)&own, length, &address, &port) && relay_wants(port);
}

/* What the program has set of this kind is read, and waited for, at its own number. Before that is so. */
static void carry_options(int network, int program)
{
    static const int names[] = {SO_RCVTIMEO, SO_SNDTIMEO, SO_KEEPALIVE, SO_OOBINLINE, SO_LINGER};
    union {
        int number;
        struct timeval time;
        struct linger linger;
    } value;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        socklen_t length = sizeof value;
        if (REAL(getsockopt)(network, SOL_SOCKET, names[i], &value, &length) == 0)
            REAL(setsockopt)(program, SOL_SOCKET, names[i], &value, length);
    }
}

/* Options that a relay wants otherwise than the program. */
struct network_options {
    int urgent_inline, keep_alive, no_delay;
};

static struct network_options read_options(int network)
{
    struct network_options options = {0};
    socklen_t length = sizeof(int);
    REAL(getsockopt)(network, SOL_SOCKET, SO_OOBINLINE, &options.urgent_inline, &length);
    REAL(getsockopt)(network, SOL_SOCKET, SO_KEEPALIVE, &options.keep_alive, &length);
    REAL(getsockopt)(network, IPPROTO_TCP, TCP_NODELAY, &options.no_delay, &length);
    return options;
}

static void undo_set_up(int network, const struct network_options *options)
{
    REAL(fcntl)(network, F_SETFL, 0);
    REAL(setsockopt)(network, SOL_SOCKET, SO_OOBINLINE, &options->urgent_inline, sizeof(int));
    REAL(setsockopt)(network, SOL_SOCKET, SO_KEEPALIVE, &options->keep_alive, sizeof(int));
    REAL(setsockopt)(network, IPPROTO_TCP, TCP_NODELAY, &options->no_delay, sizeof(int));
}

static void set_up(int network, int relay)
{
    const int on = 1;
    REAL(fcntl)(network, F_SETFL, O_NONBLOCK);
    REAL(fcntl)(relay, F_SETFL, O_NONBLOCK);
    /* What is urgent stays in its place among the rest, and is passed on there. */
    REAL(setsockopt)(network, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    REAL(setsockopt)(relay, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    /* Small pieces come one by one, as the program wrote them: none has to wait for the one before. */
    REAL(setsockopt)(network, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* The program can't ask for this any more, and most servers do. */
    REAL(setsockopt)(network, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void tell_begun(int fd, const struct ip_address *peer)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    if (!log_wants(LOG_LEVEL_INFO))
        return;
    text_add(&line, "descriptor ");
    text_add_number(&line, fd);
    text_add(&line, ": what FTP says of addresses to ");
    text_add_address(&line, peer);
    text_add(&line, " is translated, by a process v6shim-relay");
    log_line(LOG_LEVEL_INFO, &line);
}

int relay_install(struct relay_pair *pair, int fd, struct socket_record *record, int network, enum relay_role role)
{
    int saved = errno;
    struct ends ends;
    if (!read_ends(network, &ends))
        return -EAFNOSUPPORT;
    if (!is_ours(pair->program, pair->program_cookie) || !is_ours(pair->relay, pair->relay_cookie))
        return -EBADF;
    struct relay_work work = plan(&ends, pair, network, role);
    const struct network_options options = read_options(network);
    int result = relay_address_give(pair->program, pair->relay, &ends.own, &ends.peer);
    carry_options(network, pair->program);
    if (result == 0)
        result = replace_socket(fd, record, pair->program);
    if (result != 0)
        return result;
    pair->program = -1;
    sockets_set(sockets_find(fd), SOCKET_RELAYED | SOCKET_UPGRADED);
    our_mark_put_on(fd);
    set_up(network, pair->relay);
    result = relay_process_start(&work);
    if (result == 0) {
        tell_begun(fd, &ends.peer_address);
        REAL(close)(network);
    } else {
        log_error(LOG_LEVEL_WARNING, "FTP's addresses are not translated: no process can be made for that", NULL,
                  -result);
        undo_set_up(network, &options);
        sockets_clear(sockets_find(fd), SOCKET_RELAYED);
        if (replace_socket(fd, record, network) != 0)
            REAL(close)(network);
        result = -ECHILD;
    }
    close_end(&pair->relay, pair->relay_cookie);
    errno = saved;
    return result;
}

void relay_insert(int fd, enum relay_role role)
{
    struct ends ends;
    struct relay_pair pair;
    struct critical_section section;
    int saved = errno;
    if (!read_ends(fd, &ends) || holders_include_others(fd) || !relay_make_pair(&pair)) {
        errno = saved;
        return;
    }
    critical_section_enter(&section);
    int network = high_fd_copy(fd);
    if (network >= 0 && relay_install(&pair, fd, sockets_find(fd), network, role) < 0 && pair.program >= 0)
        REAL(close)(network);
    relay_close_pair(&pair);
    critical_section_leave(&section);
    errno = saved;
}

void relay_insert_inherited(int fd)
{
    int saved = errno;
    if (own_port_is_wanted(fd)) {
        uint64_t cookie = kernel_socket_cookie(fd);
        sockets_add_upgraded(fd);
        sockets_set(sockets_find(fd), SOCKET_FOREIGN);
        for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
            if (number != fd && kernel_socket_cookie(number) == cookie)
                sockets_copy(fd, number);
        relay_insert(fd, RELAY_FTP_SERVER);
    }
    errno = saved;
}

void relay_note_listening(int fd)
{
    int saved = errno;
    if (sockets_has(fd, SOCKET_UPGRADED) && own_port_is_wanted(fd))
        sockets_set(sockets_find(fd), SOCKET_RELAYS);
    errno = saved;
}
