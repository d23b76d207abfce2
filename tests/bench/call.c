/*
 * call: makes each hooked call that takes a descriptor many times, from a function hooked_NAME() of its own, so that
 * callgrind can tell what one costs.
 *
 *     call COUNT unseen|plain
 *
 * on an IPv4 datagram socket that no library has seen being made (by a direct system call, as if it were inherited),
 * or on one that the program made itself. It sends to itself.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>

#include "bench.h"

static int fd, epoll;
static char data[16] = "How do you do?";
static struct sockaddr_in self = {.sin_family = AF_INET};
static struct epoll_event event = {.events = EPOLLIN};
static struct iovec part = {.iov_base = data, .iov_len = sizeof data};

static struct msghdr message_to_self(void)
{
    return (struct msghdr){.msg_name = &self, .msg_namelen = sizeof self, .msg_iov = &part, .msg_iovlen = 1};
}

static void raw_send(void)
{
    syscall(SYS_sendto, fd, data, sizeof data, MSG_DONTWAIT, &self, sizeof self);
}

/* A call that fails costs the same outside of the kernel, unless a hook only then has something to do. */
#define CALL(name, ...)                                                 \
    static __attribute__((noinline)) void hooked_##name(unsigned count) \
    {                                                                   \
        while (count-- > 0) {                                           \
            __VA_ARGS__;                                                \
        }                                                               \
    }

CALL(connect, connect(fd, (struct sockaddr *)&self, sizeof self))
CALL(getpeername, struct sockaddr_in peer; socklen_t length = sizeof peer;
     getpeername(fd, (struct sockaddr *)&peer, &length))
CALL(getsockname, struct sockaddr_in local; socklen_t length = sizeof local;
     getsockname(fd, (struct sockaddr *)&local, &length))
CALL(sendto, sendto(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&self, sizeof self))
CALL(sendto_connected, sendto(fd, data, sizeof data, MSG_DONTWAIT, NULL, 0))
CALL(send, send(fd, data, sizeof data, MSG_DONTWAIT))
CALL(sendmsg, struct msghdr message = message_to_self(); sendmsg(fd, &message, MSG_DONTWAIT))
CALL(sendmmsg, struct mmsghdr message = {.msg_hdr = message_to_self()}; sendmmsg(fd, &message, 1, MSG_DONTWAIT))
CALL(recvfrom, raw_send(); struct sockaddr_in peer; socklen_t length = sizeof peer;
     recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&peer, &length))
CALL(recvmsg, raw_send(); struct msghdr message = message_to_self(); recvmsg(fd, &message, MSG_DONTWAIT))
CALL(recvmmsg, raw_send(); struct mmsghdr message = {.msg_hdr = message_to_self()};
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
CALL(bind, bind(fd, (struct sockaddr *)&self, sizeof self))

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    unsigned count = number(argv[1]);
    fd = strcmp(argv[2], "plain") == 0 ? need(socket(AF_INET, SOCK_DGRAM, 0), "socket")
                                       : raw_socket(AF_INET, SOCK_DGRAM);
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof self;
    need(syscall(SYS_bind, fd, &self, length), "bind");
    need(syscall(SYS_getsockname, fd, &self, &length), "getsockname");
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
    hooked_send(count);
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
