/* Pointers that lead nowhere, in every argument of every call: answered as the kernel answers them, with a signal
   only where libc follows them itself (times of select() and its kin). The same part runs bare, over IPv4, and with
   the library, over an alias: it has to print the same. */
#include "../support.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define PAGE ((size_t)4096)

/* Far from where the kernel puts what is mapped, and from the heap. */
#define NOWHERE ((char *)0x40000000)

/* ---- Bad memory */

enum kind { NOT_READABLE, NOT_MAPPED, HALF, NOT_WRITABLE, LAST, FIRST, KINDS };
static const char *const kind_names[KINDS] = {"none", "unmapped", "half", "read-only", "-1", "NULL"};
static char *bad[KINDS];

static char *map(int protection)
{
    return mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_bad_memory(void)
{
    char *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bad[NOT_READABLE] = map(PROT_NONE);
    bad[NOT_MAPPED] = NOWHERE;
    mprotect(two + PAGE, PAGE, PROT_NONE);
    bad[HALF] = two + PAGE - 2;         /* of what takes more than two bytes */
    bad[NOT_WRITABLE] = map(PROT_READ); /* no time, no length, no family */
    bad[LAST] = (char *)-1;
    bad[FIRST] = NULL;
}

/* ---- Sockets in each state */

static struct sockaddr_in peer;
static int stream_listener, datagram_peer;
static uint16_t own_port;

enum state { FRESH_STREAM, CONNECTED, CONNECTING, LISTENING, FRESH_DATAGRAM, USED_DATAGRAM, STATES };
static const char *const state_names[STATES] = {"stream", "connected", "connecting", "listening", "datagram", "used"};

static int make_socket(enum state state)
{
    struct sockaddr_in any = {.sin_family = AF_INET}, to = peer;
    socklen_t length = sizeof any;
    int fd = socket(AF_INET, state < FRESH_DATAGRAM ? SOCK_STREAM : SOCK_DGRAM, 0);
    to.sin_port = htons(world_port(state < FRESH_DATAGRAM ? stream_listener : datagram_peer));
    switch (state) {
    case CONNECTED:
        connect(fd, (struct sockaddr *)&to, sizeof to);
        break;
    case CONNECTING:
        to.sin_addr = first_address(getenv("HOLE"));
        fcntl(fd, F_SETFL, O_NONBLOCK);
        connect(fd, (struct sockaddr *)&to, sizeof to);
        break;
    case LISTENING:
    case USED_DATAGRAM:
        bind(fd, (struct sockaddr *)&any, sizeof any);
        getsockname(fd, (struct sockaddr *)&any, &length);
        own_port = ntohs(any.sin_port);
        if (state == LISTENING)
            listen(fd, 8);
        else
            sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
        break;
    default:
        break;
    }
    return fd;
}

/* What comes to a socket of ours, so that there is something to be received: sent past the library. */
static int world_reach(int type)
{
    struct sockaddr_in ipv4 = ipv4_at("192.0.2.1", own_port);
    struct sockaddr_in6 ipv6 = ipv6_at("2001:db8::1", own_port);
    bool over_ipv6 = strchr(getenv("PEER"), ':') != NULL;
    long fd = syscall(SYS_socket, over_ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
    const void *to = over_ipv6 ? (const void *)&ipv6 : (const void *)&ipv4;
    if (syscall(SYS_connect, fd, to, over_ipv6 ? sizeof ipv6 : sizeof ipv4) != 0)
        printf("unreachable: %s ", strerror(errno));
    if (type == SOCK_DGRAM)
        syscall(SYS_sendto, fd, "y", 1, 0, NULL, 0);
    return (int)fd;
}

/* ---- Calls */

static int fd;             /* the socket that is looked at */
static const char *called; /* for the handler */
static sigjmp_buf out;

static void on_fault(int number)
{
    printf("%s: signal %d\n", called, number);
    siglongjmp(out, 1);
}

static void say(long result, int error)
{
    if (result < 0)
        printf("%s: %s\n", called, error_name(error));
    else
        printf("%s: %ld\n", called, result);
}

#define CALL(name, expression)          \
    do {                                \
        called = name;                  \
        if (sigsetjmp(out, 1) == 0) {   \
            errno = 0;                  \
            long result = (expression); \
            say(result, errno);         \
        }                               \
    } while (0)

/* What the call reads of `p`. */
static void give(void *p)
{
    char byte = 'x';
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct sockaddr_in to = peer;
    to.sin_port = htons(world_port(datagram_peer));
    struct msghdr named = {.msg_name = p, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    struct msghdr scattered = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = p, .msg_iovlen = 1};
    struct msghdr controlled = {.msg_name = &to,
                                .msg_namelen = sizeof to,
                                .msg_iov = &part,
                                .msg_iovlen = 1,
                                .msg_control = p,
                                .msg_controllen = CMSG_SPACE(sizeof(int))};
    struct mmsghdr several = {.msg_hdr = named};
    int set = epoll_create1(EPOLL_CLOEXEC);
    fd_set none;
    FD_ZERO(&none);
    CALL("connect", connect(fd, p, sizeof to));
    CALL("connect, long", connect(fd, p, sizeof(struct sockaddr_in6)));
    CALL("bind", bind(fd, p, sizeof to));
    CALL("bind, long", bind(fd, p, sizeof(struct sockaddr_in6)));
    CALL("sendto", sendto(fd, "x", 1, MSG_NOSIGNAL, p, sizeof to));
    CALL("sendmsg", sendmsg(fd, p, MSG_NOSIGNAL));
    CALL("sendmsg, name", sendmsg(fd, &named, MSG_NOSIGNAL));
    CALL("sendmsg, vector", sendmsg(fd, &scattered, MSG_NOSIGNAL));
    CALL("sendmsg, control", sendmsg(fd, &controlled, MSG_NOSIGNAL));
    CALL("sendmmsg", sendmmsg(fd, p, 1, MSG_NOSIGNAL));
    CALL("sendmmsg, name", sendmmsg(fd, &several, 1, MSG_NOSIGNAL));
    CALL("setsockopt", setsockopt(fd, SOL_SOCKET, SO_RCVBUF, p, sizeof(int)));
    CALL("setsockopt, IP", setsockopt(fd, IPPROTO_IP, IP_TOS, p, sizeof(int)));
    CALL("setsockopt, packet information", setsockopt(fd, IPPROTO_IP, IP_PKTINFO, p, sizeof(int)));
    CALL("epoll_ctl", epoll_ctl(set, EPOLL_CTL_ADD, fd, p));
    if (p != NULL) { /* which is for ever */
        CALL("ppoll, time", ppoll(NULL, 0, p, NULL));
        CALL("select, time", select(0, NULL, NULL, NULL, p));
        CALL("pselect, time", pselect(0, &none, NULL, NULL, p, NULL));
    }
    CALL("FIONBIO", ioctl(fd, FIONBIO, p));
    close(set);
}

/* What it writes there, or reads and writes. */
static void take(void *p)
{
    char byte, room[128];
    struct sockaddr_in from;
    socklen_t length = sizeof from, of_room = sizeof room;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr named = {.msg_name = p, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
    struct msghdr controlled = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = p, .msg_controllen = CMSG_SPACE(sizeof(int))};
    struct mmsghdr several = {.msg_hdr = named};
    CALL("getsockname", getsockname(fd, p, &length));
    length = sizeof from;
    CALL("getsockname, length", getsockname(fd, (struct sockaddr *)&from, p));
    CALL("getpeername", getpeername(fd, p, &length));
    length = sizeof from;
    CALL("getpeername, length", getpeername(fd, (struct sockaddr *)&from, p));
    CALL("getsockopt", getsockopt(fd, SOL_SOCKET, SO_TYPE, p, &of_room));
    of_room = sizeof room;
    CALL("getsockopt, length", getsockopt(fd, SOL_SOCKET, SO_TYPE, room, p));
    CALL("getsockopt, IP", getsockopt(fd, IPPROTO_IP, IP_TOS, p, &of_room));
    of_room = sizeof room;
    CALL("getsockopt, domain", getsockopt(fd, SOL_SOCKET, SO_DOMAIN, p, &of_room));
    of_room = sizeof room;
    CALL("getsockopt, packet information", getsockopt(fd, IPPROTO_IP, IP_PKTINFO, p, &of_room));
    CALL("recvfrom, data", recvfrom(fd, p, 1, MSG_DONTWAIT | MSG_PEEK, NULL, NULL));
    CALL("recvfrom", recvfrom(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK, p, &length));
    CALL("recvfrom, length", recvfrom(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK, (struct sockaddr *)&from, p));
    CALL("recvmsg", recvmsg(fd, p, MSG_DONTWAIT | MSG_PEEK));
    CALL("recvmsg, name", recvmsg(fd, &named, MSG_DONTWAIT | MSG_PEEK));
    CALL("recvmsg, control", recvmsg(fd, &controlled, MSG_DONTWAIT | MSG_PEEK));
    CALL("recvmmsg", recvmmsg(fd, p, 1, MSG_DONTWAIT | MSG_PEEK, NULL));
    CALL("recvmmsg, name", recvmmsg(fd, &several, 1, MSG_DONTWAIT | MSG_PEEK, NULL));
    several.msg_hdr.msg_name = NULL;
    CALL("recvmmsg, time", recvmmsg(fd, &several, 1, MSG_DONTWAIT | MSG_PEEK, p));
    CALL("poll", poll(p, 1, 0));
    CALL("SIOCOUTQ", ioctl(fd, SIOCOUTQ, p));
}

static void take_waiting(void *p)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    fd_set set;
    struct timespec moment = {0};
    FD_ZERO(&set);
    FD_SET(fd, &set);
    CALL("ppoll, time", ppoll(&polled, 1, p, NULL));
    CALL("ppoll", ppoll(p, 1, &moment, NULL));
    CALL("select, time", select(fd + 1, &set, NULL, NULL, p));
    struct timeval at_once = {0};
    CALL("select", select(fd + 1, p, NULL, NULL, &at_once));
    FD_SET(fd, &set);
    CALL("select, writable", select(fd + 1, &set, p, NULL, &at_once));
}

static void accept_into(void *p)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    for (volatile int i = 0; i < 4; i++) {
        int caller = world_reach(SOCK_STREAM);
        const char *names[] = {"accept", "accept, length", "accept4", "accept4, length"};
        int before = open_descriptors();
        CALL(names[i], i == 0   ? accept(fd, p, &length)
                       : i == 1 ? accept(fd, (struct sockaddr *)&from, p)
                       : i == 2 ? accept4(fd, p, &length, SOCK_CLOEXEC)
                                : accept4(fd, (struct sockaddr *)&from, p, SOCK_CLOEXEC));
        printf("%d descriptors\n", open_descriptors() - before);
        world_close(caller);
    }
}

