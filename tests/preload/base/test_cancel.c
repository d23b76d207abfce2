/* Threads that are cancelled in calls of ours: no lock, descriptor or state stays behind. */
#include "../support.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>

#define IN_TIME_S   20
#define MOST_POINTS 200 /* an operation has fewer calls that can be cancelled */
#define OF_THREAD   2   /* descriptors that the thread of the races has while it lives */

/* ---- What a cancelled thread has called */

static uint16_t stream_port, datagram_port;

static int socket_to(const char *name, int type, uint16_t port, struct sockaddr_in *to)
{
    *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = first_address(name)};
    return socket(AF_INET, type, 0);
}

/* The program's own descriptor, which is closed whatever happens. */
static void close_own(void *fd)
{
    int *lets = dlsym(RTLD_DEFAULT, "canceller_lets");
    if (lets != NULL)
        *lets = -1;
    if (*(int *)fd >= 0)
        close(*(int *)fd);
}

static void race(void)
{
    struct sockaddr_in to;
    int fd = socket_to("far-and-near.example", SOCK_STREAM, stream_port, &to);
    pthread_cleanup_push(close_own, &fd);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    pthread_cleanup_pop(1);
}

static void lose_a_race(void)
{
    struct sockaddr_in to;
    int fd = socket_to("half-hole.example", SOCK_STREAM, stream_port, &to);
    pthread_cleanup_push(close_own, &fd);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    pthread_cleanup_pop(1);
}

static void race_in_the_background(void)
{
    struct sockaddr_in to;
    int fd = socket_to("half-hole.example", SOCK_STREAM, stream_port, &to);
    pthread_cleanup_push(close_own, &fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    poll(&polled, 1, 0);
    fcntl(fd, F_SETFL, 0); /* ends it */
    pthread_cleanup_pop(1);
}

static void close_a_race(void)
{
    struct sockaddr_in to;
    int fd = socket_to("hole-both.example", SOCK_STREAM, stream_port, &to);
    pthread_cleanup_push(close_own, &fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    int closed = fd;
    if (close(closed) == 0)
        fd = -1;
    pthread_cleanup_pop(1);
}

static void connect_alone(void)
{
    struct sockaddr_in to;
    int fd = socket_to("one6.example", SOCK_STREAM, stream_port, &to);
    pthread_cleanup_push(close_own, &fd);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    pthread_cleanup_pop(1);
}

static void send_datagrams(void)
{
    struct sockaddr_in to, from;
    socklen_t length = sizeof from;
    char data[8];
    int fd = socket_to("one6.example", SOCK_DGRAM, datagram_port, &to);
    pthread_cleanup_push(close_own, &fd);
    sendto(fd, "a", 1, 0, (struct sockaddr *)&to, sizeof to);
    recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    send(fd, "a", 1, 0);
    recv(fd, data, sizeof data, MSG_DONTWAIT);
    pthread_cleanup_pop(1);
}

/* A socket with something in its queue, which has to be carried over. */
static void exchange_a_used_socket(void)
{
    struct sockaddr_in to, here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof here;
    int fd = socket_to("one6.example", SOCK_DGRAM, datagram_port, &to);
    pthread_cleanup_push(close_own, &fd);
    here.sin_addr.s_addr = htonl(INADDR_ANY);
    bind(fd, (struct sockaddr *)&here, sizeof here);
    getsockname(fd, (struct sockaddr *)&here, &length);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sendto(fd, "a", 1, 0, (struct sockaddr *)&here, sizeof here);
    sendto(fd, "a", 1, 0, (struct sockaddr *)&to, sizeof to);
    pthread_cleanup_pop(1);
}

static void serve(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    pthread_cleanup_push(close_own, &fd);
    bind(fd, (struct sockaddr *)&any, sizeof any);
    listen(fd, 1);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    accept(fd, NULL, NULL);
    pthread_cleanup_pop(1);
}

static void look_up(void)
{
    int none = -1;
    struct addrinfo hints = {.ai_family = AF_INET}, *list = NULL;
    char buffer[1024];
    struct hostent host, *found;
    int error;
    pthread_cleanup_push(close_own, &none);
    gethostbyname_r("both.example", &host, buffer, sizeof buffer, &found, &error);
    if (getaddrinfo("two6.example", NULL, &hints, &list) == 0)
        freeaddrinfo(list);
    pthread_cleanup_pop(0);
}

static const struct operation {
    const char *name;
    void (*run)(void);
} operations[] = {
    {"race", race},
    {"lost race", lose_a_race},
    {"race in the background", race_in_the_background},
    {"closed race", close_a_race},
    {"one address", connect_alone},
    {"datagrams", send_datagrams},
    {"used socket", exchange_a_used_socket},
    {"server", serve},
    {"lookups", look_up},
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

/* ---- Each point */

struct turn {
    const struct operation *operation;
    int lets, calls;
};

static void *cancelled_at(void *data)
{
    struct turn *turn = data;
    int *lets = dlsym(RTLD_DEFAULT, "canceller_lets"), *calls = dlsym(RTLD_DEFAULT, "canceller_calls");
    *lets = turn->lets;
    turn->operation->run();
    *lets = -1;
    turn->calls = *calls;
    pthread_testcancel();
    return NULL;
}

static void *join_in_time(pthread_t thread, const char *what)
{
    void *result = NULL;
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += IN_TIME_S;
    if (pthread_timedjoin_np(thread, &result, &limit) != 0) {
        printf("%s: stays. ", what);
        fflush(stdout);
        _exit(0);
    }
    return result;
}

/* A lock that nobody holds any more would be waited for without an end, with all signals blocked. */
static pid_t start_watchdog(void)
{
    pid_t watchdog = fork();
    if (watchdog == 0) {
        sleep(6 * IN_TIME_S);
        kill(getppid(), SIGKILL);
        _exit(0);
    }
    return watchdog;
}

static bool fork_works(void)
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(IN_TIME_S);
        race();
        _exit(0);
    }
    waitpid(child, &status, 0);
    return status == 0;
}

static void cancel_each_point_of(const struct operation *operation)
{
    int points = 0;
    for (bool reached = true; reached && points < MOST_POINTS; points++) {
        struct turn turn = {.operation = operation, .lets = points};
        pthread_t thread;
        if (pthread_create(&thread, NULL, cancelled_at, &turn) != 0)
            return;
        reached = join_in_time(thread, operation->name) == PTHREAD_CANCELED;
    }
    if (points < 3)
        printf("%s: only %d points. ", operation->name, points);
}

static void cancel_each_point(void)
{
    struct turn nothing = {.operation = &operations[2], .lets = -1};
    pthread_t thread;
    pthread_create(&thread, NULL, cancelled_at, &nothing); /* what is made once is made now */
    join_in_time(thread, "warming up");
    for (size_t i = 0; i < OPERATIONS; i++) {
        int before = open_descriptors();
        cancel_each_point_of(&operations[i]);
        int left = open_descriptors() - before;
        if (left > OF_THREAD)
            printf("%s: %d descriptors stay. ", operations[i].name, left);
        if (!fork_works())
            printf("%s: no fork. ", operations[i].name);
    }
}

static void test_cancellation_left_something_behind(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* they take the frames of cancelled threads for live ones */
    char preload[4096], streams[32], datagrams[32];
    int listener = world_listen("2001:db8::1", 0), listener4 = world_listen("192.0.2.1", world_port(listener));
    int receiver = world_datagrams("2001:db8::1", 0);
    pid_t server = world_serve(listener), server4 = world_serve(listener4);
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s:%s/tests/preload/.libs/canceller.so", getenv("TEST_PRELOAD"),
             getenv("LAB_BUILD"));
    snprintf(streams, sizeof streams, "STREAM_PORT=%d", world_port(listener));
    snprintf(datagrams, sizeof datagrams, "DATAGRAM_PORT=%d", world_port(receiver));
    const char *const variables[] = {
        preload, streams, datagrams, "V6SHIM_ATTEMPT_DELAY=100", "V6SHIM_OTHER_PRELOADS=ignore", NULL};
    assert_string_equal(part_output("each point", variables), "");
    world_stop(server);
    world_stop(server4);
    world_close(listener);
    world_close(listener4);
    world_close(receiver);
}

