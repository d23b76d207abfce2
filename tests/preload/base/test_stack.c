/* Stacks: how much of it each call takes more than it does bare, and stacks that are gone. */
#include "../stack_use.h"
#include "../support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>

/* ---- Calls. What they need is made before, by another thread. */

static struct sockaddr_in peer, datagram_to, server;
static int stream, datagram, listener, connecting, epoll_set;

static struct sockaddr *generic(struct sockaddr_in *address)
{
    return (struct sockaddr *)address;
}

static void look_up_host(void)
{
    gethostbyname(getenv("NAME"));
}

static void look_up_host_again(void)
{
    struct hostent host, *found;
    char buffer[512];
    int error;
    gethostbyname_r(getenv("NAME"), &host, buffer, sizeof buffer, &found, &error);
}

static void look_up_many(void)
{
    struct hostent host, *found;
    char buffer[64];
    int error;
    gethostbyname_r(getenv("CROWD"), &host, buffer, sizeof buffer, &found, &error);
}

static void look_up_info(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(getenv("NAME"), NULL, &hints, &list) == 0)
        freeaddrinfo(list);
}

static void look_up_info_of_many(void)
{
    struct addrinfo hints = {.ai_family = AF_INET}, *list;
    if (getaddrinfo(getenv("CROWD"), NULL, &hints, &list) == 0)
        freeaddrinfo(list);
}

static void look_up_nothing(void)
{
    gethostbyname("nowhere.example");
}

static void look_up_backwards(void)
{
    struct hostent host, *found;
    char buffer[512];
    int error;
    gethostbyaddr_r(&peer.sin_addr, sizeof peer.sin_addr, AF_INET, &host, buffer, sizeof buffer, &found, &error);
}

static void name_peer(void)
{
    char host[64];
    getnameinfo(generic(&peer), sizeof peer, host, sizeof host, NULL, 0, 0);
}

static void read_text(void)
{
    struct in_addr address;
    inet_addr(getenv("PEER"));
    inet_aton(getenv("PEER"), &address);
}

static void make_and_close(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, IPPROTO_IP, IP_TOS, &(int){8}, sizeof(int));
    close(dup(fd));
    close(fd);
}

static void connect_stream(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    connect(fd, generic(&peer), sizeof peer);
    close(fd);
}

static void connect_in_the_background(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in hole = {.sin_family = AF_INET, .sin_addr = server.sin_addr, .sin_port = peer.sin_port};
    fcntl(fd, F_SETFL, O_NONBLOCK);
    connect(fd, generic(&hole), sizeof hole);
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    getsockname(fd, generic(&name), &length);
    getpeername(fd, generic(&name), &length);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    poll(&polled, 1, 0);
    close(fd);
}

static void connect_datagrams(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    connect(fd, generic(&datagram_to), sizeof datagram_to);
    close(fd);
}

static void send_first(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET};
    bind(fd, generic(&any), sizeof any);
    sendto(fd, "x", 1, 0, generic(&datagram_to), sizeof datagram_to);
    close(fd);
}

static void send_used(void)
{
    struct iovec part = {.iov_base = (char[]){'x'}, .iov_len = 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &datagram_to, .msg_namelen = sizeof datagram_to, .msg_iov = &part, .msg_iovlen = 1}};
    sendto(datagram, "x", 1, 0, generic(&datagram_to), sizeof datagram_to);
    sendmsg(datagram, &message.msg_hdr, 0);
    sendmmsg(datagram, &message, 1, 0);
}

static void receive(void)
{
    char data[8], control[128];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &from,
                                          .msg_namelen = sizeof from,
                                          .msg_iov = &part,
                                          .msg_iovlen = 1,
                                          .msg_control = control,
                                          .msg_controllen = sizeof control}};
    const int flags = MSG_DONTWAIT | MSG_PEEK;
    recv(datagram, data, sizeof data, flags);
    recvfrom(datagram, data, sizeof data, flags, generic(&from), &length);
    recvmsg(datagram, &message.msg_hdr, flags);
    recvmmsg(datagram, &message, 1, flags, NULL);
}

/* Of peers that have no alias yet: by recvfrom(), by recvmsg(), by recvmmsg(). */
static int served[3];

static void receive_from_stranger(void)
{
    char data[8];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    recvfrom(served[0], data, sizeof data, MSG_DONTWAIT, generic(&from), &length);
}

