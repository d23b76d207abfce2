/* A program's own questions to a name server, over UDP: what is sent, and what comes of the answers. */
#include "asking.h"

#include <fcntl.h>
#include <poll.h>

static void test_each_call(void **state)
{
    (void)state;
    struct asked aaaa, a;
    for (int order = 0; order < 2; order++)
        for (int how = 0; how < HOWS; how++)
            for (int by = 0; by < TAKES; by++) {
                int fd = client(how, 0);
                ask(fd, how);
                take_both(&aaaa, &a);
                if (order == 0)
                    reply(&aaaa, NAME, "2001:db8::1");
                reply(&a, NAME, "192.0.2.9");
                if (order == 1)
                    reply(&aaaa, NAME, "2001:db8::1");
                assert_answer(fd, by, ID, with_alias("192.0.2.9 ", "2001:db8::1"));
                assert_int_equal(recv(fd, &a, 1, MSG_DONTWAIT), -1);
                assert_int_equal(errno, EAGAIN);
                close(fd);
            }
}

static void test_a_name_with_ipv6_alone(void **state)
{
    (void)state;
    struct asked aaaa, a;
    uint8_t byte;
    int fd = client(BY_SENDTO, SOCK_NONBLOCK);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    ask(fd, BY_SENDTO);
    take_both(&aaaa, &a);
    reply(&aaaa, NAME, "2001:db8::2");
    assert_int_equal(poll(&polled, 1, 30), 0);
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
    reply(&a, NAME, NULL);
    assert_int_equal(poll(&polled, 1, 5000), 1);
    assert_answer(fd, BY_RECVFROM, ID, with_alias("", "2001:db8::2"));
    ask(fd, BY_SENDTO);
    take_both(&aaaa, &a);
    reply(&a, NAME, NULL);
    reply(&aaaa, NAME, "2001:db8::2");
    assert_int_equal(poll(&polled, 1, 5000), 1);
    assert_answer(fd, BY_RECVFROM, ID, with_alias("", "2001:db8::2"));
    assert_int_equal(poll(&polled, 1, 0), 0);
    close(fd);
}

static void test_a_name_with_ipv4_alone(void **state)
{
    (void)state;
    struct asked aaaa, a;
    int fd = client(BY_SEND, 0);
    ask(fd, BY_SEND);
    take_both(&aaaa, &a);
    reply(&aaaa, NAME, NULL);
    reply(&a, NAME, "192.0.2.9");
    assert_answer(fd, BY_RECV, ID, "192.0.2.9");
    close(fd);
}

static void test_a_socket_that_does_not_block_waits_for_no_second_family(void **state)
{
    (void)state;
    struct asked aaaa, a;
    uint8_t byte;
    int fd = client(BY_SENDTO, SOCK_NONBLOCK);
    ask(fd, BY_SENDTO);
    take_both(&aaaa, &a);
    reply(&a, NAME, "192.0.2.9");
    assert_answer(fd, BY_RECVFROM, ID, "192.0.2.9");
    reply(&aaaa, NAME, "2001:db8::1");
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
    close(fd);
}

static void test_peeking_and_small_rooms(void **state)
{
    (void)state;
    struct asked aaaa, a;
    uint8_t bytes[DNS_UDP_MAX], peeked[DNS_UDP_MAX];
    for (int order = 0; order < 2; order++) {
        int fd = client(BY_SENDTO, 0);
        ask(fd, BY_SENDTO);
        take_both(&aaaa, &a);
        if (order == 0)
            reply(&aaaa, NAME, "2001:db8::1");
        reply(&a, NAME, NULL);
        if (order == 1)
            reply(&aaaa, NAME, "2001:db8::1");
        ssize_t length = receive(fd, BY_RECVFROM, peeked, sizeof peeked, MSG_PEEK);
        assert_string_equal(addresses_in(peeked, (size_t)length), with_alias("", "2001:db8::1"));
        assert_int_equal(receive(fd, BY_RECVMSG, peeked, 20, MSG_PEEK | MSG_TRUNC), length);
        memset(bytes, 0x5a, sizeof bytes);
        assert_int_equal(receive(fd, BY_RECV, bytes, 20, 0), 20);
        assert_memory_equal(bytes, peeked, 20);
        assert_int_equal(bytes[20], 0x5a);
        assert_int_equal(recv(fd, bytes, 1, MSG_DONTWAIT), -1);
        close(fd);
    }
}

static void test_several_questions_on_one_socket(void **state)
{
    (void)state;
    struct asked aaaa[2], a[2];
    static const char *const names[] = {"one.example.com", "two.example.com"};
    for (int flags = 0; flags < 2; flags++) {
        int fd = client(BY_SENDTO, flags != 0 ? SOCK_NONBLOCK : 0);
        for (int i = 0; i < 2; i++) {
            ask_named(fd, BY_SENDTO, names[i], ID + (unsigned)i, DNS_TYPE_A);
            take_both(&aaaa[i], &a[i]);
        }
        for (int i = 0; i < 2; i++)
            reply(&a[i], names[i], NULL);
        reply(&aaaa[1], names[1], "2001:db8::2");
        reply(&aaaa[0], names[0], "2001:db8::1");
        assert_answer(fd, BY_RECVFROM, ID + 1, with_alias("", "2001:db8::2"));
        assert_answer(fd, BY_RECVFROM, ID, with_alias("", "2001:db8::1"));
        close(fd);
    }
}

static void test_forged_answers(void **state)
{
    (void)state;
    struct asked aaaa, a, wrong;
    uint8_t bytes[DNS_UDP_MAX];
    int fd = client(BY_SENDTO, 0), stranger = world_datagrams("192.0.2.2", 53);
    ask(fd, BY_SENDTO);
    take_both(&aaaa, &a);
    wrong = aaaa;
    wrong.id ^= 1;
    reply(&wrong, NAME, "2001:db8::3"); /* whatever isn't the answer, the program sees as bare */
    assert_true(recv(fd, bytes, sizeof bytes, 0) > 0);
    assert_int_equal(dns_get_16(bytes), wrong.id);
    reply_from(stranger, &aaaa, NAME, "2001:db8::3");
    assert_true(recv(fd, bytes, sizeof bytes, 0) > 0);
    assert_int_equal(dns_get_16(bytes), aaaa.id);
    reply(&aaaa, "other.example.com", "2001:db8::3");
    assert_true(recv(fd, bytes, sizeof bytes, 0) > 0);
    assert_int_equal(dns_get_16(bytes), aaaa.id);
    reply(&aaaa, NAME, "2001:db8::1");
    reply(&a, NAME, NULL);
    assert_answer(fd, BY_RECVFROM, ID, with_alias("", "2001:db8::1"));
    close(fd);
    world_close(stranger);
}

static void test_asked_again(void **state)
{
    (void)state;
    struct asked aaaa, a, again_aaaa, again;
    int fd = client(BY_SENDTO, 0);
    ask(fd, BY_SENDTO);
    take_both(&aaaa, &a);
    ask(fd, BY_SENDTO);
    take_both(&again_aaaa, &again);
    assert_int_equal(again_aaaa.id, aaaa.id);
    reply(&aaaa, NAME, "2001:db8::1");
    reply(&a, NAME, NULL);
    assert_answer(fd, BY_RECVFROM, ID, with_alias("", "2001:db8::1"));
    close(fd);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_with_ipv6_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_with_ipv4_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_socket_that_does_not_block_waits_for_no_second_family, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_peeking_and_small_rooms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_questions_on_one_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forged_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_asked_again, setup, teardown),
    };
    return SUPPORT_MAIN(NULL, tests);
}
