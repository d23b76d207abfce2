/* A program's own questions to a name server: names of aliases, threads, processes, and where nothing is asked. */
#include "asking.h"

#include <pthread.h>
#include <sys/wait.h>

static void test_name_of_an_alias(void **state)
{
    (void)state;
    static const char reverse[] = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
    struct in_addr alias = alias_of("2001:db8::1");
    const uint8_t *bytes = (const uint8_t *)&alias;
    uint8_t answer[DNS_UDP_MAX];
    char name[64];
    struct built built;
    struct dns_reader reader = {.message = answer};
    struct dns_header header;
    struct dns_record record;
    struct dns_name found, expected = {.length = 17, .bytes = "\3six\7example\3com"};
    int fd = client(BY_SENDTO, 0);
    snprintf(name, sizeof name, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
    ask_named(fd, BY_SENDTO, name, ID, DNS_TYPE_PTR);
    struct asked asked = take();
    assert_false(has_more());
    begin(&built, 0x8180, reverse, DNS_TYPE_PTR, 1, 0, 0);
    assert_memory_equal(asked.bytes + DNS_HEADER_SIZE, built.bytes + DNS_HEADER_SIZE, built.length - DNS_HEADER_SIZE);
    add(&built, QUESTION_POINTER, 2);
    add(&built, "\0\14\0\1\0\0\1\54\0\21", 10);
    add_name(&built, "six.example.com");
    syscall(SYS_sendto, server, built.bytes, built.length, 0, &asked.from, sizeof asked.from);
    ssize_t got = receive(fd, BY_RECVFROM, answer, sizeof answer, 0);
    assert_true(got > 0);
    reader.length = (size_t)got;
    assert_true(dns_read_header(&reader, &header));
    assert_int_equal(header.id, ID);
    assert_int_equal(header.answers, 1);
    assert_true(dns_skip_name(&reader) && dns_skip(&reader, 4) && dns_read_record(&reader, &record));
    assert_int_equal(record.type, DNS_TYPE_PTR);
    assert_true(dns_name_at(&reader, record.data, &found));
    assert_true(dns_names_equal(&found, &expected));
    ask_named(fd, BY_SENDTO, "1.2.0.192.in-addr.arpa", ID, DNS_TYPE_PTR);
    assert_int_equal(take().type, DNS_TYPE_PTR);
    assert_false(has_more());
    close(fd);
}

static void test_no_name_server_there(void **state)
{
    (void)state;
    struct sockaddr_in to = ipv4_at("192.0.2.3", 53);
    struct built built;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    begin(&built, DNS_FLAG_RECURSE, NAME, DNS_TYPE_A, 0, 0, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, built.bytes, built.length, 0), built.length);
    assert_int_equal(recv(fd, &built, sizeof built, 0), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
}

static void *ask_in_thread(void *expected)
{
    for (int i = 0; i < 20; i++) {
        int fd = client(BY_SENDTO, 0);
        ask(fd, BY_SENDTO);
        assert_answer(fd, BY_RECVFROM, ID, expected);
        close(fd);
    }
    return NULL;
}

static void test_threads_and_a_fork(void **state)
{
    (void)state;
    pthread_t threads[2];
    int status, fd = client(BY_SENDTO, 0);
    char expected[64]; /* made here, since gethostbyname() is for one thread at a time */
    snprintf(expected, sizeof expected, "%s", with_alias("", "2001:db8::1"));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_in_thread, expected), 0);
    for (int i = 0; i < 2 * 20 * 2; i++) {
        struct asked asked = take();
        reply(&asked, NAME, asked.type == DNS_TYPE_A ? NULL : "2001:db8::1");
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ask(fd, BY_SENDTO);
    pid_t child = fork();
    if (child == 0) {
        assert_answer(fd, BY_RECVFROM, ID, with_alias("", "2001:db8::1"));
        _exit(0);
    }
    struct asked aaaa, a;
    take_both(&aaaa, &a);
    reply(&a, NAME, NULL);
    reply(&aaaa, NAME, "2001:db8::1");
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);
}

/* ---- Where nothing is to be asked, or nothing answered */

static void part_unanswered(void)
{
    struct asked aaaa, a;
    uint8_t byte;
    start();
    for (int flags = 0; flags < 2; flags++) {
        int fd = client(BY_SENDTO, flags != 0 ? SOCK_NONBLOCK : 0);
        ask(fd, BY_SENDTO);
        take_both(&aaaa, &a);
        reply(&a, NAME, NULL);
        assert_answer(fd, BY_RECVFROM, ID, "");
        reply(&aaaa, NAME, "2001:db8::1");
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
        close(fd);
    }
    printf("done\n");
}

static void part_left_alone(void)
{
    struct asked a;
    start();
    int fd = client(BY_SEND, 0);
    ask(fd, BY_SEND);
    a = take();
    printf("%u%s\n", a.type, has_more() ? " and more" : "");
    reply(&a, NAME, "192.0.2.9");
    assert_answer(fd, BY_RECV, ID, "192.0.2.9");
}

static void part_asks_for_aaaa(void)
{
    struct asked aaaa;
    start();
    int fd = client(BY_SENDTO, 0);
    ask_named(fd, BY_SENDTO, NAME, ID + 1, DNS_TYPE_AAAA);
    aaaa = take();
    ask(fd, BY_SENDTO);
    unsigned type = take().type;
    printf("%u %u%s\n", aaaa.type, type, has_more() ? " and more" : "");
}

static void test_an_answer_that_does_not_come(void **state)
{
    (void)state;
    static const char *const soon[] = {"V6SHIM_RESOLUTION_DELAY=60", NULL};
    assert_string_equal(part_output("unanswered", soon), "done\n");
}

static void test_where_nothing_is_asked(void **state)
{
    (void)state;
    static const char *const settings[][2] = {
        {"V6SHIM_OWN_QUERIES=leave", NULL}, {"V6SHIM_AWARE=yes", NULL}, {"V6SHIM_FAMILIES=inet", NULL}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_string_equal(part_output("left alone", settings[i]), "1\n");
    assert_string_equal(part_output("asks for AAAA", NULL), "28 1\n");
}

int main(int argc, char **argv)
{
    const struct part parts[] = {{"unanswered", part_unanswered},
                                 {"left alone", part_left_alone},
                                 {"asks for AAAA", part_asks_for_aaaa},
                                 {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_name_of_an_alias, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_name_server_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads_and_a_fork, setup, teardown),
        cmocka_unit_test(test_an_answer_that_does_not_come),
        cmocka_unit_test(test_where_nothing_is_asked),
    };
    return SUPPORT_MAIN(parts, tests);
}
