/* Servers whose connections are relayed, and sockets that only look like the end of a relay. */
#include "../support.h"

#include "conversation.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../deny.h"
#include "preload/base/newer_names.h"

#define SERVED_PORT 2121

static void test_server_was_not_translated(void **state)
{
    (void)state;
    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons(SERVED_PORT)}, peer;
    struct sockaddr_in6 from = ipv6_at("2001:db8::2", 0), to = ipv6_at("2001:db8::1", SERVED_PORT);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&all, sizeof all), 0);
    assert_int_equal(listen(listener, 5), 0);
    int client = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(syscall(SYS_bind, client, &from, sizeof from), 0);
    assert_int_equal(syscall(SYS_connect, client, &to, sizeof to), 0);
    socklen_t length = sizeof peer;
    int program = accept(listener, (struct sockaddr *)&peer, &length);
    assert_true(program >= 0);
    assert_string_equal(text_of(peer.sin_addr), text_of(alias_of("2001:db8::2")));
    say(program, "220 here\r\n");
    hear(client, "220 here\r\n");
    say(client, "EPSV\r\n");
    hear(program, "PASV\r\n");
    say(client, "EPRT |2|2001:db8::3|5000|\r\n");
    say(program, "227 ok (0,0,0,0,19,137)\r\n");
    char text[256] = "";
    struct pollfd polled = {.fd = client, .events = POLLIN};
    while (strstr(text, "504") == NULL && poll(&polled, 1, IN_TIME_MS) == 1)
        assert_true(read(client, text + strlen(text), sizeof text - 1 - strlen(text)) > 0);
    assert_non_null(strstr(text, "(|||5001|)"));
    close(program);
    hear_end(client);
    world_close(client);
    close(listener);
}

/* ---- The relay's own process */

/* One field of /proc/PID/status. */
static long status_of(const char *pid, const char *field)
{
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%.32s/status", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            value = strtol(line + strlen(field), NULL, 0);
    if (file != NULL)
        fclose(file);
    return value;
}

static bool find_relay(char pid[32])
{
    DIR *directory = opendir("/proc");
    bool found = false;
    for (struct dirent *entry; !found && (entry = readdir(directory)) != NULL;) {
        char path[300], name[64] = "";
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        found = file != NULL && fgets(name, sizeof name, file) != NULL && strcmp(name, "v6shim-relay\n") == 0;
        if (found)
            snprintf(pid, 32, "%.31s", entry->d_name);
        if (file != NULL)
            fclose(file);
    }
    closedir(directory);
    return found;
}

static int count_descriptors(const char *pid)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%.32s/fd", pid);
    DIR *directory = opendir(path);
    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        closedir(directory);
    return count - 2; /* "." and ".." */
}

static void test_relay_kept_more_than_it_needs(void **state)
{
    (void)state;
    char pid[32], link[64], directory[64] = "";
    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons(SERVED_PORT)};
    struct sockaddr_in6 to = ipv6_at("2001:db8::1", SERVED_PORT);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (geteuid() != 0)
        skip(); /* another user's process can't be looked at */
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&all, sizeof all), 0);
    assert_int_equal(listen(listener, 5), 0);
    int client = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(syscall(SYS_connect, client, &to, sizeof to), 0);
    int program = accept(listener, NULL, NULL);
    say(program, "220 here\r\n");
    hear(client, "220 here\r\n"); /* so it is at work, and has all this behind it */
    assert_true(find_relay(pid));
    assert_int_equal(count_descriptors(pid), 2);
    assert_int_equal(status_of(pid, "NoNewPrivs:"), 1);
    assert_int_equal(status_of(pid, "Seccomp:"), 2);
    assert_int_equal(getsid((pid_t)strtol(pid, NULL, 10)), strtol(pid, NULL, 10));
    snprintf(link, sizeof link, "/proc/%.32s/cwd", pid);
    assert_true(readlink(link, directory, sizeof directory - 1) > 0);
    assert_string_equal(directory, "/");
    long user = status_of(pid, "Uid:");
    assert_true(user == 65534 || user == 0); /* where this namespace has no nobody */
    if (access("/proc/self/uid_map", R_OK) == 0 && status_of("self", "Uid:") == 0 && setegid(65534) == 0) {
        assert_int_equal(setegid(0), 0);
        assert_int_equal(user, 65534);
    }
    close(program);
    hear_end(client);
    world_close(client);
    close(listener);
}

/* ---- A server that is given the orphans of others, as process 1 of a container is */

static volatile sig_atomic_t children_ended;

static void note_child(int number)
{
    (void)number;
    children_ended++;
}

static void serve_one(int listener)
{
    struct sockaddr_in6 to = ipv6_at("2001:db8::1", SERVED_PORT);
    int client = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(syscall(SYS_connect, client, &to, sizeof to), 0);
    int program = accept(listener, NULL, NULL);
    say(client, "EPSV\r\n");
    hear(program, "PASV\r\n");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    close(program);
    hear_end(client);
    world_close(client);
}

static void test_reaper_heard_of_relays(void **state)
{
    (void)state;
    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons(SERVED_PORT)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, left = 0;
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&all, sizeof all), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    signal(SIGCHLD, note_child);
    for (int i = 0; i < 3; i++) {
        serve_one(listener);
        poll(NULL, 0, 200);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
    }
    while (waitpid(-1, NULL, WNOHANG | __WCLONE) > 0) /* of the latest alone there is something left */
        left++;
    assert_in_range(left, 0, 1);
    assert_int_equal(children_ended, 0);
    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    close(listener);
}