/* ---- A jump out of a connect() whose time is limited */

static sigjmp_buf out;
static _Atomic int limited;

static long limit_of(int fd)
{
    struct timeval limit = {0};
    socklen_t length = sizeof limit;
    getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &length);
    return (long)(limit.tv_sec * 1000000 + limit.tv_usec);
}

/* Not before the limit is set, after which the thread soon sleeps. */
static void jump_when_limited(int number)
{
    if (limit_of(limited) != 0)
        siglongjmp(out, number);
}

/* What lay on the stack is gone. */
__attribute__((noinline)) static void overwrite_stack(void)
{
    volatile char stack[16384];
    for (size_t i = 0; i < sizeof stack; i++)
        stack[i] = 0x5a;
}

static void *jump_and_end(void *unused)
{
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    struct sockaddr_in to;
    (void)unused;
    limited = socket_to("half-hole.example", SOCK_STREAM, 1, &to);
    signal(SIGALRM, jump_when_limited);
    if (sigsetjmp(out, 1) == 0) {
        setitimer(ITIMER_REAL, &often, NULL);
        connect(limited, (struct sockaddr *)&to, sizeof to);
        printf("connect() returned: %s. ", strerror(errno));
    }
    setitimer(ITIMER_REAL, &never, NULL);
    close(socket(AF_INET, SOCK_STREAM, 0));
    printf("limit %ld", limit_of(limited));
    overwrite_stack();
    pthread_cancel(pthread_self());
    pthread_testcancel();
    return NULL;
}

static void jump_out_of_limit(void)
{
    pid_t watchdog = start_watchdog();
    pthread_t thread;
    void *result = NULL;
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_create(&thread, NULL, jump_and_end, NULL);
    pthread_sigmask(SIG_BLOCK, &alarms, NULL);
    pthread_join(thread, &result);
    printf(result == PTHREAD_CANCELED ? ", cancelled" : ", not cancelled");
    kill(watchdog, SIGKILL);
}

static void test_jump_left_a_time_limit(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    static const char *const variables[] = {"V6SHIM_CONNECT=order",       "V6SHIM_PREFER=ipv4",
                                            "V6SHIM_LOG=quiet",           "V6SHIM_STATE_DIR=/proc/none",
                                            "V6SHIM_SILENCE_LIMIT=30000", NULL};
    assert_string_equal(part_output("jump", variables), "limit 0, cancelled");
}

static void start_each_point(void)
{
    stream_port = (uint16_t)atoi(getenv("STREAM_PORT"));
    datagram_port = (uint16_t)atoi(getenv("DATAGRAM_PORT"));
    pid_t watchdog = start_watchdog();
    cancel_each_point();
    kill(watchdog, SIGKILL);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"each point", start_each_point}, {"jump", jump_out_of_limit}, {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancellation_left_something_behind),
        cmocka_unit_test(test_jump_left_a_time_limit),
    };
    return SUPPORT_MAIN(parts, tests);
}
