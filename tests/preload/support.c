#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define FAILED     99 /* automake: an error of the test itself */
#define WORLD_WAIT 60000

/* ---- Starting */

static void start_again(const char *program, const char *with, char *const *arguments)
{
    execv(program, arguments);
    fprintf(stderr, "cannot start %s: %s\n", with, strerror(errno));
    exit(FAILED);
}

static void enter(int argc, char **argv)
{
    static char script[] = TEST_SOURCE "/in_namespace.sh", shell[] = "/bin/sh";
    if (getenv("TEST_PRELOAD") == NULL) {
        char **arguments = calloc((size_t)argc + 3, sizeof *arguments);
        arguments[0] = shell;
        arguments[1] = script;
        memcpy(arguments + 2, argv, (size_t)argc * sizeof *argv);
        start_again(shell, script, arguments);
    }
    if (getenv("LD_PRELOAD") == NULL && getenv("TEST_BARE") == NULL) {
        setenv("LD_PRELOAD", getenv("TEST_PRELOAD"), 1);
        start_again(argv[0], argv[0], argv);
    }
}

int support_run(int argc, char **argv, const struct part *parts, const struct CMUnitTest *tests, size_t count)
{
    enter(argc, argv);
    if (argc == 3 && strcmp(argv[1], "--part") == 0) {
        for (; parts != NULL && parts->name != NULL; parts++) {
            if (strcmp(parts->name, argv[2]) == 0) {
                parts->run();
                return 0;
            }
        }
        fprintf(stderr, "no part %s\n", argv[2]);
        return FAILED;
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return _cmocka_run_group_tests(strrchr(argv[0], '/') + 1, tests, count, NULL, NULL);
}

/* ---- Parts */

static void in_child(const char *name, const char *const variables[], bool bare, int output, int complaints)
{
    char program[] = "/proc/self/exe", option[] = "--part", copy[64];
    dup2(output, STDOUT_FILENO);
    dup2(complaints, STDERR_FILENO);
    if (bare) {
        unsetenv("LD_PRELOAD");
        setenv("TEST_BARE", "yes", 1);
    }
    for (; variables != NULL && *variables != NULL; variables++)
        putenv(strdup(*variables));
    snprintf(copy, sizeof copy, "%s", name);
    char *arguments[] = {program, option, copy, NULL};
    /* execv() would put our entry of LD_PRELOAD back. */
    syscall(SYS_execve, program, arguments, environ);
    _exit(FAILED);
}

static void read_both(int output, int complaints, struct part_result *result)
{
    struct pollfd sources[] = {{.fd = output, .events = POLLIN}, {.fd = complaints, .events = POLLIN}};
    char *into[] = {result->output, result->complaints};
    size_t used[] = {0, 0};
    while (sources[0].fd >= 0 || sources[1].fd >= 0) {
        if (poll(sources, 2, -1) < 0)
            continue;
        for (int i = 0; i < 2; i++) {
            if (sources[i].revents == 0)
                continue;
            ssize_t count = read(sources[i].fd, into[i] + used[i], PART_OUTPUT_SIZE - 1 - used[i]);
            if (count > 0)
                used[i] += (size_t)count;
            else
                sources[i].fd = -1;
        }
    }
    into[0][used[0]] = into[1][used[1]] = '\0';
}

static const struct part_result *run(const char *name, const char *const variables[], bool bare)
{
    static struct part_result result;
    int output[2], complaints[2];
    fflush(stdout);
    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(complaints, O_CLOEXEC) != 0)
        fail_msg("no pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0)
        in_child(name, variables, bare, output[1], complaints[1]);
    close(output[1]);
    close(complaints[1]);
    read_both(output[0], complaints[0], &result);
    close(output[0]);
    close(complaints[0]);
    if (child < 0 || waitpid(child, &result.status, 0) != child)
        fail_msg("part %s: %s", name, strerror(errno));
    return &result;
}

const struct part_result *part_run(const char *name, const char *const variables[])
{
    return run(name, variables, false);
}

const struct part_result *part_run_bare(const char *name)
{
    return run(name, NULL, true);
}

const char *part_output(const char *name, const char *const variables[])
{
    const struct part_result *result = part_run(name, variables);
    if (result->status != 0 || result->complaints[0] != '\0')
        fail_msg("part %s: status %#x, output: %s, complaints: %s", name, (unsigned)result->status, result->output,
                 result->complaints);
    return result->output;
}

/* ---- Addresses */

struct sockaddr_in ipv4_at(const char *address, uint16_t port)
{
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, address, &result.sin_addr), 1);
    return result;
}

struct sockaddr_in6 ipv6_at(const char *address, uint16_t port)
{
    struct sockaddr_in6 result = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET6, address, &result.sin6_addr), 1);
    return result;
}

const char *text_of(struct in_addr address)
{
    static __thread char texts[4][INET_ADDRSTRLEN];
    static __thread unsigned next;
    char *text = texts[next++ % 4];
    return inet_ntop(AF_INET, &address, text, INET_ADDRSTRLEN);
}

bool is_alias(struct in_addr address)
{
    return (ntohl(address.s_addr) & 0xffc00000) == 0xf0400000; /* 240.64.0.0/10 */
}

struct in_addr first_address(const char *name)
{
    const struct hostent *host = gethostbyname(name);
    struct in_addr address;
    if (host == NULL || host->h_length != sizeof address)
        fail_msg("%s is not found", name);
    memcpy(&address, host->h_addr_list[0], sizeof address);
    return address;
}

