/* What a program, or resolv.conf, says of the resolver holds for the questions about IPv6 as well, which are asked on
   another thread. Two name servers of the test's own note what they are asked. */
#include "../support.h"

#include <arpa/nameser.h>
#include <fcntl.h>
#include <resolv.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define FIRST         "127.0.0.1" /* of resolv.conf; search list corp.test */
#define SECOND        "127.0.0.2"
#define NAME_SERVICE  53
#define ANSWER_SIZE   512
#define NAME_AT       12 /* behind the header */
#define FLAGS_ANSWER  0x8180
#define CODE_NO_NAME  3
#define QUESTION_TAIL 4 /* type and class */
#define OPTION_NOAAAA 0x08000000u

/* What the servers know. Each name has addresses of one family, or of none. */
static const struct {
    const char *server, *name, *address;
} zone[] = {
    {FIRST, "mail.corp.test", "2001:db8::1"}, {FIRST, "plain.example", "192.0.2.1"},
    {FIRST, "old.example", "2001:db8::1"},    {SECOND, "host.example", "2001:db8::1"},
    {SECOND, "old.example", "2001:db8::2"},
};

static const char *in_test_directory(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", getenv("TEST_DIR"), name);
    return path;
}

/* ---- The servers */

static void put16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

/* The name of the question as text; returns the end of the question. */
static size_t read_question(const unsigned char *message, char *name, unsigned *type)
{
    size_t at = NAME_AT;
    name[0] = '\0';
    while (message[at] != 0) {
        snprintf(name + strlen(name), NS_MAXDNAME - strlen(name), "%s%.*s", name[0] != '\0' ? "." : "", message[at],
                 (const char *)message + at + 1);
        at += message[at] + 1u;
    }
    *type = (unsigned)message[at + 1] << 8 | message[at + 2];
    return at + 1 + QUESTION_TAIL;
}

static size_t add_address(unsigned char *message, size_t at, const char *text, unsigned type)
{
    static const unsigned char fixed[] = {0xc0, NAME_AT, 0, 0, 0, ns_c_in, 0, 0, 0, 60};
    size_t size = type == ns_t_a ? 4 : 16;
    memcpy(message + at, fixed, sizeof fixed);
    put16(message + at + 2, type);
    put16(message + at + sizeof fixed, (unsigned)size);
    inet_pton(type == ns_t_a ? AF_INET : AF_INET6, text, message + at + sizeof fixed + 2);
    put16(message + 6, 1);
    return at + sizeof fixed + 2 + size;
}

static size_t make_answer(const char *server, unsigned char *message, const char *name, unsigned type, size_t end)
{
    bool known = false;
    for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++) {
        if (strcmp(zone[i].server, server) != 0 || strcasecmp(zone[i].name, name) != 0)
            continue;
        known = true;
        memset(message + 6, 0, 6);
        put16(message + 2, FLAGS_ANSWER);
        if (type == (strchr(zone[i].address, ':') != NULL ? (unsigned)ns_t_aaaa : (unsigned)ns_t_a))
            return add_address(message, end, zone[i].address, type);
    }
    memset(message + 6, 0, 6);
    put16(message + 2, FLAGS_ANSWER | (known ? 0u : CODE_NO_NAME));
    return end;
}

