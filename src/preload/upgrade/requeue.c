/* Moves waiting datagrams to the socket that takes the place; called by preload/upgrade/upgrade.c. */
#include "preload/upgrade/requeue.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/address/address.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/upgrade/spoof_check.h"

#define DATAGRAM_SIZE 65536 /* none is longer */
#define DATAGRAMS     4096  /* more than a queue holds: a sender that never stops must not keep us here */
#define ERRORS        16    /* that may wait in front of the datagrams, each told once */

/* An address of the kind that every host may choose for itself (RFC 4193), with the true source in its last bytes, or
   the place where that is kept. */
struct disguise {
    uint8_t unique_local;
    uint8_t kind; /* of enum kind */
    uint8_t secret[8];
    union {
        struct {
            uint8_t address[4], port[2];
        } ipv4;
        uint8_t serial[4]; /* of what is in `kept` */
    };
};
_Static_assert(sizeof(struct disguise) == sizeof(struct in6_addr), "a disguise is an address");
#define UNIQUE_LOCAL 0xfd
enum kind { SOURCE_IPV4, SOURCE_KEPT };

/* Sources of IPv6, which have no room in an address: the latest ones. What waits for longer has lost its source: it
   is never shown as that of another one. */
static struct {
    struct in6_addr address;
    in_port_t port;
    uint32_t scope;
    _Atomic uint64_t serial; /* + 1; 0 while it is written */
} kept[DATAGRAMS];
static _Atomic uint32_t kept_count;

static _Atomic uint64_t secret; /* of this process and its children; 0: nothing was ever moved */

static bool make_secret(void)
{
    uint64_t made = 0, none = 0;
    if (atomic_load(&secret) != 0)
        return true;
    if (syscall(SYS_getrandom, &made, sizeof made, GRND_NONBLOCK) != sizeof made || made == 0)
        return false;
    atomic_compare_exchange_strong(&secret, &none, made);
    return true;
}

static struct in6_addr disguise_of(const struct sockaddr_storage *source)
{
    struct disguise disguise = {.unique_local = UNIQUE_LOCAL};
    struct in6_addr address;
    const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)source;
    const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)source;
    uint64_t word = atomic_load(&secret);
    memcpy(disguise.secret, &word, sizeof word);
    if (source->ss_family == AF_INET) {
        memcpy(disguise.ipv4.address, &ipv4->sin_addr, sizeof disguise.ipv4.address);
        memcpy(disguise.ipv4.port, &ipv4->sin_port, sizeof disguise.ipv4.port);
    } else {
        uint32_t serial = atomic_fetch_add(&kept_count, 1), place = serial % DATAGRAMS;
        atomic_store(&kept[place].serial, 0);
        kept[place].address = ipv6->sin6_addr;
        kept[place].port = ipv6->sin6_port;
        kept[place].scope = ipv6->sin6_scope_id;
        atomic_store(&kept[place].serial, (uint64_t)serial + 1);
        disguise.kind = SOURCE_KEPT;
        memcpy(disguise.serial, &serial, sizeof serial);
    }
    memcpy(&address, &disguise, sizeof address);
    return address;
}

/* A socket that sends to `to`, from any address. */
static int make_carrier(int to)
{
    struct sockaddr_in6 destination = {0};
    socklen_t length = sizeof destination;
    int on = 1;
    if (REAL(getsockname)(to, (struct sockaddr *)&destination, &length) != 0)
        return -errno;
    if (IN6_IS_ADDR_UNSPECIFIED(&destination.sin6_addr))
        destination.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
    int carrier = REAL(socket)(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, kernel_socket_integer(to, SO_PROTOCOL));
    if (carrier < 0)
        return -errno;
    if (REAL(setsockopt)(carrier, IPPROTO_IP, IP_FREEBIND, &on, sizeof on) == 0 &&
        REAL(connect)(carrier, (const struct sockaddr *)&destination, sizeof destination) == 0)
        return carrier;
    int error = errno;
    REAL(close)(carrier);
    return -error;
}

