/* How long the name servers are asked about IPv6: as long as somebody waits, and not much longer. One of the test's
   own counts the questions; some it answers late, some never. */
#include "../support.h"

#include <arpa/nameser.h>
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define SERVER        "127.0.0.1"
#define NAME_SERVICE  53
#define MESSAGE_SIZE  512
#define NAME_AT       12 /* behind the header */
#define FLAGS_ANSWER  0x8180
#define QUESTION_TAIL 4 /* type and class */
#define LATE          6 /* questions until the first one is answered: a second between two of them */
#define REFUSAL_US    300000
#define PATIENCE_MS   15000 /* half of what libc waits here */

/* A name's first label says how it is answered: A records at once, 192.0.2.1 or none; AAAA records... */
enum answer { AT_ONCE, NEVER, NOT_ASKED, AFTER_MORE_QUESTIONS, REFUSE, ANSWERS };
static const struct {
    const char *label;
    bool has_ipv4;
} kinds[ANSWERS] = {{"quick", false}, {"mute", true}, {"silent", true}, {"late", false}, {"refused", false}};

/* About AAAA records of each kind, shared with the server's process. */
static _Atomic unsigned *asked;

/* ---- The server */

static void put16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static size_t question_end(const unsigned char *message, unsigned *type)
{
    size_t at = NAME_AT;
    while (message[at] != 0)
        at += message[at] + 1u;
    *type = (unsigned)message[at + 1] << 8 | message[at + 2];
    return at + 1 + QUESTION_TAIL;
}

/* ANSWERS where the name is no such one of the domain `example`. */
static enum answer kind_of(const unsigned char *message)
{
    const char *label = (const char *)message + NAME_AT + 1;
    enum answer kind = AT_ONCE;
    if (strcmp(label + message[NAME_AT], "\7example") != 0)
        return ANSWERS;
    while (kind < ANSWERS && strncmp(label, kinds[kind].label, strlen(kinds[kind].label)) != 0)
        kind++;
    return kind;
}

struct question {
    unsigned char message[MESSAGE_SIZE];
    struct sockaddr_in from;
    size_t end;
};

/* With no address where `address` is NULL. */
static void answer(int fd, struct question *question, unsigned code, unsigned type, const void *address)
{
    static const unsigned char fixed[] = {0xc0, NAME_AT, 0, 0, 0, ns_c_in, 0, 0, 0, 60};
    unsigned char *message = question->message;
    size_t end = question->end, size = type == ns_t_a ? 4 : 16;
    memset(message + 6, 0, 6);
    put16(message + 2, FLAGS_ANSWER | code);
    if (address != NULL) {
        put16(message + 6, 1);
        memcpy(message + end, fixed, sizeof fixed);
        put16(message + end + 2, type);
        put16(message + end + sizeof fixed, (unsigned)size);
        memcpy(message + end + sizeof fixed + 2, address, size);
        end += sizeof fixed + 2 + size;
    }
    syscall(SYS_sendto, fd, message, end, 0, &question->from, sizeof question->from);
}

static void answer_ipv6(int fd, struct question *question, enum answer kind)
{
    static const unsigned char ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    static struct question first;
    unsigned count = ++asked[kind];
    if (kind == AFTER_MORE_QUESTIONS && count == 1)
        first = *question;
    if (kind == AT_ONCE)
        answer(fd, question, ns_r_noerror, ns_t_aaaa, ipv6);
    if (kind == AFTER_MORE_QUESTIONS && count == LATE)
        answer(fd, &first, ns_r_noerror, ns_t_aaaa, ipv6);
    if (kind == REFUSE) {
        usleep(REFUSAL_US);
        answer(fd, question, ns_r_servfail, ns_t_aaaa, NULL);
    }
}

static void serve(int fd)
{
    static const unsigned char ipv4[4] = {192, 0, 2, 1};
    for (;;) {
        struct question question = {0};
        socklen_t length = sizeof question.from;
        unsigned type;
        long size = syscall(SYS_recvfrom, fd, question.message, MESSAGE_SIZE / 2, 0, &question.from, &length);
        if (size <= NAME_AT)
            continue;
        question.end = question_end(question.message, &type);
        enum answer kind = kind_of(question.message);
        if (kind == ANSWERS)
            answer(fd, &question, ns_r_nxdomain, type, NULL);
        else if (type == ns_t_aaaa)
            answer_ipv6(fd, &question, kind);
        else
            answer(fd, &question, ns_r_noerror, type, kinds[kind].has_ipv4 && type == ns_t_a ? ipv4 : NULL);
    }
}

static int set_up(void **state)
{
    (void)state;
    asked = mmap(NULL, ANSWERS * sizeof *asked, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(asked != MAP_FAILED);
    int fd = world_datagrams(SERVER, NAME_SERVICE);
    pid_t test = getpid(), child = fork();
    if (child == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != test)
            _exit(1);
        serve(fd);
    }
    close(fd);
    write_file("/etc/nsswitch.conf", "hosts: files dns\n");
    return 0;
}