static void serve(int fd, const char *server)
{
    int log = open(in_test_directory("questions"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (;;) {
        unsigned char message[ANSWER_SIZE] = {0};
        char name[NS_MAXDNAME], line[NS_MAXDNAME + 64];
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        unsigned type;
        long size = syscall(SYS_recvfrom, fd, message, sizeof message / 2, 0, &from, &length);
        if (size <= NAME_AT)
            continue;
        size_t end = read_question(message, name, &type);
        int written = snprintf(line, sizeof line, "%s: %s %u\n", server, name, type);
        if (write(log, line, (size_t)written) != written)
            _exit(1);
        size_t whole = make_answer(server, message, name, type, end);
        syscall(SYS_sendto, fd, message, whole, 0, &from, length);
    }
}

static int set_up(void **state)
{
    static const char *const servers[] = {FIRST, SECOND};
    static bool running;
    (void)state;
    for (size_t i = 0; i < 2 && !running; i++) {
        int fd = world_datagrams(servers[i], NAME_SERVICE);
        pid_t test = getpid(), child = fork();
        if (child == 0) {
            if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != test)
                _exit(1);
            serve(fd, servers[i]);
        }
        close(fd);
    }
    running = true;
    write_file("/etc/nsswitch.conf", "hosts: files dns\n");
    write_file("/etc/resolv.conf", "nameserver " FIRST "\nsearch corp.test\n");
    write_file(in_test_directory("questions"), "");
    return 0;
}

/* What the servers were asked since set_up(), of static storage. */
static const char *questions(void)
{
    static char text[8192];
    FILE *file = fopen(in_test_directory("questions"), "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static unsigned count_of(const char *part)
{
    unsigned count = 0;
    for (const char *at = questions(); (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

/* ---- The program */

static void print_lookups(const char *name)
{
    const struct hostent *host = gethostbyname(name);
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;
    struct in_addr address = {0};
    if (host != NULL)
        memcpy(&address, host->h_addr_list[0], sizeof address);
    printf("%s: %s", name, host == NULL ? "none" : is_alias(address) ? "alias" : text_of(address));
    int error = getaddrinfo(name, NULL, &hints, &list);
    if (error == 0)
        memcpy(&address, (char *)list->ai_addr + offsetof(struct sockaddr_in, sin_addr), sizeof address);
    printf(" %s\n", error != 0 ? "none" : is_alias(address) ? "alias" : text_of(address));
}

static void untouched(void)
{
    print_lookups("mail");
    print_lookups("host.example");
}

static void without_search(void)
{
    res_init();
    _res.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
    print_lookups("mail");
    print_lookups("mail.corp.test");
}

static void other_domains(void)
{
    static char domain[] = "corp.test";
    write_file("/etc/resolv.conf", "nameserver " FIRST "\nsearch nowhere.test\n");
    res_init();
    print_lookups("mail");
    _res.dnsrch[0] = domain;
    _res.dnsrch[1] = NULL;
    print_lookups("mail");
}

static void other_server(void)
{
    struct sockaddr_in second = ipv4_at(SECOND, NAME_SERVICE);
    res_init();
    _res.nscount = 1;
    _res.nsaddr_list[0] = second;
    for (int round = 0; round < 3; round++)
        print_lookups("host.example");
}

static void changed_file(void)
{
    write_file("/etc/resolv.conf", "nameserver " SECOND "\n");
    print_lookups("host.example");
    write_file("/etc/resolv.conf", "nameserver " FIRST "\n# of another length\n");
    print_lookups("old.example");
}

static void no_ipv6(void)
{
    res_init();
    if (getenv("RES_OPTIONS") == NULL)
        _res.options |= OPTION_NOAAAA;
    print_lookups("plain.example");
    print_lookups("one6.example");
}

static void test_system_is_asked_where_the_program_says_nothing(void **state)
{
    (void)state;
    assert_string_equal(part_output("untouched", NULL), "mail: alias alias\nhost.example: none none\n");
    assert_null(strstr(questions(), SECOND));
}

static void test_names_were_searched_that_the_program_wants_as_they_are(void **state)
{
    (void)state;
    assert_string_equal(part_output("without search", NULL), "mail: none none\nmail.corp.test: alias alias\n");
    assert_null(strstr(questions(), "corp.test.corp.test"));
}

static void test_domains_of_the_program_were_not_searched(void **state)
{
    (void)state;
    assert_string_equal(part_output("other domains", NULL), "mail: none none\nmail: alias alias\n");
}

static void test_servers_of_the_program_were_not_asked(void **state)
{
    (void)state;
    assert_string_equal(part_output("other server", NULL),
                        "host.example: alias alias\nhost.example: alias alias\nhost.example: alias alias\n");
    assert_null(strstr(questions(), FIRST));
}

/* The state that libc has not brought up to date yet is none that the program has made. */
static void test_servers_of_an_old_file_were_asked(void **state)
{
    (void)state;
    assert_string_equal(part_output("changed file", NULL), "host.example: alias alias\nold.example: alias alias\n");
    assert_null(strstr(questions(), SECOND ": old.example"));
}

static void test_no_aaaa_cost_a_second_question(void **state)
{
    (void)state;
    skip_before_glibc(36, "the resolver's option no-aaaa");
    static const char *const by_variable[] = {"RES_OPTIONS=no-aaaa", NULL};
    for (int round = 0; round < 2; round++) {
        set_up(state);
        assert_string_equal(part_output("no IPv6", round == 0 ? NULL : by_variable),
                            "plain.example: 192.0.2.1 192.0.2.1\none6.example: alias alias\n");
        assert_int_equal(count_of("plain.example 1\n"), 2); /* one for each of the two functions */
        assert_int_equal(count_of("plain.example 28\n"), 0);
    }
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"untouched", untouched},
                                        {"without search", without_search},
                                        {"other domains", other_domains},
                                        {"other server", other_server},
                                        {"changed file", changed_file},
                                        {"no IPv6", no_ipv6},
                                        {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_system_is_asked_where_the_program_says_nothing, set_up),
        cmocka_unit_test_setup(test_names_were_searched_that_the_program_wants_as_they_are, set_up),
        cmocka_unit_test_setup(test_domains_of_the_program_were_not_searched, set_up),
        cmocka_unit_test_setup(test_servers_of_the_program_were_not_asked, set_up),
        cmocka_unit_test_setup(test_servers_of_an_old_file_were_asked, set_up),
        cmocka_unit_test_setup(test_no_aaaa_cost_a_second_question, set_up),
    };
    return SUPPORT_MAIN(parts, tests);
}