static void execute_with(void *p)
{
    char name[] = "/bin/true", *arguments[] = {name, NULL}, *environment[] = {p, NULL};
    CALL("execve", execve(name, arguments, p));
    CALL("execve, variable", execve(name, arguments, environment));
}

/* ---- All of them */

static void each_call(enum state state, enum kind kind)
{
    int reached = -1;
    printf("-- %s, %s\n", state_names[state], kind_names[kind]);
    fd = make_socket(state);
    give(bad[kind]);
    close(fd);
    fd = make_socket(state);
    if (state == USED_DATAGRAM)
        reached = world_reach(SOCK_DGRAM);
    take(bad[kind]);
    if (kind != FIRST)
        take_waiting(bad[kind]);
    if (state == LISTENING)
        accept_into(bad[kind]);
    if (kind == NOT_READABLE || kind == NOT_MAPPED)
        execute_with(bad[kind]);
    close(fd);
    if (reached >= 0)
        world_close(reached);
}

static void each_pointer(void)
{
    struct sigaction action = {.sa_handler = on_fault};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    make_bad_memory();
    peer = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = first_address(getenv("NAME"))};
    stream_listener = world_listen(getenv("PEER"), 0);
    datagram_peer = world_datagrams(getenv("PEER"), 0);
    syscall(SYS_listen, stream_listener, 128); /* nobody accepts, or closes */
    for (enum state state = 0; state < STATES; state++)
        for (enum kind kind = 0; kind < KINDS; kind++)
            each_call(state, kind);
}

