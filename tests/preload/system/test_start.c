/* The library comes into a process: early calls, odd surroundings, settings that are wrong; and what it leaves there.
 */
#include "../support.h"
#include "core/base/error_text.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int connect_to(struct in_addr address, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}

/* ---- Beside other libraries */

/* LD_PRELOAD with one of helpers/ behind the library, of static storage. */
static const char *preload_with(const char *helper)
{
    static char variable[4096];
    snprintf(variable, sizeof variable, "LD_PRELOAD=%s:%s/tests/preload/.libs/%s.so", getenv("TEST_PRELOAD"),
             getenv("LAB_BUILD"), helper);
    return variable;
}

static void print_early_connection(void)
{
    const int *connection = dlsym(RTLD_DEFAULT, "early_connection");
    const struct sockaddr_in *peer = dlsym(RTLD_DEFAULT, "early_peer");
    if (connection == NULL || peer == NULL || *connection < 0) {
        printf("no connection");
        return;
    }
    struct sockaddr_in now;
    socklen_t length = sizeof now;
    getpeername(*connection, (struct sockaddr *)&now, &length);
    printf("%s %s", is_alias(peer->sin_addr) ? "alias" : text_of(peer->sin_addr),
           memcmp(&now, peer, sizeof now) == 0 ? "still" : "changed");
}

static void test_call_before_our_constructor_failed(void **state)
{
    (void)state;
    char port[32];
    int waiting = world_listen("2001:db8::1", 0);
    snprintf(port, sizeof port, "EARLY_PORT=%u", world_port(waiting));
    const char *const variables[] = {preload_with("early"), port, NULL};
    assert_string_equal(part_output("early", variables), "alias still");
    world_close(waiting);
}

/* The other one comes first, as torsocks would. */
static void print_early_text(void)
{
    const in_addr_t *address = dlsym(RTLD_DEFAULT, "early_address"), *network = dlsym(RTLD_DEFAULT, "early_network");
    const in_addr_t *worst = dlsym(RTLD_DEFAULT, "early_worst");
    const unsigned *calls = dlsym(RTLD_DEFAULT, "early_calls");
    const int *read = dlsym(RTLD_DEFAULT, "early_read");
    first_address("one6.example"); /* there are system calls inside of that */
    if (address == NULL || network == NULL || worst == NULL || calls == NULL || read == NULL)
        printf("no library");
    else
        printf("%s %#x %d, %s, then %#x", text_of((struct in_addr){.s_addr = *address}), (unsigned)*network, *read,
               *calls > 1 ? "often" : "once", (unsigned)*worst);
}

static void test_text_was_no_address_while_we_start(void **state)
{
    (void)state;
    static char variable[4096];
    snprintf(variable, sizeof variable, "LD_PRELOAD=%s/tests/preload/.libs/early_text.so:%s", getenv("LAB_BUILD"),
             getenv("TEST_PRELOAD"));
    const char *const variables[] = {variable, NULL};
    if (under_sanitizer(""))
        skip(); /* whose runtime has to come first */
    assert_string_equal(part_output("early text", variables), "127.42.42.0 0x7f2a2a00 1, often, then 0");
}

static void use_the_allocator(void)
{
    int *looks_up = dlsym(RTLD_DEFAULT, "allocator_looks_up");
    const unsigned long *calls = dlsym(RTLD_DEFAULT, "allocator_calls");
    if (looks_up == NULL || calls == NULL) {
        printf("no allocator");
        return;
    }
    int waiting = world_listen("2001:db8::1", 0);
    for (int round = 0; round < 3; round++) {
        struct addrinfo hints = {.ai_family = AF_INET}, *list = NULL;
        printf("%s ", is_alias(first_address("one6.example")) ? "alias" : "none");
        printf("%s ",
               getaddrinfo("both.example", NULL, &hints, &list) == 0 && list->ai_next != NULL ? "list" : "none");
        printf("%s ", connect_to(first_address("one6.example"), world_port(waiting)) >= 0 ? "connected" : "failed");
        *looks_up = 1;
    }
    printf("%s", *calls > 10 ? "often" : "seldom");
}

static void test_malloc_that_calls_us_hung_or_crashed(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* a sanitizer brings a malloc of its own */
    const char *const variables[] = {preload_with("allocator"), NULL};
    assert_string_equal(part_output("allocator", variables),
                        "alias list connected alias list connected alias list connected often");
}

