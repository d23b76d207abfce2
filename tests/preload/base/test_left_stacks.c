/* A lookup that a signal handler leaves, on a stack that is gone when the next call comes: nothing is read there. */
#include "../support.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STACK_BYTES ((size_t)256 * 1024)

/* Three stacks, one after the other: a hook on the first or the last finds the frame on the middle one near. */
enum { BELOW, MIDDLE, ABOVE, STACKS };

static char *stacks;
static sigjmp_buf before_the_lookup;
static ucontext_t outside, lookup, later;

/* ---- A lookup that is left: a source of names (helpers/nss_raise.c) sends the signal. */

static bool leaves;

static void jump(int number)
{
    if (leaves)
        siglongjmp(before_the_lookup, number);
}

static void switch_over(int number)
{
    (void)number;
    if (leaves)
        swapcontext(&lookup, &outside);
}

static void look_up(void)
{
    struct hostent host, *found = NULL;
    char buffer[1024];
    int error;
    gethostbyname_r("both.example", &host, buffer, sizeof buffer, &found, &error);
    printf("not left ");
}

static void make_context(ucontext_t *context, int stack, void (*run)(void))
{
    getcontext(context);
    context->uc_stack.ss_sp = stacks + (size_t)stack * STACK_BYTES;
    context->uc_stack.ss_size = STACK_BYTES;
    context->uc_link = &outside;
    makecontext(context, run, 0);
}

static void leave_a_lookup(void (*handler)(int))
{
    make_context(&lookup, MIDDLE, look_up);
    leaves = true;
    signal(SIGUSR1, handler);
    if (sigsetjmp(before_the_lookup, 1) == 0)
        swapcontext(&outside, &lookup);
    leaves = false;
}

/* ---- Calls that come later, one of each way into the library */

static struct sockaddr_in peer;

static void call_again(void)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool first = recv(fd, &byte, 1, MSG_DONTWAIT) == -1; /* a hook that doesn't enter */
    first &= connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0;
    first &= getpeername(fd, (struct sockaddr *)&name, &length) == 0 && name.sin_addr.s_addr == peer.sin_addr.s_addr;
    close(fd);
    printf("%s ", first && is_alias(first_address("three6.example")) ? "alive" : "dead");
}

static void test_stack(void (*handler)(int), int stack, bool used_again)
{
    stacks = mmap(NULL, STACKS * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    leave_a_lookup(handler);
    char *gone = stacks + MIDDLE * STACK_BYTES;
    if (used_again)
        mmap(gone, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    else
        munmap(gone, STACK_BYTES);
    make_context(&later, stack, call_again);
    swapcontext(&outside, &later);
    /* Where a stack is gone, libc may have loaded a library meanwhile. */
    munmap(stacks, MIDDLE * STACK_BYTES);
    munmap(gone + STACK_BYTES, (STACKS - MIDDLE - 1) * STACK_BYTES);
    if (used_again)
        munmap(gone, STACK_BYTES);
}

static void leave_and_call(void)
{
    FILE *sources = fopen("/etc/nsswitch.conf", "w");
    fprintf(sources, "hosts: raise files\n");
    fclose(sources);
    int waiting = world_listen("2001:db8::1", 0);
    peer = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr = alias_of("2001:db8::1"), .sin_port = htons(world_port(waiting))};
    void (*const handlers[])(int) = {jump, switch_over};
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        for (int stack = BELOW; stack < STACKS; stack += ABOVE) {
            test_stack(handlers[i], stack, false);
            test_stack(handlers[i], stack, true);
        }
    }
}

static void test_frame_was_read_on_a_stack_that_is_gone(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* they know nothing of such stacks */
    char path[256], target[256], link[256];
    snprintf(link, sizeof link, "%s/libnss_raise.so.2", getenv("TEST_DIR"));
    snprintf(target, sizeof target, "%s/tests/preload/.libs/nss_raise.so", getenv("LAB_BUILD"));
    snprintf(path, sizeof path, "LD_LIBRARY_PATH=%s", getenv("TEST_DIR"));
    assert_int_equal(symlink(target, link), 0);
    const char *const variables[] = {path, NULL};
    assert_string_equal(part_output("gone", variables), "alive alive alive alive alive alive alive alive ");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"gone", leave_and_call}, {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_was_read_on_a_stack_that_is_gone),
    };
    return SUPPORT_MAIN(parts, tests);
}