static void set_world(const char *name, const char *address, const char *hole)
{
    setenv("NAME", name, 1);
    setenv("PEER", address, 1);
    setenv("HOLE", hole, 1);
}

/* The first line that differs, with what it is about. */
static void compare(const char *bare, const char *shimmed)
{
    const char *about = bare;
    while (*bare != '\0' || *shimmed != '\0') {
        int length = (int)strcspn(bare, "\n"), other = (int)strcspn(shimmed, "\n");
        if (strncmp(bare, "-- ", 3) == 0)
            about = bare;
        bool by_libc = strncmp(bare + strcspn(bare, ":"), ": signal", 8) == 0; /* it is spared that, then */
        if (!by_libc && (length != other || strncmp(bare, shimmed, (size_t)length) != 0))
            fail_msg("%.*s: bare %.*s, with the library %.*s", (int)strcspn(about, "\n"), about, length, bare, other,
                     shimmed);
        bare += length + (bare[length] == '\n');
        shimmed += other + (shimmed[other] == '\n');
    }
}

static void test_bad_pointer_was_followed(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* they look at the arguments themselves */
    set_world("one4.example", "192.0.2.1", "hole4.example");
    struct part_result bare = *part_run_bare("each pointer");
    set_world("one6.example", "2001:db8::1", "hole-both.example");
    const struct part_result *shimmed = part_run("each pointer", NULL);
    assert_int_equal(bare.status, 0);
    compare(bare.output, shimmed->output);
    assert_int_equal(shimmed->status, 0);
}

