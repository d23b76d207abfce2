/* Threads of ours beside those of the program: it may do what a process of one thread may. */
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>

/* A connection that is raced, with a listener behind one of its addresses. */
static int connect_in_the_background(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = first_address(getenv("NAME")), .sin_port = htons(7001)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != -1 || errno != EINPROGRESS)
        printf("not under way: %s ", strerror(errno));
    return fd;
}

static void unshare_while_connecting(void)
{
    int fd = connect_in_the_background();
    printf("%d ", unshare(CLONE_NEWUSER));
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    printf("%d ", poll(&polled, 1, 0)); /* it is still on its way, and nobody else's */
    fd = connect_in_the_background();
    printf("%d", setns(fd, CLONE_NEWNS) == -1 && errno == EINVAL); /* no namespace at all */
}

static void test_unshare_met_a_thread_of_ours(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its runtime has a thread of its own */
#endif
    setenv("NAME", "hole4.example", 1);
    struct part_result bare = *part_run_bare("unshare");
    setenv("NAME", "holes6.example", 1);
    assert_string_equal(part_output("unshare", NULL), bare.output);
    assert_string_equal(bare.output, "0 0 1");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"unshare", unshare_while_connecting}, {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unshare_met_a_thread_of_ours),
    };
    return SUPPORT_MAIN(parts, tests);
}