/* Before all libraries: so many keys of thread-specific data that ours is none of those for which libc has room. libc
   doesn't know the environment yet. */
static void make_keys(int argc, char **argv, char **variables)
{
    pthread_key_t key;
    (void)argc, (void)argv;
    while (*variables != NULL && strcmp(*variables, "MANY_KEYS=yes") != 0)
        variables++;
    for (int i = 0; *variables != NULL && i < 40; i++)
        pthread_key_create(&key, NULL);
}
__attribute__((section(".preinit_array"), used)) static void (*const before_all)(int, char **, char **) = make_keys;

static struct in_addr handler_address;
static uint16_t handler_port;
static unsigned long calls_in_handler;

static void connect_in_handler(int number)
{
    const unsigned long *calls = dlsym(RTLD_DEFAULT, "allocator_calls");
    unsigned long before = *calls;
    int fd = connect_to(handler_address, handler_port);
    calls_in_handler = *calls - before;
    printf("%s ", number == SIGUSR1 && fd >= 0 ? "connected" : "failed");
    close(fd);
}

static void *raise_signal(void *looks_up)
{
    if (looks_up != NULL)
        gethostbyname("one6.example");
    raise(SIGUSR1);
    return NULL;
}

static void connect_in_handlers(void)
{
    pthread_t thread;
    int waiting = world_listen("2001:db8::1", 0);
    handler_address = first_address("both.example");
    handler_port = world_port(waiting);
    signal(SIGUSR1, connect_in_handler);
    printf("first "); /* stdio has its buffer */
    for (int i = 0; i < 2; i++) {
        pthread_create(&thread, NULL, raise_signal, i == 0 ? NULL : &thread);
        pthread_join(thread, NULL);
        printf("%lu ", calls_in_handler);
    }
}

static void test_handler_allocated_for_the_end_of_its_thread(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* a sanitizer brings a malloc of its own */
    const char *const variables[] = {preload_with("allocator"), "MANY_KEYS=yes", NULL};
    assert_string_equal(part_output("handlers", variables), "first connected 0 connected 0 ");
}

/* ---- What is left behind */

static void print_traces(void)
{
    int before = open_descriptors();
    int waiting = world_listen("2001:db8::1", 0), waiting4 = world_listen("192.0.2.1", world_port(waiting));
    gethostbyname("both.example");
    gethostbyname("one4.example");
    int fd = connect_to(first_address("both.example"), world_port(waiting));
    close(fd);
    world_close(waiting);
    world_close(waiting4);
    printf("descriptors %d\n", open_descriptors() - before);
    for (char **variable = environ; *variable != NULL; variable++)
        if (strncmp(*variable, "LD_PRELOAD=", 11) != 0 && strncmp(*variable, "TEST_BARE=", 10) != 0)
            printf("%s\n", *variable);
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN)
            printf("handler of signal %d\n", number);
    }
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int number = 1; number < 32; number++)
        if (sigismember(&blocked, number))
            printf("signal %d blocked\n", number);
}

static void test_traces_were_left_in_the_process(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* their runtimes handle signals */
    char bare[PART_OUTPUT_SIZE];
    snprintf(bare, sizeof bare, "%s", part_run_bare("traces")->output);
    assert_non_null(strstr(bare, "descriptors 0\n"));
    assert_string_equal(part_output("traces", NULL), bare);
}

/* ---- Settings */

static void print_works(void)
{
    const struct hostent *host = gethostbyname("both.example");
    struct in_addr address, other = {0};
    assert_non_null(host);
    memcpy(&address, host->h_addr_list[0], sizeof address);
    if (host->h_addr_list[1] != NULL)
        memcpy(&other, host->h_addr_list[1], sizeof other);
    printf("%s %s", text_of(address), is_alias(other) ? "alias" : "alone");
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static void test_bad_setting_stopped_the_program(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"V6SHIM_LOG=loud", "V6SHIM_LOG"},
                                         {"V6SHIM_RESOLUTION_DELAY=-1", "V6SHIM_RESOLUTION_DELAY"},
                                         {"V6SHIM_ALIAS_POOL=127.0.0.0/8", "V6SHIM_ALIAS_POOL"},
                                         {"V6SHIM_NO_SUCH_SETTING=1", "V6SHIM_NO_SUCH_SETTING"},
                                         {"V6SHIM_CONF=/no/such/file", "/no/such/file"},
                                         {"V6SHIM_CONF=/run/test/bad.conf", "bad.conf:2:"},
                                         {"V6SHIM_LOG_FILE=/proc/version", ""},
                                         {"V6SHIM_STATE_DIR=relative", ""},
                                         {"V6SHIM_STATE_DIR=/proc/version/x", ""}};
    write_file("/run/test/bad.conf", "# a comment\nprefer sideways\n");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *const variables[] = {bad[i][0], NULL};
        const struct part_result *result = part_run("works", variables);
        if (result->status != 0 || strcmp(result->output, "192.0.2.1 alias") != 0)
            fail_msg("%s: status %#x, output %s", bad[i][0], (unsigned)result->status, result->output);
        if (bad[i][1][0] != '\0' &&
            (count_lines(result->complaints) != 1 || strstr(result->complaints, bad[i][1]) == NULL))
            fail_msg("%s: complaints: %s", bad[i][0], result->complaints);
    }
}