/* ---- Memory that is gone */

static ucontext_t caller_context, coroutine;

static void ask_from(const struct sockaddr_in *to)
{
    int stream = socket(AF_INET, SOCK_STREAM, 0), datagram = socket(AF_INET, SOCK_DGRAM, 0);
    struct iovec part = {.iov_base = (void *)(uintptr_t) "x", .iov_len = 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = (void *)(uintptr_t)to, .msg_namelen = sizeof *to, .msg_iov = &part, .msg_iovlen = 1}};
    fd = stream;
    CALL("connect", connect(fd, (const struct sockaddr *)to, sizeof *to));
    fd = datagram;
    CALL("bind", bind(fd, (const struct sockaddr *)to, sizeof *to));
    CALL("sendto", sendto(fd, "x", 1, 0, (const struct sockaddr *)to, sizeof *to));
    CALL("sendmsg", sendmsg(fd, &message.msg_hdr, 0));
    CALL("sendmmsg", sendmmsg(fd, &message, 1, 0));
    close(stream);
    close(datagram);
}

static void ask_twice_from(const struct sockaddr_in *to)
{
    ask_from(to); /* where the thread is looked at longer */
    ask_from(to);
}

static struct sockaddr_in *on_coroutine;

static void run_coroutine(void)
{
    struct sockaddr_in to = ipv4_at("192.0.2.1", 9);
    on_coroutine = &to;
    ask_twice_from(&to);
}

