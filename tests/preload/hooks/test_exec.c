/* What a program leaves to the one that it executes. */
#include "../support.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>

#define NUMBER      60 /* of the socket in the new program */
#define PORT        24760
#define PATIENCE_MS 60000

static char program[] = "/proc/self/exe", option[] = "--part", part[] = "be_executed";
static char *arguments[] = {program, option, part, NULL};

static void by_execve(void)
{
    execve(program, arguments, environ);
}

static void by_execv(void)
{
    execv(program, arguments);
}

static void by_execvp(void)
{
    execvp(program, arguments);
}

static void by_execvpe(void)
{
    execvpe(program, arguments, environ);
}

static void by_execl(void)
{
    execl(program, program, option, part, (char *)NULL);
}

static void by_execlp(void)
{
    execlp(program, program, option, part, (char *)NULL);
}

static void by_execle(void)
{
    execle(program, program, option, part, (char *)NULL, environ);
}

static void by_fexecve(void)
{
    fexecve(open(program, O_RDONLY | O_CLOEXEC), arguments, environ);
}

#if HAS_GLIBC(2, 34)
static void by_execveat(void)
{
    execveat(AT_FDCWD, program, arguments, environ, 0);
}
#endif

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    {"WAY=execve", by_execve},     {"WAY=execv", by_execv},   {"WAY=execvp", by_execvp}, {"WAY=execvpe", by_execvpe},
    {"WAY=execl", by_execl},       {"WAY=execlp", by_execlp}, {"WAY=execle", by_execle}, {"WAY=fexecve", by_fexecve},
#if HAS_GLIBC(2, 34)
    {"WAY=execveat", by_execveat},
#endif
};

static void go(void)
{
    const char *wanted = getenv("WAY");
    fflush(stdout);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(ways[i].name + strlen("WAY="), wanted) == 0)
            ways[i].run();
    _exit(1);
}

static bool has_history(void)
{
    char path[256];
    struct stat status;
    snprintf(path, sizeof path, "%s/history", getenv("V6SHIM_STATE_DIR"));
    return stat(path, &status) == 0;
}

static void be_executed(void)
{
    struct tcp_info information = {0};
    socklen_t length = sizeof information;
    bool is_tcp = getsockopt(NUMBER, IPPROTO_TCP, TCP_INFO, &information, &length) == 0;
    printf("%s, history %d", is_tcp && information.tcpi_state == TCP_SYN_SENT ? "connects" : "no TCP", has_history());
}

/* To a number that doesn't close by itself, without the duplicate that would end the race. */
static int begin(const char *name, uint16_t port)
{
    int fd = -1;
    while (fd < NUMBER)
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | (fd < NUMBER - 1 ? SOCK_CLOEXEC : 0), 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = first_address(name)};
    assert_int_equal(fd, NUMBER);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, EINPROGRESS);
    return fd;
}

static void execute_while_racing(void)
{
    begin("hole-both.example", PORT);
    printf("%s; ", socket_family(NUMBER) == AF_UNIX ? "races" : "doesn't race");
    go();
}

static void execute_after_race(void)
{
    world_listen("192.0.2.1", PORT);
    struct pollfd waiting = {.fd = begin("half-hole.example", PORT), .events = POLLOUT};
    printf("%s, ", poll(&waiting, 1, PATIENCE_MS) == 1 ? "connected" : "waiting");
    printf("history %d; ", has_history());
    go();
}

static void test_program_got_the_socket_that_stands_in_a_races_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const char *variables[] = {ways[i].name, NULL};
        const char *output = part_output("execute_while_racing", variables);
        if (strncmp(output, "races; connects,", strlen("races; connects,")) != 0)
            fail_msg("%s: %s", ways[i].name, output);
    }
}

static void test_what_a_race_had_learnt_was_lost(void **state)
{
    (void)state;
    char directory[256], variable[300];
    snprintf(directory, sizeof directory, "%s/exec-XXXXXX", getenv("TEST_DIR"));
    assert_non_null(mkdtemp(directory));
    snprintf(variable, sizeof variable, "V6SHIM_STATE_DIR=%s", directory);
    const char *variables[] = {"WAY=execve", variable, NULL};
    assert_string_equal(part_output("execute_after_race", variables), "connected, history 0; no TCP, history 1");
}

int main(int argc, char **argv)
{
    const struct part parts[] = {
        {"be_executed", be_executed},
        {"execute_while_racing", execute_while_racing},
        {"execute_after_race", execute_after_race},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_got_the_socket_that_stands_in_a_races_place),
        cmocka_unit_test(test_what_a_race_had_learnt_was_lost),
    };
    return SUPPORT_MAIN(parts, tests);
}
