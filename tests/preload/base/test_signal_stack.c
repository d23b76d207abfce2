/* connect() in a handler on a small alternate signal stack: no more than 4 KiB of it beyond what is needed bare. */
#include "../support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#define LARGE_BYTES ((size_t)64 * 1024)
#define SMALL_BYTES ((size_t)8 * 1024) /* SIGSTKSZ where it is a constant */
#define PAGE_BYTES  ((size_t)4096)
#define MORE_BYTES  4096
#define PAINT       0xa5
#define CLOSED_PORT 7001

/* ---- What a handler does. The names are looked up before. */

enum kind { BLOCKING, BACKGROUND, DATAGRAM };

static const struct call {
    const char *name; /* variable of the environment with the name, or the address, of the peer */
    enum kind kind;
    bool refused;
} calls[] = {
    {"ALIAS", BLOCKING, false},  {"ALIAS", BLOCKING, true},    {"ALIAS", BACKGROUND, false},
    {"ALIAS", DATAGRAM, false},  {"DUAL", BLOCKING, false},    {"DUAL", BLOCKING, true},
    {"DUAL", BACKGROUND, false}, {"DUAL", DATAGRAM, false},    {"HALF", BLOCKING, false},
    {"HALF", BLOCKING, true},    {"HALF", BACKGROUND, false},  {"SEVERAL", BLOCKING, false},
    {"SEVERAL", BLOCKING, true}, {"FOREIGN", BLOCKING, false}, {"FOREIGN", BACKGROUND, false},
};
#define CALLS (sizeof calls / sizeof calls[0])

static const struct call *call;
static struct sockaddr_in to;
static int outcome;

static void connect_in_a_handler(int number)
{
    (void)number;
    int fd = socket(AF_INET, call->kind == DATAGRAM ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (call->kind == BACKGROUND)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    outcome = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
    close(fd);
}

static int expected(const struct call *of)
{
    return of->refused ? ECONNREFUSED : of->kind == BACKGROUND ? EINPROGRESS : 0;
}

/* ---- Stacks. The page below one can't be written: what needs more ends the process. */

static unsigned char *make_stack(size_t size)
{
    unsigned char *room = mmap(NULL, PAGE_BYTES + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mprotect(room + PAGE_BYTES, size, PROT_READ | PROT_WRITE) != 0)
        return NULL;
    return room + PAGE_BYTES;
}

static size_t used_in_handler(unsigned char *bytes, size_t size)
{
    const stack_t stack = {.ss_sp = bytes, .ss_size = size};
    struct sigaction action = {.sa_handler = connect_in_a_handler, .sa_flags = SA_ONSTACK};
    size_t unused = 0;
    memset(bytes, PAINT, size);
    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0 || raise(SIGUSR1) != 0)
        printf("no handler: %s ", strerror(errno));
    while (unused < size && bytes[unused] == PAINT)
        unused++;
    return size - unused;
}

static void prepare(const struct call *next, uint16_t stream_port, uint16_t datagram_port)
{
    const char *name = getenv(next->name);
    uint16_t open_port = next->kind == DATAGRAM ? datagram_port : stream_port;
    call = next;
    to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(next->refused ? CLOSED_PORT : open_port)};
    /* An address in digits stays unknown to this process until it connects there. */
    if (inet_pton(AF_INET, name, &to.sin_addr) != 1)
        to.sin_addr = first_address(name);
}

static void measure(size_t size)
{
    unsigned char *stack = make_stack(size);
    uint16_t stream_port = world_port(world_listen(getenv("PEER"), 0));
    uint16_t datagram_port = world_port(world_datagrams(getenv("PEER"), 0));
    if (strcmp(getenv("PEER"), "192.0.2.1") != 0) {
        world_listen("192.0.2.1", stream_port);
        world_listen("192.0.2.3", stream_port);
        world_datagrams("192.0.2.1", datagram_port);
    }
    for (size_t i = 0; i < CALLS; i++) {
        prepare(&calls[i], stream_port, datagram_port);
        size_t first = used_in_handler(stack, size), again = used_in_handler(stack, size);
        printf("%zu %d\n", first > again ? first : again, outcome);
    }
}

