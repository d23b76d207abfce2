/* getaddrinfo_a() gives what getaddrinfo() gives, whichever way its end is heard of. */
#include "../support.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

#define MANY 60 /* more than are looked up at a time */

static struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};

static struct gaicb request_for(const char *name)
{
    return (struct gaicb){.ar_name = name, .ar_service = "9", .ar_request = &hints};
}

/* The addresses of a request that has been carried out, as text; frees them. */
static const char *answer_of(struct gaicb *request)
{
    static char text[256];
    text[0] = '\0';
    if (gai_error(request) != 0) {
        snprintf(text, sizeof text, "%s", gai_strerror(gai_error(request)));
        return text;
    }
    for (const struct addrinfo *at = request->ar_result; at != NULL; at = at->ai_next) {
        struct in_addr address = ((struct sockaddr_in *)(void *)at->ai_addr)->sin_addr;
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s ", is_alias(address) ? "alias" : text_of(address));
    }
    freeaddrinfo(request->ar_result);
    return text;
}

static void test_name_was_not_found(void **state)
{
    (void)state;
    struct gaicb one = request_for("one6.example"), both = request_for("both.example"),
                 absent = request_for("absent.invalid"), text = request_for("2001:db8::1");
    struct gaicb *list[] = {&one, &both, NULL, &absent, &text};
    errno = NO_ERROR;
    assert_int_equal(getaddrinfo_a(GAI_WAIT, list, 5, NULL), 0);
    assert_int_equal(errno, NO_ERROR);
    assert_string_equal(answer_of(&one), "alias ");
    assert_string_equal(answer_of(&both), "192.0.2.1 alias ");
    assert_int_equal(gai_error(&absent), EAI_NONAME);
    assert_string_equal(answer_of(&text), "alias ");
}

static void test_many_were_not_carried_out(void **state)
{
    (void)state;
    struct gaicb requests[MANY], *list[MANY];
    for (int i = 0; i < MANY; i++) {
        requests[i] = request_for(i % 2 == 0 ? "one6.example" : "one4.example");
        list[i] = &requests[i];
    }
    assert_int_equal(getaddrinfo_a(GAI_NOWAIT, list, MANY, NULL), 0);
    for (int i = 0; i < MANY; i++) {
        const struct gaicb *const waited[] = {&requests[i]};
        int result;
        while ((result = gai_suspend(waited, 1, NULL)) != EAI_ALLDONE)
            assert_int_not_equal(result, EAI_AGAIN);
        assert_string_equal(answer_of(&requests[i]), i % 2 == 0 ? "alias " : "192.0.2.1 ");
    }
}

static sem_t told;
static unsigned times_told, signals_blocked;
static struct gaicb *told_of;

static void be_told(union sigval value)
{
    sigset_t set;
    told_of = value.sival_ptr;
    times_told += gai_error(told_of) != EAI_INPROGRESS;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    signals_blocked = (unsigned)sigismember(&set, SIGUSR1);
    sem_post(&told);
}

static void test_thread_was_not_told(void **state)
{
    (void)state;
    struct gaicb one = request_for("one6.example");
    struct gaicb *list[] = {&one};
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD, .sigev_notify_function = be_told, .sigev_value.sival_ptr = &one};
    sem_init(&told, 0, 0);
    assert_int_equal(getaddrinfo_a(GAI_NOWAIT, list, 1, &event), 0);
    while (sem_wait(&told) != 0)
        continue;
    assert_int_equal(times_told, 1);
    assert_int_equal(signals_blocked, 0);
    assert_ptr_equal(told_of, &one);
    assert_string_equal(answer_of(&one), "alias ");
}

/* A limit of no time at all; the request may be done all the same. */
static void test_limit_was_not_kept(void **state)
{
    (void)state;
    struct gaicb one = request_for("one6.example");
    struct gaicb *list[] = {&one};
    const struct gaicb *const waited[] = {&one};
    const struct timespec none = {0};
    assert_int_equal(getaddrinfo_a(GAI_NOWAIT, list, 1, NULL), 0);
    int result = gai_suspend(waited, 1, &none);
    assert_true(result == EAI_AGAIN || result == EAI_ALLDONE || result == 0);
    while (gai_suspend(waited, 1, NULL) != EAI_ALLDONE)
        continue;
    assert_string_equal(answer_of(&one), "alias ");
}

static void test_cancelled_request_was_carried_out(void **state)
{
    (void)state;
    struct gaicb requests[MANY], *list[MANY];
    unsigned cancelled = 0;
    for (int i = 0; i < MANY; i++) {
        requests[i] = request_for("one6.example");
        list[i] = &requests[i];
    }
    assert_int_equal(getaddrinfo_a(GAI_NOWAIT, list, MANY, NULL), 0);
    for (int i = MANY - 1; i >= 0; i--) {
        int result = gai_cancel(&requests[i]);
        assert_true(result == EAI_CANCELED || result == EAI_NOTCANCELED || result == EAI_ALLDONE);
        if (result == EAI_CANCELED)
            assert_int_equal(gai_error(&requests[i]), EAI_CANCELED);
        cancelled += result == EAI_CANCELED;
    }
    for (int i = 0; i < MANY; i++) {
        const struct gaicb *const waited[] = {&requests[i]};
        while (gai_suspend(waited, 1, NULL) != EAI_ALLDONE)
            continue;
        cancelled -= gai_error(&requests[i]) == EAI_CANCELED;
        if (gai_error(&requests[i]) == 0)
            freeaddrinfo(requests[i].ar_result);
    }
    assert_int_equal(cancelled, 0);
}

static void test_child_could_not_ask(void **state)
{
    (void)state;
    if (under_sanitizer("address"))
        skip(); /* whose allocator may be locked in the child, by a thread that it doesn't have */
    struct gaicb requests[MANY], *list[MANY];
    for (int i = 0; i < MANY; i++) {
        requests[i] = request_for("one6.example");
        list[i] = &requests[i];
    }
    assert_int_equal(getaddrinfo_a(GAI_NOWAIT, list, MANY, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        struct gaicb one = request_for("one6.example"), *its[] = {&one};
        _exit(getaddrinfo_a(GAI_WAIT, its, 1, NULL) == 0 && gai_error(&one) == 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (int i = 0; i < MANY; i++) {
        const struct gaicb *const waited[] = {&requests[i]};
        while (gai_suspend(waited, 1, NULL) != EAI_ALLDONE)
            continue;
        assert_string_equal(answer_of(&requests[i]), "alias ");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_was_not_found),
        cmocka_unit_test(test_many_were_not_carried_out),
        cmocka_unit_test(test_thread_was_not_told),
        cmocka_unit_test(test_limit_was_not_kept),
        cmocka_unit_test(test_cancelled_request_was_carried_out),
        cmocka_unit_test(test_child_could_not_ask),
    };
    return SUPPORT_MAIN(NULL, tests);
}