static void test_good_configuration_file_was_ignored(void **state)
{
    (void)state;
    static const char *const variables[] = {"V6SHIM_CONF=/run/test/good.conf", NULL};
    write_file("/run/test/good.conf", "prefer ipv4\n");
    assert_string_equal(part_output("works", variables), "192.0.2.1 alone");
    write_file("/run/test/good.conf", "prefer ipv4\nprogram test_start !/nowhere/*\nprefer policy\n");
    assert_string_equal(part_output("works", variables), "192.0.2.1 alias");
    write_file("/run/test/good.conf", "prefer ipv4\nprogram other\nprefer policy\n");
    assert_string_equal(part_output("works", variables), "192.0.2.1 alone");
}

static void require_output_of_setuid(const char *program, const char *expected)
{
    char command[512], text[4096] = "";
    snprintf(command, sizeof command,
             "env -u LD_PRELOAD TEST_BARE=yes V6SHIM_PREFER=ipv4 V6SHIM_LOG=debug V6SHIM_LOG_FILE=/run/test/log "
             "%s --part works 2>&1",
             program);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    size_t length = fread(text, 1, sizeof text - 1, output);
    text[length] = '\0';
    pclose(output);
    if (strstr(text, expected) == NULL)
        fail_msg("%s: %s", program, text);
}

/* Marked for the user, the file as it is, and where it was told: not again until one of them has changed. */
static void test_every_process_told_the_same(void **state)
{
    (void)state;
    static const char *const variables[] = {"V6SHIM_CONF=/run/test/often.conf", "V6SHIM_PREFER=east", NULL};
    static const char *const nowhere[] = {"V6SHIM_CONF=/run/test/often.conf", "V6SHIM_STATE_DIR=/proc/version/x",
                                          NULL};
    write_file("/run/test/often.conf", "prefer sideways\nlog loud\n");
    assert_int_equal(count_lines(part_run("works", variables)->complaints), 3);
    assert_int_equal(count_lines(part_run("works", variables)->complaints), 1); /* of the variable */
    assert_non_null(strstr(part_run("works", variables)->complaints, "V6SHIM_PREFER"));
    write_file("/run/test/often.conf", "prefer sideways and more\n");
    assert_int_equal(count_lines(part_run("works", variables)->complaints), 2);
    assert_int_equal(count_lines(part_run("works", variables)->complaints), 1);
    for (int i = 0; i < 2; i++)
        assert_non_null(strstr(part_run("works", nowhere)->complaints, "often.conf:1:8"));
}

/* The library gets into a setuid program only by the administrator's /etc/ld.so.preload. */
static void test_setuid_program_obeyed_its_caller(void **state)
{
    (void)state;
    static const char program[] = "/run/test/setuid", library[] = "/run/test/libv6shim.so";
    char command[4096];
    if (under_sanitizer(""))
        skip(); /* their runtimes would have to be preloaded as well */
    snprintf(command, sizeof command, "cp /proc/%d/exe %s && cp '%s' %s && chown 1 %s && chmod 4755 %s 2>/dev/null",
             (int)getpid(), program, getenv("TEST_PRELOAD"), library, program, program);
    if (system(command) != 0)
        skip(); /* no second user in this namespace */
    write_file("/etc/ld.so.preload", library);
    assert_int_equal(symlink(program, "/run/test/named"), 0);
    write_file("/etc/v6shim.conf", "program named\nprefer ipv4\n"); /* the caller's name for it is none */
    require_output_of_setuid("/run/test/named", "192.0.2.1 alias");
    write_file("/etc/v6shim.conf", "program setuid\nprefer ipv4\n");
    require_output_of_setuid("/run/test/named", "192.0.2.1 alone");
    unlink("/etc/v6shim.conf");
    unlink("/etc/ld.so.preload");
    assert_int_not_equal(access("/run/test/log", F_OK), 0);
}