static int carry(int carrier, void *data, size_t size, const struct sockaddr_storage *source)
{
    struct in6_pktinfo information = {.ipi6_addr = disguise_of(source)};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof information)];
    } control = {
        .header = {.cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = CMSG_LEN(sizeof information)}};
    memcpy(CMSG_DATA(&control.header), &information, sizeof information);
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    return REAL(sendmsg)(carrier, &message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int move_all(int from, int carrier, void *data, bool needs_proof)
{
    unsigned moved = 0, errors = 0;
    while (moved < DATAGRAMS && errors < ERRORS) {
        struct sockaddr_storage source = {.ss_family = AF_UNSPEC};
        socklen_t length = sizeof source;
        ssize_t size = needs_proof ? spoof_check_receive(from, data, DATAGRAM_SIZE, MSG_DONTWAIT, &source, &length)
                                   : REAL(recvfrom)(from, data, DATAGRAM_SIZE, MSG_DONTWAIT,
                                                    (struct sockaddr *)&source, &length);
        if (size < 0 && errno == EAGAIN)
            return 0;
        if (size < 0) {
            errors++;
            continue;
        }
        requeue_show_source(&source); /* it may have been moved before */
        int result = carry(carrier, data, (size_t)size, &source);
        if (result < 0)
            return result;
        moved++;
    }
    return 0;
}

/* What is sent to the port must not reach another socket than this one: one that shares it, or, from the loopback
   device, none at all. */
static bool may_miss(int to)
{
    return kernel_socket_integer(to, SO_REUSEADDR) > 0 || kernel_socket_integer(to, SO_REUSEPORT) > 0 ||
           kernel_socket_integer(to, SO_BINDTOIFINDEX) > 0;
}

bool requeue_has_work(int from)
{
    char nothing;
    int saved = errno;
    bool empty = REAL(recvfrom)(from, &nothing, 0, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) < 0 && errno == EAGAIN;
    errno = saved;
    return !empty;
}

int requeue_move(int from, int to, bool needs_proof)
{
    int saved = errno, result = 0;
    if (requeue_has_work(from)) {
        int carrier = may_miss(to) ? -EADDRINUSE : make_secret() ? make_carrier(to) : -EAGAIN;
        /* Not on the stack: it may be a signal handler's. */
        void *data = mmap(NULL, DATAGRAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        result = carrier < 0 ? carrier : data == MAP_FAILED ? -ENOMEM : move_all(from, carrier, data, needs_proof);
        if (data != MAP_FAILED)
            munmap(data, DATAGRAM_SIZE);
        if (carrier >= 0)
            REAL(close)(carrier);
    }
    errno = saved;
    return result;
}

/* The wildcard, which is nobody, where it has been displaced. */
static void show_kept(const struct disguise *disguise, struct sockaddr_in6 *name)
{
    uint32_t serial;
    memcpy(&serial, disguise->serial, sizeof serial);
    uint32_t place = serial % DATAGRAMS;
    bool was_there = atomic_load(&kept[place].serial) == (uint64_t)serial + 1;
    name->sin6_addr = kept[place].address;
    name->sin6_port = kept[place].port;
    name->sin6_scope_id = kept[place].scope;
    if (was_there && atomic_load(&kept[place].serial) == (uint64_t)serial + 1)
        return;
    name->sin6_addr = (struct in6_addr)IN6ADDR_ANY_INIT;
    name->sin6_port = 0;
    name->sin6_scope_id = 0;
}

void requeue_show_source(struct sockaddr_storage *source)
{
    uint64_t word = atomic_load_explicit(&secret, memory_order_relaxed);
    struct sockaddr_in6 *name = (struct sockaddr_in6 *)source;
    struct disguise disguise;
    if (word == 0 || source->ss_family != AF_INET6)
        return;
    memcpy(&disguise, &name->sin6_addr, sizeof disguise);
    if (disguise.unique_local != UNIQUE_LOCAL || memcmp(disguise.secret, &word, sizeof word) != 0)
        return;
    if (disguise.kind == SOURCE_KEPT) {
        show_kept(&disguise, name);
        return;
    }
    struct in_addr ipv4;
    memcpy(&ipv4, disguise.ipv4.address, sizeof ipv4);
    memcpy(&name->sin6_port, disguise.ipv4.port, sizeof name->sin6_port);
    struct ip_address mapped = address_map(ipv4);
    name->sin6_addr = mapped.ipv6;
}