struct in_addr alias_of(const char *ipv6)
{
    struct in_addr address = first_address(ipv6);
    assert_true(is_alias(address));
    return address;
}

/* ---- The rest of the world: no call here may be an interposed one */

static socklen_t any_address(const char *address, uint16_t port, struct sockaddr_storage *result)
{
    memset(result, 0, sizeof *result);
    if (strchr(address, ':') != NULL) {
        struct sockaddr_in6 ipv6 = ipv6_at(address, port);
        memcpy(result, &ipv6, sizeof ipv6);
        return sizeof ipv6;
    }
    struct sockaddr_in ipv4 = ipv4_at(address, port);
    memcpy(result, &ipv4, sizeof ipv4);
    return sizeof ipv4;
}

static int world_bind(const char *address, uint16_t port, int type)
{
    struct sockaddr_storage local;
    socklen_t length = any_address(address, port, &local);
    int on = 1;
    long fd = syscall(SYS_socket, local.ss_family, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail_msg("no socket: %s", strerror(errno));
    if (type == SOCK_STREAM)
        syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (local.ss_family == AF_INET6)
        syscall(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (syscall(SYS_bind, fd, &local, length) != 0)
        fail_msg("%s %u cannot be bound: %s", address, port, strerror(errno));
    return (int)fd;
}

int world_listen(const char *address, uint16_t port)
{
    int fd = world_bind(address, port, SOCK_STREAM);
    assert_int_equal(syscall(SYS_listen, fd, 16), 0);
    return fd;
}

int world_datagrams(const char *address, uint16_t port)
{
    return world_bind(address, port, SOCK_DGRAM);
}

uint16_t world_port(int fd)
{
    struct sockaddr_in6 local;
    socklen_t length = sizeof local;
    assert_int_equal(syscall(SYS_getsockname, fd, &local, &length), 0);
    return ntohs(local.sin6_port);
}

int world_accept(int fd, char *peer, size_t size)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    struct timespec limit = {.tv_sec = WORLD_WAIT / 1000};
    struct sockaddr_in6 address;
    socklen_t length = sizeof address;
    char text[INET6_ADDRSTRLEN];
    if (syscall(SYS_ppoll, &waiting, 1, &limit, NULL, 0) != 1)
        fail_msg("nobody connects");
    long connection = syscall(SYS_accept4, fd, &address, &length, SOCK_CLOEXEC);
    assert_true(connection >= 0);
    const void *bytes = &address.sin6_addr;
    struct sockaddr_in ipv4;
    if (address.sin6_family == AF_INET) {
        memcpy(&ipv4, &address, sizeof ipv4);
        bytes = &ipv4.sin_addr;
    }
    inet_ntop(address.sin6_family, bytes, text, sizeof text);
    if (peer != NULL)
        snprintf(peer, size, "%s %u", text, ntohs(address.sin6_port));
    return (int)connection;
}

void world_close(int fd)
{
    syscall(SYS_close, fd);
}

pid_t world_serve(int fd)
{
    pid_t server = fork();
    assert_true(server >= 0);
    if (server != 0)
        return server;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        long connection = syscall(SYS_accept4, fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection >= 0)
            syscall(SYS_close, connection);
    }
}

void world_stop(pid_t server)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

long world_packets_lost(void)
{
    char line[512];
    long packets = -1;
    FILE *file = fopen("/proc/net/dev", "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *counters = strstr(line, "pool:");
        if (counters != NULL)
            sscanf(counters, "pool: %*u %*u %*u %*u %*u %*u %*u %*u %*u %ld", &packets);
    }
    fclose(file);
    assert_true(packets >= 0);
    return packets;
}

void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0)
        fail_msg("%s can't be written", path);
}

/* ---- Looking at this process */

bool under_sanitizer(const char *which)
{
    const char *sanitizers = getenv("SANITIZERS");
    return sanitizers != NULL && sanitizers[0] != '\0' && strstr(sanitizers, which) != NULL;
}

bool filters_hang(void)
{
    const char *answer = getenv("FILTERS_HANG");
    return answer != NULL && answer[0] != '\0';
}

int socket_family(int fd)
{
    int family = -1;
    socklen_t length = sizeof family;
    syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return family;
}

int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += syscall(SYS_fcntl, fd, F_GETFD) >= 0;
    return count;
}

void skip_before_glibc(int minor, const char *what)
{
    char version[64];
    int ours = -1;
    if (confstr(_CS_GNU_LIBC_VERSION, version, sizeof version) > 0 && sscanf(version, "glibc 2.%d", &ours) == 1 &&
        ours >= minor)
        return;
    printf("# SKIPPED: %s needs glibc 2.%d\n", what, minor);
    skip();
}

int lowest_free_number(void)
{
    int number = open("/dev/null", O_RDONLY);
    world_close(number);
    return number;
}

long milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static char state_of(pid_t thread)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    world_close(fd);
    if (size < 0)
        return '?';
    text[size] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' ? name_end[2] : '?';
}

void wait_until_asleep(const _Atomic pid_t *thread)
{
    for (int tries = 0; tries < WORLD_WAIT && (*thread == 0 || state_of(*thread) != 'S'); tries++)
        usleep(1000);
}