/* ---- The program */

static void look_up(const char *name)
{
    const struct hostent *host = gethostbyname(name);
    struct in_addr address = {0};
    if (host != NULL)
        memcpy(&address, host->h_addr_list[0], sizeof address);
    printf("%s ", host == NULL ? "none" : is_alias(address) ? "alias" : text_of(address));
}

static int count_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void wait_until_alone(void)
{
    long end_ms = milliseconds_now() + PATIENCE_MS;
    while (count_threads() > 1 && milliseconds_now() < end_ms)
        usleep(1000);
    printf("%s ", count_threads() == 1 ? "alone" : "not alone");
}

static void be_alone(void)
{
    look_up("mute.example");
    wait_until_alone();
}

static void unshare_users(void)
{
    look_up("mute.example");
    printf("%d ", unshare(CLONE_NEWUSER));
}

/* A process that the lookup's thread would leave behind with the former user. */
static void become_nobody(void)
{
    look_up("mute.example");
    if (syscall(SYS_setresuid, 65534, 65534, 65534) != 0)
        printf("the user stays ");
    wait_until_alone();
}

static void wait_for_a_late_answer(void)
{
    look_up("late.example");
}

static void wait_for_a_refusal(void)
{
    look_up("refused.example");
}

static void search_far(void)
{
    look_up("quick");
}

/* The resolver is known to be silent before the last one is looked up: at the latest, since a busy machine may take
   so long for an answer that its silence isn't noticed. */
static void meet_silence(void)
{
    static const char *const names[] = {"mute1.example", "mute2.example", "mute3.example",
                                        "mute4.example", "mute5.example", "silent.example"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        look_up(names[i]);
        wait_until_alone();
    }
}

static void answers(const char *resolv_conf, const char *part, const char *expected)
{
    static const char *const quick[] = {"V6SHIM_RESOLUTION_DELAY=50", NULL};
    char text[256];
    snprintf(text, sizeof text, "nameserver " SERVER "\n%s\n", resolv_conf);
    write_file("/etc/resolv.conf", text);
    for (int kind = 0; kind < ANSWERS; kind++)
        asked[kind] = 0;
    assert_string_equal(part_output(part, quick), expected);
}

/* ---- The tests */

static void test_thread_of_a_lookup_stayed(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its runtime has a thread of its own */
#endif
    answers("options timeout:6 attempts:5", "alone", "192.0.2.1 alone ");
    assert_in_range(asked[NEVER], 1, 4); /* of 30, or of the 7 that a server may refuse */
    answers("options timeout:6 attempts:5", "nobody", "192.0.2.1 alone ");
}

static void test_unshare_met_a_lookup(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its runtime has a thread of its own */
#endif
    answers("options timeout:6 attempts:5", "unshare", "192.0.2.1 0 ");
}

/* The first question is heard when the sixth is asked: libc by itself would ask twice. */
static void test_late_answer_was_not_heard(void **state)
{
    (void)state;
    answers("options timeout:5 attempts:2", "late", "alias ");
    assert_int_equal(asked[AFTER_MORE_QUESTIONS], LATE);
}

/* A wait of a second each would make ten of two; each refusal takes less than that. */
static void test_server_that_refuses_was_asked_too_often(void **state)
{
    (void)state;
    answers("options timeout:5 attempts:2", "refusal", "none ");
    assert_in_range(asked[REFUSE], 2, 8);
}

static void test_seventh_domain_was_not_searched(void **state)
{
    (void)state;
    answers("search a.test b.test c.test d.test e.test f.test example", "search", "alias ");
}

static void test_silence_was_not_found(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its runtime has a thread of its own */
#endif
    answers("options timeout:6 attempts:5", "silence",
            "192.0.2.1 alone 192.0.2.1 alone 192.0.2.1 alone 192.0.2.1 alone 192.0.2.1 alone 192.0.2.1 alone ");
    assert_true(asked[NEVER] >= 2);
    assert_int_equal(asked[NOT_ASKED], 0);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"alone", be_alone},
                                        {"nobody", become_nobody},
                                        {"unshare", unshare_users},
                                        {"late", wait_for_a_late_answer},
                                        {"refusal", wait_for_a_refusal},
                                        {"search", search_far},
                                        {"silence", meet_silence},
                                        {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_thread_of_a_lookup_stayed, set_up),
        cmocka_unit_test(test_unshare_met_a_lookup),
        cmocka_unit_test(test_late_answer_was_not_heard),
        cmocka_unit_test(test_server_that_refuses_was_asked_too_often),
        cmocka_unit_test(test_seventh_domain_was_not_searched),
        cmocka_unit_test(test_silence_was_not_found),
    };
    return SUPPORT_MAIN(parts, tests);
}
