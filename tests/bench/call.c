/*
 * call: makes each hooked call that takes a descriptor many times, from a function hooked_NAME() of its own, so that
 * callgrind can tell what one costs.
 *
 *     call COUNT unseen|plain
 *
 * on a descriptor that the program's libraries have not seen being made (a UNIX socket from a direct system call), or
 * on a plain IPv4 socket that the program made itself.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>

#include "bench.h"

static int fd, epoll;
static char data[16] = "How do you do?";
static struct sockaddr_in nobody = {.sin_family = AF_INET};
static struct epoll_event event = {.events = EPOLLIN};
static struct iovec part = {.iov_base = data, .iov_len = sizeof data};

static struct msghdr message_to_nobody(void)
{
    return (struct msghdr){.msg_name = &nobody, .msg_namelen = sizeof nobody, .msg_iov = &part, .msg_iovlen = 1};
}

/* A call that fails costs the same outside of the kernel, unless a hook only then has something to do. */
#define CALL(name, ...)                                                 \
    static __attribute__((noinline)) void hooked_##name(unsigned count) \
    {                                                                   \
        while (count-- > 0) {                                           \
            __VA_ARGS__;                                                \
        }                                                               \
    }

CALL(connect, connect(fd, (struct sockaddr *)&nobody, sizeof nobody))
CALL(getpeername, struct sockaddr_in peer; socklen_t length = sizeof peer;
     getpeername(fd, (struct sockaddr *)&peer, &length))
CALL(getsockname, struct sockaddr_in local; socklen_t length = sizeof local;
     getsockname(fd, (struct sockaddr *)&local, &length))
CALL(sendto, sendto(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&nobody, sizeof nobody))
CALL(sendto_connected, sendto(fd, data, sizeof data, MSG_DONTWAIT, NULL, 0))
CALL(sendmsg, struct msghdr message = message_to_nobody(); sendmsg(fd, &message, MSG_DONTWAIT))
CALL(sendmmsg, struct mmsghdr message = {.msg_hdr = message_to_nobody()}; sendmmsg(fd, &message, 1, MSG_DONTWAIT))
CALL(recvfrom, struct sockaddr_in peer; socklen_t length = sizeof peer;
     recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&peer, &length))
CALL(recvmsg, struct msghdr message = message_to_nobody(); recvmsg(fd, &message, MSG_DONTWAIT))
CALL(recvmmsg, struct mmsghdr message = {.msg_hdr = message_to_nobody()};
     recvmmsg(fd, &message, 1, MSG_DONTWAIT, NULL))
CALL(setsockopt, int on = 1; setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on))
CALL(getsockopt, int on; socklen_t length = sizeof on; getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &length))
CALL(fcntl, fcntl(fd, F_GETFL))
CALL(ioctl, int waiting; ioctl(fd, FIONREAD, &waiting))
CALL(dup, raw_close(dup(fd)))
CALL(dup2, raw_close(dup2(fd, 700)))
CALL(close, close((int)syscall(SYS_dup, fd)))
CALL(epoll_ctl, epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event))
CALL(poll, struct pollfd one = {.fd = fd}; poll(&one, 1, 0))
CALL(select, fd_set set; FD_ZERO(&set); FD_SET(fd, &set); struct timeval none = {0};
     select(fd + 1, &set, NULL, NULL, &none))
CALL(accept, accept(fd, NULL, NULL))
CALL(listen, listen(fd, 1))
CALL(bind, bind(fd, (struct sockaddr *)&nobody, sizeof nobody))

int main(int argc, char **argv)
{
    int pair[2];
    if (argc != 3)
        return 2;
    unsigned count = number(argv[1]);
    if (strcmp(argv[2], "plain") == 0) {
        fd = need(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    } else {
        need(syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
        fd = pair[0];
    }
    nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    nobody.sin_port = htons(9);
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    hooked_getsockname(count);
    hooked_recvfrom(count);
    hooked_recvmsg(count);
    hooked_recvmmsg(count);
    hooked_sendto(count);
    hooked_sendmsg(count);
    hooked_sendmmsg(count);
    hooked_connect(count);
    hooked_sendto_connected(count);
    hooked_getpeername(count);
    hooked_setsockopt(count);
    hooked_getsockopt(count);
    hooked_fcntl(count);
    hooked_ioctl(count);
    hooked_dup(count);
    hooked_dup2(count);
    hooked_close(count);
    hooked_epoll_ctl(count);
    hooked_poll(count);
    hooked_select(count);
    hooked_accept(count);
    hooked_listen(count);
    hooked_bind(count);
    return 0;
}