/* ---- A client that forks while its connection isn't there yet */

#define HIGH_NUMBERS 256 /* of descriptors that are none of the program's */

static int high_sockets(void)
{
    int count = 0;
    for (int fd = HIGH_NUMBERS; fd < 8 * HIGH_NUMBERS; fd++) {
        struct stat status;
        count += fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
    }
    return count;
}

/* The child would hold the program's end of the pair, so that the relay never saw it closed, and the relay's. */
static void test_child_kept_ends_of_a_pair(void **state)
{
    (void)state;
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(SERVED_PORT), .sin_addr = first_address("hole6.example")};
    int before = high_sockets(), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_true(high_sockets() > before);
    pid_t child = fork();
    if (child == 0)
        _exit(high_sockets());
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    close(fd);
    assert_int_equal(high_sockets(), before);
}

/* A program that closes all numbers, past the hooks, and opens files under them: those are its own. */
static void test_file_under_number_of_a_pair_was_closed(void **state)
{
    (void)state;
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(SERVED_PORT), .sin_addr = first_address("hole6.example")};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), files = 0, left = 0;
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, EINPROGRESS);
    for (int number = HIGH_NUMBERS; number < 8 * HIGH_NUMBERS; number++)
        files += syscall(SYS_close, number) == 0 && syscall(SYS_dup3, STDIN_FILENO, number, 0) == number;
    assert_true(files > 0);
    close(fd);
    for (int number = HIGH_NUMBERS; number < 8 * HIGH_NUMBERS; number++)
        left += syscall(SYS_close, number) == 0;
    assert_int_equal(left, files);
}

/* A kernel before 5.9, which can't close a range, and a limit that was lowered since. */
static int relay_keeps_pipe(int listener)
{
    int ends[2];
    struct rlimit limit;
    struct pollfd polled = {.events = POLLIN};
    if (pipe(ends) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    int high = (int)limit.rlim_cur - 1;
    if (syscall(SYS_dup3, ends[1], high, 0) != high)
        return -1;
    limit.rlim_cur /= 2;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    deny(SYS_close_range, ANY_ARGUMENT, 0, ENOSYS);
    struct sockaddr_in6 to = ipv6_at("2001:db8::1", SERVED_PORT);
    int client = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    syscall(SYS_connect, client, &to, sizeof to);
    int program = accept(listener, NULL, NULL);
    say(client, "EPSV\r\n");
    hear(program, "PASV\r\n");
    close(ends[1]);
    close(high);
    polled.fd = ends[0];
    return poll(&polled, 1, 2000) != 1 || (polled.revents & POLLHUP) == 0;
}

static void test_relay_kept_numbers_above_the_limit(void **state)
{
    (void)state;
    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons(SERVED_PORT)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, status = -1;
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&all, sizeof all), 0);
    assert_int_equal(listen(listener, 5), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(relay_keeps_pipe(listener));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(listener);
}

/* ---- Forged names: a socket of another user's that is called like the end of a relay */

static int forged_pair(uid_t user)
{
    int channel[2], pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } rights = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    char byte = 0;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights};
    pid_t child = fork();
    if (child == 0) {
        static const char *const sides[] = {"own", "peer"};
        if (user != 0 && syscall(SYS_setuid, user) != 0)
            _exit(1);
        if (syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair) != 0)
            _exit(1);
        for (int i = 0; i < 2; i++) {
            struct sockaddr_un name = {.sun_family = AF_UNIX};
            int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1,
                                  "v6shim-relay %s 20010db8000000000000000000000009 00000000 0015 %016x", sides[i],
                                  (unsigned)user);
            if (syscall(SYS_bind, pair[i], &name, offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length) != 0)
                _exit(1);
        }
        memcpy(CMSG_DATA(&rights.header), &pair[0], sizeof pair[0]);
        _exit(syscall(SYS_sendmsg, channel[1], &message, 0) != 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(recvmsg(channel[0], &message, 0), 1);
    close(channel[0]);
    close(channel[1]);
    memcpy(&pair[0], CMSG_DATA(&rights.header), sizeof pair[0]);
    return pair[0];
}

static void test_forged_name_was_believed(void **state)
{
    (void)state;
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (geteuid() != 0)
        skip();
    int own = forged_pair(0);
    assert_int_equal(getpeername(own, (struct sockaddr *)&peer, &length), 0);
    assert_int_equal(peer.sin_family, AF_INET);
    close(own);
    length = sizeof peer;
    int foreign = forged_pair(65534);
    assert_int_equal(getpeername(foreign, (struct sockaddr *)&peer, &length), 0);
    assert_int_equal(peer.sin_family, AF_UNIX);
    close(foreign);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_was_not_translated),
        cmocka_unit_test(test_relay_kept_more_than_it_needs),
        cmocka_unit_test(test_reaper_heard_of_relays),
        cmocka_unit_test(test_relay_kept_numbers_above_the_limit),
        cmocka_unit_test(test_child_kept_ends_of_a_pair),
        cmocka_unit_test(test_file_under_number_of_a_pair_was_closed),
        cmocka_unit_test(test_forged_name_was_believed),
    };
    setenv("V6SHIM_FTP_PORTS", "2121", 1);
    return SUPPORT_MAIN(NULL, tests);
}