static void measure_on_large(void)
{
    measure(LARGE_BYTES);
}

/* What is needed bare, and as much again as every program has; or what programs have since SIGSTKSZ was a constant.
 */
static void measure_on_small(void)
{
    size_t size = strtoul(getenv("NEEDED"), NULL, 10);
    measure(size > SMALL_BYTES ? size : SMALL_BYTES);
}

/* Where nothing has been learnt yet: the handler that is the first to lose a race makes the file. */
static void forget_history(void)
{
    char path[256];
    snprintf(path, sizeof path, "%s/history", getenv("V6SHIM_STATE_DIR"));
    unlink(path);
}

static void set_world(bool shimmed)
{
    static char foreign[INET_ADDRSTRLEN];
    setenv("PEER", shimmed ? "2001:db8::1" : "192.0.2.1", 1);
    setenv("ALIAS", shimmed ? "one6.example" : "one4.example", 1);
    setenv("DUAL", shimmed ? "both.example" : "one4.example", 1);
    setenv("HALF", shimmed ? "hole-and-near.example" : "one4.example", 1);
    setenv("SEVERAL", shimmed ? "three6.example" : "one4.example", 1);
    /* An alias of the table, which another process has made. */
    snprintf(foreign, sizeof foreign, "%s", shimmed ? text_of(alias_of("2001:db8::1")) : "192.0.2.1");
    setenv("FOREIGN", foreign, 1);
    setenv("LD_BIND_NOW", "1", 1);
}

static void run_bare(struct part_result *bare)
{
    set_world(false);
    *bare = *part_run_bare("large stack");
    assert_int_equal(bare->status, 0);
    unsigned long most = 0;
    const char *next = bare->output;
    for (size_t i = 0; i < CALLS; i++) {
        char *end;
        unsigned long used = strtoul(next, &end, 10);
        assert_int_equal(strtol(end, &end, 10), expected(&calls[i]));
        most = used > most ? used : most;
        next = end;
    }
    char needed[32];
    snprintf(needed, sizeof needed, "%lu", most + MORE_BYTES);
    setenv("NEEDED", needed, 1);
}

static void test_connect_in_a_handler_took_more_stack_than_bare(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    struct part_result bare;
    run_bare(&bare);
    set_world(true);
    forget_history();
    const char *its = bare.output, *ours = part_output("large stack", NULL);
    for (size_t i = 0; i < CALLS; i++) {
        char *end, *our_end;
        unsigned long before = strtoul(its, &end, 10), with = strtoul(ours, &our_end, 10);
        long error = strtol(our_end, &our_end, 10);
        strtol(end, &end, 10);
        if (getenv("SHOW") != NULL)
            print_message("%s %d: bare %lu, %lu more: %ld\n", calls[i].name, calls[i].kind, before, with - before,
                          error);
        assert_int_equal(error, expected(&calls[i]));
        assert_in_range(with, 1, before + MORE_BYTES);
        its = end;
        ours = our_end;
    }
}

static void run_on_small(const char *const variables[])
{
    struct part_result bare;
    run_bare(&bare);
    set_world(true);
    forget_history();
    const char *next = part_output("small stack", variables);
    for (size_t i = 0; i < CALLS; i++) {
        char *end;
        strtoul(next, &end, 10);
        assert_int_equal(strtol(end, &end, 10), expected(&calls[i]));
        next = end;
    }
}

static void test_connect_in_a_handler_needed_more_than_a_small_stack(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    run_on_small(NULL);
}

static void test_trace_needed_more_than_a_small_stack(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    char variable[256];
    snprintf(variable, sizeof variable, "V6SHIM_TRACE=%s/trace", getenv("TEST_DIR"));
    world_close(open(strchr(variable, '/'), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const char *const variables[] = {variable, NULL};
    run_on_small(variables);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"large stack", measure_on_large}, {"small stack", measure_on_small}, {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_in_a_handler_took_more_stack_than_bare),
        cmocka_unit_test(test_connect_in_a_handler_needed_more_than_a_small_stack),
        cmocka_unit_test(test_trace_needed_more_than_a_small_stack),
    };
    return SUPPORT_MAIN(parts, tests);
}
