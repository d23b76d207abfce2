/* Threads of ours beside those of the program: it may do what a process of one thread may. */
#include "../support.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#define NAME_SERVER  "127.0.0.1"
#define NAME_SERVICE 53
#define QUESTION     512
#define AT_MOST_S    60 /* less than libc waits for the name server, or the kernel for a silent address */

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

/* ---- The end of a process by that of its program's threads */

/* A name server that notes that it was asked, and never answers. It lives as long as the test. */
static void serve_silence(void)
{
    int fd = world_datagrams(NAME_SERVER, NAME_SERVICE);
    pid_t test = getpid(), child = fork();
    if (child != 0) {
        close(fd);
        return;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != test)
        _exit(1);
    for (char question[QUESTION];;)
        syscall(SYS_recvfrom, fd, question, sizeof question, 0, NULL, NULL);
}

/* Libc's resolver ends no question before the test's limit. */
static int set_up_silence(void **state)
{
    (void)state;
    serve_silence();
    write_file("/etc/nsswitch.conf", "hosts: files dns\n");
    write_file("/etc/resolv.conf", "nameserver " NAME_SERVER "\noptions timeout:30 attempts:5\n");
    return 0;
}

static int end_silence(void **state)
{
    (void)state;
    write_file("/etc/nsswitch.conf", "hosts: files\n");
    return 0;
}

/* By a timer of the process: its last threads may block what alarm() sends. */
static void kill_after_all(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    const struct itimerspec when = {.it_value.tv_sec = AT_MOST_S};
    int timer;
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0 ||
        syscall(SYS_timer_settime, timer, 0, &when, NULL) != 0)
        printf("no timer ");
}

/* Its IPv6 half is not in the hosts file, so the name server is asked. */
static void look_up_half(void)
{
    printf("%d ", gethostbyname("one4.example") != NULL);
}

static void say_the_end(void)
{
    printf("exit ");
}

/* Two rounds: the second one sets data anew. */
static pthread_key_t late_key;
static void end_data(void *data)
{
    printf("data ");
    if (data != NULL && *(int *)data == 0) {
        *(int *)data = 1;
        pthread_setspecific(late_key, data);
    }
}

static void end_main(void)
{
    static int none;
    kill_after_all();
    atexit(say_the_end);
    look_up_half();
    pthread_key_create(&late_key, end_data);
    pthread_setspecific(late_key, &none);
    pthread_exit(NULL);
}

static void end_main_while_connecting(void)
{
    kill_after_all();
    atexit(say_the_end);
    close(connect_in_the_background()); /* so its thread has nothing to do, and lingers */
    connect_in_the_background();
    pthread_exit(NULL);
}

static pthread_barrier_t together;

static void *end_together(void *unused)
{
    look_up_half();
    pthread_barrier_wait(&together);
    return unused;
}

static void end_all_at_once(void)
{
    pthread_t threads[4];
    kill_after_all();
    atexit(say_the_end);
    pthread_barrier_init(&together, NULL, 5);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, end_together, NULL);
    end_together(NULL);
    pthread_exit(NULL);
}

/* The first thread ends with a lookup of its own on its way, and must not take the others with it. */
static pthread_t first;
static void *outlive(void *unused)
{
    pthread_join(first, NULL);
    usleep(1000);
    printf("alive ");
    look_up_half();
    return unused;
}

static void end_main_first(void)
{
    pthread_t other;
    kill_after_all();
    atexit(say_the_end);
    first = pthread_self();
    look_up_half();
    pthread_create(&other, NULL, outlive, NULL);
    pthread_exit(NULL);
}

/* With a limit that the library's waits for a name server or a connection would pass by far. What stdio held back is
   written, as exit() does it. */
static void ends_as_bare(const char *part, const char *expected)
{
    static const char *const quick[] = {"V6SHIM_RESOLUTION_DELAY=50", NULL};
    assert_string_equal(part_output(part, quick), expected);
}

static void test_lookup_kept_a_process_alive(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its runtime has a thread of its own */
#endif
    ends_as_bare("end_main", "1 data data exit ");
    ends_as_bare("end_all_at_once", "1 1 1 1 1 exit ");
    ends_as_bare("end_main_first", "1 alive 1 exit ");
}

static void test_race_kept_a_process_alive(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its runtime has a thread of its own */
#endif
    setenv("NAME", "holes6.example", 1);
    ends_as_bare("end_main_connecting", "exit ");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"unshare", unshare_while_connecting},
                                        {"end_main", end_main},
                                        {"end_all_at_once", end_all_at_once},
                                        {"end_main_first", end_main_first},
                                        {"end_main_connecting", end_main_while_connecting},
                                        {0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unshare_met_a_thread_of_ours),
        cmocka_unit_test_setup_teardown(test_lookup_kept_a_process_alive, set_up_silence, end_silence),
        cmocka_unit_test(test_race_kept_a_process_alive),
    };
    return SUPPORT_MAIN(parts, tests);
}
