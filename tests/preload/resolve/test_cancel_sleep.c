/* Threads that are cancelled while a call of ours sleeps for what a name server will never say: they end at once. */
#include "../support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define NAME_SERVER  "127.0.0.1"
#define NAME_SERVICE 53
#define QUESTION     512
#define AT_MOST_S    60 /* less than libc waits for the name server; what is right needs no time */

static void look_up(void)
{
    struct hostent host, *found;
    char buffer[1024];
    int error;
    gethostbyname_r("one4.example", &host, buffer, sizeof buffer, &found, &error);
}

static void look_up_info(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo("one4.example", NULL, &hints, &list) == 0)
        freeaddrinfo(list);
}

static void close_own(void *fd)
{
    close(*(int *)fd);
}

static void connect_to(const char *address)
{
    struct sockaddr_in to = ipv4_at(address, 7001);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    pthread_cleanup_push(close_own, &fd);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    pthread_cleanup_pop(1);
}

/* Where IPv4 has no route, the network's NAT64 is asked for. */
static void connect_without_a_route(void)
{
    connect_to("203.0.113.1");
}

static void connect_to_what_is_redirected(void)
{
    connect_to("192.0.2.77");
}

static const struct operation {
    const char *name;
    void (*run)(void);
} operations[] = {
    {"half of gethostbyname_r", look_up},
    {"half of getaddrinfo", look_up_info},
    {"prefix of NAT64", connect_without_a_route},
    {"name of a redirect", connect_to_what_is_redirected},
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

static void *run_operation(void *operation)
{
    ((const struct operation *)operation)->run();
    return NULL;
}

/* Once the name server is asked, the thread sleeps, or is about to. */
static void cancel_in_its_sleep(const struct operation *operation, int name_server)
{
    char question[QUESTION];
    void *result = NULL;
    pthread_t thread;
    struct timespec limit;
    int before = open_descriptors();
    if (pthread_create(&thread, NULL, run_operation, (void *)(uintptr_t)operation) != 0)
        return;
    while (syscall(SYS_recvfrom, name_server, question, sizeof question, 0, NULL, NULL) < 0 && errno == EINTR)
        continue;
    pthread_cancel(thread);
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += AT_MOST_S;
    bool joined = pthread_timedjoin_np(thread, &result, &limit) == 0;
    printf("%s: %s. ", operation->name,
           !joined                           ? "stays"
           : result != PTHREAD_CANCELED      ? "not cancelled"
           : open_descriptors() > before + 1 ? "left a descriptor" /* libc's resolver has one while it waits */
                                             : "cancelled");
    fflush(stdout);
}

static void cancel_one(void)
{
    int name_server = world_datagrams(NAME_SERVER, NAME_SERVICE), status = -1;
    const struct operation *operation = &operations[atoi(getenv("OPERATION"))];
    cancel_in_its_sleep(operation, name_server);
    pid_t child = fork(); /* a lock that the thread has left would be waited for without an end */
    if (child == 0) {
        alarm(AT_MOST_S);
        _exit(is_alias(alias_of("2001:db8::1")) ? 0 : 1);
    }
    printf("%d", waitpid(child, &status, 0) == child ? status : -1);
    fflush(stdout);
    _exit(0);
}

static void test_cancelled_thread_slept_on(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* they take the frames of cancelled threads for live ones */
    assert_int_equal(system("ip -6 route add default via 2001:db8:9::2 dev hole"),
                     0); /* a network that may have NAT64 */
    write_file("/etc/nsswitch.conf", "hosts: files dns\n");
    write_file("/etc/resolv.conf", "nameserver " NAME_SERVER "\noptions timeout:30 attempts:5\n");
    for (size_t i = 0; i < OPERATIONS; i++) {
        char number[32], expected[128];
        snprintf(number, sizeof number, "OPERATION=%zu", i);
        snprintf(expected, sizeof expected, "%s: cancelled. 0", operations[i].name);
        const char *const variables[] = {number, "V6SHIM_RESOLUTION_DELAY=10000",
                                         "V6SHIM_REDIRECT=192.0.2.77=nowhere.example", NULL};
        assert_string_equal(part_run("cancel", variables)->output, expected);
    }
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"cancel", cancel_one}, {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancelled_thread_slept_on),
    };
    return SUPPORT_MAIN(parts, tests);
}