/* Calls from a stack that is unmapped then, and with pointers to there. */
static void *ask_from_gone_stack(void *nothing)
{
    const size_t size = 64 * PAGE;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sockaddr_in to = ipv4_at("192.0.2.1", 9);
    ask_twice_from(&to);
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = size;
    coroutine.uc_link = &caller_context;
    makecontext(&coroutine, run_coroutine, 0);
    swapcontext(&caller_context, &coroutine);
    munmap(stack, size);
    puts("gone");
    ask_twice_from(on_coroutine);
    return nothing;
}

/* The same with the end of the heap, which is given back. */
static void ask_from_gone_heap(void)
{
    puts("heap");                         /* for which libc takes memory, the first time */
    char *end = sbrk(2 * (intptr_t)PAGE); /* which may be in the middle of a page */
    struct sockaddr_in *to = (struct sockaddr_in *)(void *)(end + PAGE);
    *to = ipv4_at("192.0.2.1", 9);
    ask_twice_from(to);
    sbrk(-2 * (intptr_t)PAGE);
    puts("gone");
    ask_twice_from(to);
}

static void part_gone_memory(void)
{
    pthread_t thread;
    signal(SIGSEGV, on_fault);
    ask_from_gone_heap();
    ask_from_gone_stack(NULL);
    assert_int_equal(pthread_create(&thread, NULL, ask_from_gone_stack, NULL), 0);
    pthread_join(thread, NULL);
}

static void test_memory_that_is_gone_was_read(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    struct part_result bare = *part_run_bare("gone memory");
    const struct part_result *shimmed = part_run("gone memory", NULL);
    assert_int_equal(bare.status, 0);
    assert_null(strstr(bare.output, "gone\nconnect: ECONNREFUSED\n"));
    assert_string_equal(shimmed->output, bare.output);
}

/* ---- Good memory, again and again */

#define OFTEN 40 /* so often a page is looked at before it is believed, and a few times more */

static volatile sig_atomic_t questions;

static void count_question(int number)
{
    (void)number;
    questions++;
}

/* From now on the question to the kernel whether memory can be written is a signal. */
static void count_questions(void)
{
    struct sock_filter is_question[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_WAKE_OP_PRIVATE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof is_question / sizeof is_question[0], is_question};
    signal(SIGSYS, count_question);
    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void receive_often(int server, struct sockaddr_in *from, socklen_t *length)
{
    struct sockaddr_in own = {0};
    socklen_t own_length = sizeof own;
    assert_int_equal(getsockname(server, (struct sockaddr *)&own, &own_length), 0);
    int client = world_datagrams("192.0.2.2", 0);
    own.sin_addr.s_addr = inet_addr("192.0.2.1");
    for (int i = 0; i < OFTEN; i++) {
        char byte;
        *length = sizeof *from;
        assert_int_equal(syscall(SYS_sendto, client, "x", 1, 0, &own, sizeof own), 1);
        assert_int_equal(recvfrom(server, &byte, 1, 0, (struct sockaddr *)from, length), 1);
    }
    syscall(SYS_close, client);
}

/* A server that keeps the addresses of its peers in memory of its own. */
static void part_often(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    char *memory = map(PROT_READ | PROT_WRITE);
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&any, sizeof any), 0);
    socklen_t *length = (socklen_t *)(void *)(memory + PAGE / 2);
    receive_often(server, (struct sockaddr_in *)(void *)memory, length);
    count_questions();
    receive_often(server, (struct sockaddr_in *)(void *)memory, length);
    printf("%d\n", (int)questions);
}

static void test_memory_was_looked_at_for_each_datagram(void **state)
{
    (void)state;
    if (under_sanitizer("") || filters_hang())
        skip();
    assert_string_equal(part_output("often", NULL), "0\n");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"each pointer", each_pointer}, {"often", part_often}, {"gone memory", part_gone_memory}, {0}};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_pointer_was_followed),
                                       cmocka_unit_test(test_memory_that_is_gone_was_read),
                                       cmocka_unit_test(test_memory_was_looked_at_for_each_datagram)};
    return SUPPORT_MAIN(parts, tests);
}