static void receive_message_of_stranger(void)
{
    char data[8], control[1024];
    struct sockaddr_in from;
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    recvmsg(served[1], &message, MSG_DONTWAIT);
}

static void receive_messages_of_stranger(void)
{
    static char data[8][8], control[8][1024];
    static struct sockaddr_in from[8];
    static struct iovec parts[8];
    static struct mmsghdr messages[8];
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        parts[i] = (struct iovec){.iov_base = data[i], .iov_len = sizeof data[i]};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                              .msg_namelen = sizeof from[i],
                                              .msg_iov = &parts[i],
                                              .msg_iovlen = 1,
                                              .msg_control = control[i],
                                              .msg_controllen = sizeof control[i]};
    }
    recvmmsg(served[2], messages, sizeof messages / sizeof messages[0], MSG_DONTWAIT, NULL);
}

static void serve(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET};
    bind(fd, generic(&any), sizeof any);
    listen(fd, 1);
    close(fd);
}

static void accept_nobody(void)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    accept(listener, generic(&from), &length);
    accept4(listener, generic(&from), &length, 0);
}

static void ask_names(void)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    int number;
    getsockname(stream, generic(&name), &length);
    getpeername(stream, generic(&name), &length);
    length = sizeof number;
    getsockopt(stream, SOL_SOCKET, SO_DOMAIN, &number, &length);
    ioctl(stream, FIONREAD, &number);
}

static void wait_in_poll(void)
{
    struct pollfd polled[] = {{.fd = datagram, .events = POLLIN}, {.fd = connecting, .events = POLLIN}};
    poll(polled, 2, 0);
}

/* As long as one may be that is copied. */
static void wait_in_long_poll(void)
{
    static struct pollfd polled[256];
    for (size_t i = 0; i < sizeof polled / sizeof polled[0]; i++)
        polled[i] = (struct pollfd){.fd = connecting, .events = POLLIN};
    poll(polled, sizeof polled / sizeof polled[0], 0);
}

static void wait_in_select(void)
{
    fd_set set;
    struct timeval at_once = {0};
    FD_ZERO(&set);
    FD_SET(connecting, &set);
    select(connecting + 1, &set, NULL, NULL, &at_once);
}

/* For sets that are longer than FD_SETSIZE, as programs make them themselves, and as long as one may be that is
   looked at. */
static void wait_in_long_select(void)
{
    enum { COUNT = 16384 };
    static unsigned long sets[3][COUNT / (8 * sizeof(unsigned long))];
    struct timeval at_once = {0};
    FD_SET(connecting, (fd_set *)(void *)sets[0]);
    FD_SET(connecting, (fd_set *)(void *)sets[2]);
    select(COUNT, (fd_set *)(void *)sets[0], (fd_set *)(void *)sets[1], (fd_set *)(void *)sets[2], &at_once);
}

static void wait_in_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll_set, EPOLL_CTL_MOD, datagram, &event);
    epoll_wait(epoll_set, &event, 1, 0);
}

static const struct call {
    const char *name;
    void (*run)(void);
} calls[] = {
    {"gethostbyname", look_up_host},
    {"gethostbyname_r", look_up_host_again},
    {"gethostbyname_r of many", look_up_many},
    {"getaddrinfo", look_up_info},
    {"getaddrinfo of many", look_up_info_of_many},
    {"gethostbyname of nothing", look_up_nothing},
    {"gethostbyaddr_r", look_up_backwards},
    {"getnameinfo", name_peer},
    {"inet_addr, inet_aton", read_text},
    {"socket, close", make_and_close},
    {"connect", connect_stream},
    {"connect in the background", connect_in_the_background},
    {"connect of datagrams", connect_datagrams},
    {"first sendto", send_first},
    {"sendto, sendmsg, sendmmsg", send_used},
    {"recv, recvfrom, recvmsg, recvmmsg", receive},
    {"recvfrom of a stranger", receive_from_stranger},
    {"recvmsg of a stranger", receive_message_of_stranger},
    {"recvmmsg of a stranger", receive_messages_of_stranger},
    {"bind, listen", serve},
    {"accept, accept4", accept_nobody},
    {"getsockname, getpeername, getsockopt, ioctl", ask_names},
    {"poll", wait_in_poll},
    {"poll of many", wait_in_long_poll},
    {"select", wait_in_select},
    {"select of many", wait_in_long_select},
    {"epoll_ctl, epoll_wait", wait_in_epoll},
};