/* ---- No IPv6 in the kernel */

static void switch_ipv6_off(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof program / sizeof program[0], program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        printf("no filter: %s ", strerror(errno));
}

static void live_without_ipv6(void)
{
    switch_ipv6_off();
    int waiting = world_listen("192.0.2.1", 0);
    uint16_t port = world_port(waiting);
    printf("%s ", text_of(first_address("both.example")));
    printf("%s ", connect_to(first_address("both.example"), port) >= 0 ? "connected" : "failed");
    printf("%s ", gethostbyname("one6.example") == NULL ? "none" : "found");
    struct sockaddr_in any = ipv4_at("0.0.0.0", 24300);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    printf("%s ", bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 5) == 0 ? "listening" : "failed");
    printf("%s ", connect_to(ipv4_at("127.0.0.1", 0).sin_addr, 24300) >= 0 ? "connected" : "failed");
}

static void lose_ipv6(void)
{
    struct in_addr alias = first_address("one6.example");
    printf("%s ", is_alias(alias) ? "alias" : "none");
    switch_ipv6_off();
    printf("%s ", connect_to(alias, 1) < 0 ? error_name(errno) : "connected");
    int waiting = world_listen("192.0.2.1", 0);
    struct in_addr both = alias_of("2001:db8::1");
    printf("%s ", connect_to(both, world_port(waiting)) < 0 ? error_name(errno) : "connected");
}

static void test_kernel_without_ipv6_broke_ipv4(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    const struct part_result *result = part_run("no IPv6", NULL);
    assert_int_equal(result->status, 0);
    assert_string_equal(result->output, "192.0.2.1 connected none listening connected ");
    assert_non_null(strstr(result->complaints, "serves IPv4 only: no IPv6 socket can be made"));
    result = part_run("IPv6 lost", NULL);
    assert_int_equal(result->status, 0);
    assert_true(strncmp(result->output, "alias E", 7) == 0);
}

static void write_sysctl(const char *value)
{
    int fd = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, value, 1) != 1)
        skip();
    close(fd);
}

/* Last of all: the addresses are gone afterwards. */
static void test_disabled_ipv6_broke_ipv4(void **state)
{
    (void)state;
    write_sysctl("1");
    int waiting = world_listen("192.0.2.1", 0);
    const struct hostent *host = gethostbyname("both.example");
    assert_non_null(host);
    struct in_addr address;
    memcpy(&address, host->h_addr_list[0], sizeof address);
    assert_string_equal(text_of(address), "192.0.2.1"); /* what can be used comes first */
    int fd = connect_to(address, world_port(waiting));
    assert_true(fd >= 0);
    close(fd);
    errno = 0;
    assert_int_equal(connect_to(alias_of("2001:db8::1"), world_port(waiting)), -1);
    assert_true(errno == ENETUNREACH || errno == EADDRNOTAVAIL || errno == EHOSTUNREACH);
    world_close(waiting);
    assert_string_equal(part_output("works", NULL), "192.0.2.1 alias");
    write_sysctl("0");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"early", print_early_connection}, {"early text", print_early_text}, {"allocator", use_the_allocator},
        {"handlers", connect_in_handlers}, {"traces", print_traces},         {"works", print_works},
        {"no IPv6", live_without_ipv6},    {"IPv6 lost", lose_ipv6},         {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_before_our_constructor_failed),
        cmocka_unit_test(test_text_was_no_address_while_we_start),
        cmocka_unit_test(test_malloc_that_calls_us_hung_or_crashed),
        cmocka_unit_test(test_handler_allocated_for_the_end_of_its_thread),
        cmocka_unit_test(test_traces_were_left_in_the_process),
        cmocka_unit_test(test_bad_setting_stopped_the_program),
        cmocka_unit_test(test_good_configuration_file_was_ignored),
        cmocka_unit_test(test_every_process_told_the_same),
        cmocka_unit_test(test_setuid_program_obeyed_its_caller),
        cmocka_unit_test(test_kernel_without_ipv6_broke_ipv4),
        cmocka_unit_test(test_disabled_ipv6_broke_ipv4),
    };
    return SUPPORT_MAIN(parts, tests);
}
