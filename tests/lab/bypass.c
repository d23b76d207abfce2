/*
 * Ways round an interposed connect(): looks a name up as old programs do, and goes to its first address by another
 * way than the connect() that a preloaded library defines. Usage: bypass WAY NAME PORT. Prints what the server says;
 * "not here" where this machine has no such way.
 *
 *   connect      the usual way, to compare with
 *   handle       dlsym() of libc's own handle, as foreign function interfaces do
 *   underscore   __connect(), which libc exports beside it
 *   syscall      a system call of its own
 *   deepbind     an object opened with RTLD_DEEPBIND, whose calls go to libc (bypass_object.c)
 *   lookup       libc's gethostbyname() by handle, then the usual connect()
 *   rpc          libc's own Sun RPC connects
 *   sendto, sent a datagram by the usual sendto(), and by a system call of its own
 *   resolver     the name is that of the name server to be asked: libc's resolver sends to it (PORT: of that)
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_SIZE 256

typedef int connect_function(int fd, const struct sockaddr *address, socklen_t length);

static int by_syscall(int fd, const struct sockaddr *address, socklen_t length)
{
    return (int)syscall(SYS_connect, fd, address, length);
}

static void *in_libc(const char *symbol)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY);
    return libc != NULL ? dlsym(libc, symbol) : NULL;
}

/* The connect() of a way that is one; NULL: not here. */
static connect_function *connect_by(const char *way)
{
    connect_function *function = connect;
    if (strcmp(way, "handle") == 0)
        *(void **)&function = in_libc("connect");
    else if (strcmp(way, "underscore") == 0)
        *(void **)&function = in_libc("__connect");
    else if (strcmp(way, "syscall") == 0)
        function = by_syscall;
    else if (strcmp(way, "deepbind") == 0) {
        void *object = dlopen("bypass_object.so", RTLD_NOW | RTLD_DEEPBIND);
        if (object == NULL)
            fprintf(stderr, "%s\n", dlerror());
        *(void **)&function = object != NULL ? dlsym(object, "bypass_connect") : NULL;
    }
    return function;
}

static const struct hostent *look_up(const char *way, const char *name)
{
    struct hostent *(*function)(const char *) = gethostbyname;
    if (strcmp(way, "lookup") == 0)
        *(void **)&function = in_libc("gethostbyname");
    return function(name);
}

static int complain(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

static int print_answer(int fd)
{
    char answer[ANSWER_SIZE];
    ssize_t length = recv(fd, answer, sizeof answer, 0);
    if (length < 0)
        return complain("recv");
    fwrite(answer, 1, (size_t)length, stdout);
    return 0;
}

static int connect_and_print(const char *way, const struct sockaddr_in *to)
{
    connect_function *function = connect_by(way);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (function == NULL) {
        puts("not here");
        return 0;
    }
    return function(fd, (const struct sockaddr *)to, sizeof *to) != 0 ? complain("connect") : print_answer(fd);
}

static int send_and_print(const char *way, const struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval limit = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ssize_t sent = strcmp(way, "sendto") == 0 ? sendto(fd, "question", 8, 0, (const struct sockaddr *)to, sizeof *to)
                                              : syscall(SYS_sendto, fd, "question", 8, 0, to, sizeof *to);
    return sent != 8 ? complain("sendto") : print_answer(fd);
}

/* clnttcp_create() of libc, which programs of before 2012 are linked with. */
static int call_rpc(struct sockaddr_in *to)
{
    int fd = -1;
    void *(*create)(struct sockaddr_in *, unsigned long, unsigned long, int *, unsigned, unsigned);
#if defined __x86_64__
    *(void **)&create = dlvsym(RTLD_DEFAULT, "clnttcp_create", "GLIBC_2.2.5");
#else
    *(void **)&create = NULL;
#endif
    if (create == NULL) {
        puts("not here");
        return 0;
    }
    return create(to, 100003, 3, &fd, 0, 0) == NULL ? complain("clnttcp_create") : print_answer(fd);
}

static int ask_resolver(const struct sockaddr_in *server)
{
    unsigned char answer[NS_PACKETSZ];
    res_init();
    _res.nsaddr_list[0] = *server;
    _res.nscount = 1;
    if (res_query("v4only.lab.example", C_IN, T_A, answer, sizeof answer) < 0)
        return complain("res_query");
    puts("answered via inet");
    return 0;
}

int main(int argc, char **argv)
{
    unsigned short port = 0;
    if (argc != 4 || sscanf(argv[3], "%hu", &port) != 1) {
        fprintf(stderr, "usage: bypass WAY NAME PORT\n");
        return 2;
    }
    const char *way = argv[1];
    const struct hostent *host = look_up(way, argv[2]);
    if (host == NULL)
        return complain(argv[2]);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&to.sin_addr, host->h_addr_list[0], sizeof to.sin_addr);
    if (strncmp(way, "sen", 3) == 0)
        return send_and_print(way, &to);
    if (strcmp(way, "rpc") == 0)
        return call_rpc(&to);
    return strcmp(way, "resolver") == 0 ? ask_resolver(&to) : connect_and_print(way, &to);
}