/* A datagram from an address that this process has never seen, to an address of the same family. */
static void send_from_stranger(const char *address, const char *to, uint16_t port)
{
    struct sockaddr_in ipv4 = ipv4_at("192.0.2.1", port);
    struct sockaddr_in6 ipv6 = ipv6_at("::1", port);
    int sender = world_datagrams(address, 0);
    bool is_ipv6 = inet_pton(AF_INET6, to, &ipv6.sin6_addr) == 1;
    syscall(SYS_sendto, sender, "x", 1, 0, is_ipv6 ? (void *)&ipv6 : (void *)&ipv4,
            is_ipv6 ? sizeof ipv6 : sizeof ipv4);
    world_close(sender);
}

static void make_served(void)
{
    static const char *const strangers[][2] = {
        {"192.0.2.2", "2001:db8::11"}, {"192.0.2.3", "2001:db8::12"}, {"192.0.2.4", "2001:db8::5"}};
    for (size_t i = 0; i < sizeof served / sizeof served[0]; i++) {
        struct sockaddr_in name = {.sin_family = AF_INET};
        socklen_t length = sizeof name;
        served[i] = socket(AF_INET, SOCK_DGRAM, 0);
        setsockopt(served[i], IPPROTO_IP, IP_PKTINFO, &(int){1}, sizeof(int));
        bind(served[i], generic(&name), sizeof name);
        getsockname(served[i], generic(&name), &length);
        send_from_stranger(strangers[i][strchr(getenv("PEER"), ':') != NULL], getenv("PEER"), ntohs(name.sin_port));
    }
}

static void make_world(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    peer = datagram_to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = first_address(getenv("PEER_NAME"))};
    peer.sin_port = htons(world_port(world_listen(getenv("PEER"), 0)));
    datagram_to.sin_port = htons(world_port(world_datagrams(getenv("PEER"), 0)));
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = first_address(getenv("HOLE"))};
    stream = socket(AF_INET, SOCK_STREAM, 0);
    connect(stream, generic(&peer), sizeof peer);
    datagram = socket(AF_INET, SOCK_DGRAM, 0);
    sendto(datagram, "x", 1, 0, generic(&datagram_to), sizeof datagram_to);
    make_served();
    listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, generic(&any), sizeof any);
    listen(listener, 1);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    connecting = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(connecting, F_SETFL, O_NONBLOCK);
    server.sin_port = peer.sin_port;
    connect(connecting, generic(&server), sizeof server);
    epoll_set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll_set, EPOLL_CTL_ADD, datagram, &event);
}

/* ---- How much they take */

static void measure(void)
{
    make_world();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        size_t first = stack_use(calls[i].run), again = stack_use(calls[i].run);
        printf("%zu\n", first > again ? first : again);
    }
}

static void set_world(const char *name, const char *peer_name, const char *address, const char *hole,
                      const char *crowd)
{
    setenv("NAME", name, 1);
    setenv("PEER_NAME", peer_name, 1);
    setenv("PEER", address, 1);
    setenv("HOLE", hole, 1);
    setenv("CROWD", crowd, 1);
    setenv("LD_BIND_NOW", "1", 1);
}

static void test_call_took_more_stack_than_bare(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    set_world("one4.example", "one4.example", "192.0.2.1", "hole4.example", "crowd4.example");
    struct part_result bare = *part_run_bare("measure");
    set_world("both.example", "two6.example", "2001:db8::1", "hole-both.example", "crowd.example");
    const struct part_result *shimmed = part_run("measure", NULL);
    assert_int_equal(bare.status, 0);
    assert_int_equal(shimmed->status, 0);
    const char *its = bare.output, *ours = shimmed->output;
    unsigned too_many = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        char *end, *our_end;
        unsigned long before = strtoul(its, &end, 10), with = strtoul(ours, &our_end, 10);
        bool fits = with != 0 && with <= before + STACK_MORE_BYTES;
        if (!fits || getenv("SHOW") != NULL)
            print_message("%s: bare %lu, %ld more\n", calls[i].name, before, (long)with - (long)before);
        too_many += !fits;
        its = end;
        ours = our_end;
    }
    assert_int_equal(too_many, 0);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"measure", measure}, {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_took_more_stack_than_bare),
    };
    return SUPPORT_MAIN(parts, tests);
}
