/* preload/base/control_list: descriptors are found in any list that the kernel would take, and no step leads out of
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/base/control_list.h"

#define SEEN_MAX 8

static char list[256] __attribute__((aligned(__alignof__(struct cmsghdr))));
static struct msghdr message;
static int seen[SEEN_MAX];
static size_t seen_count;

static int fresh(void **state)
{
    (void)state;
    message = (struct msghdr){.msg_control = list};
    seen_count = 0;
    return 0;
}

static struct cmsghdr *add(int level, int type, const void *value, size_t length)
{
    char *at = list + message.msg_controllen;
    struct cmsghdr header = {.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(length)};
    memcpy(at, &header, sizeof header);
    memcpy(at + CMSG_LEN(0), value, length);
    message.msg_controllen += CMSG_SPACE(length);
    return (struct cmsghdr *)(void *)at;
}

static void see(int fd)
{
    assert_true(seen_count < SEEN_MAX);
    seen[seen_count++] = fd;
}

static void test_descriptors_of_every_message_are_found(void **state)
{
    (void)state;
    int first[3] = {3, 4, 5}, number = 77, second = 6;
    add(SOL_SOCKET, SCM_RIGHTS, first, sizeof first);
    add(SOL_SOCKET, SCM_CREDENTIALS, &number, sizeof number);
    add(IPPROTO_IP, SCM_RIGHTS, &number, sizeof number);
    add(SOL_SOCKET, SCM_RIGHTS, &second, sizeof second);
    assert_true(control_list_is_valid(&message));
    control_list_each_descriptor(&message, see);
    assert_int_equal(seen_count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(seen[i], 3 + i);
}

/* The kernel takes whole numbers out of it. */
static void test_half_a_descriptor_is_none(void **state)
{
    (void)state;
    int numbers[2] = {3, 4};
    add(SOL_SOCKET, SCM_RIGHTS, numbers, sizeof numbers - 1);
    assert_true(control_list_is_valid(&message));
    control_list_each_descriptor(&message, see);
    assert_int_equal(seen_count, 1);
}

static void test_an_empty_list_has_nothing(void **state)
{
    (void)state;
    message.msg_control = NULL;
    assert_true(control_list_is_valid(&message));
    control_list_each_descriptor(&message, see);
    assert_int_equal(seen_count, 0);
    assert_false(control_list_has(&message, SOL_SOCKET, SCM_RIGHTS));
}

static void test_a_message_is_known_by_level_and_type(void **state)
{
    (void)state;
    int value = 1;
    add(IPPROTO_IP, IP_TTL, &value, sizeof value);
    add(IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
    assert_true(control_list_has(&message, IPPROTO_IP, IP_TTL));
    assert_true(control_list_has(&message, IPPROTO_IPV6, IPV6_TCLASS));
    assert_false(control_list_has(&message, IPPROTO_IPV6, IP_TTL));
}

static void test_a_length_that_lies_makes_the_list_invalid(void **state)
{
    (void)state;
    int value = 1;
    add(SOL_SOCKET, SCM_RIGHTS, &value, sizeof value);
    struct cmsghdr *last = add(SOL_SOCKET, SCM_RIGHTS, &value, sizeof value);
    last->cmsg_len = CMSG_LEN(0) - 1;
    assert_false(control_list_is_valid(&message));
    last->cmsg_len = CMSG_SPACE(sizeof value) + 1;
    assert_false(control_list_is_valid(&message));
    last->cmsg_len = (__typeof__(last->cmsg_len))SIZE_MAX;
    assert_false(control_list_is_valid(&message));
    last->cmsg_len = CMSG_LEN(0);
    assert_true(control_list_is_valid(&message));
}

/* The kernel's own lists are walked through unchecked, and may end in the middle of a message that had no room. */
static void test_a_step_stays_inside_the_list(void **state)
{
    (void)state;
    int value = 1;
    struct cmsghdr *first = add(IPPROTO_IP, IP_TTL, &value, sizeof value);
    assert_null(control_list_next(&message, first));
    struct cmsghdr *second = add(IPPROTO_IP, IP_TOS, &value, sizeof value);
    assert_ptr_equal(control_list_next(&message, first), second);
    assert_null(control_list_next(&message, second));
    message.msg_controllen -= CMSG_SPACE(sizeof value) - CMSG_LEN(sizeof value);
    assert_ptr_equal(control_list_next(&message, first), second);
    message.msg_controllen--;
    assert_null(control_list_next(&message, first));
    message.msg_controllen = CMSG_SPACE(sizeof value) + sizeof(struct cmsghdr) - 1;
    assert_null(control_list_next(&message, first));
    message.msg_controllen = 2 * CMSG_SPACE(sizeof value);
    second->cmsg_len = (__typeof__(second->cmsg_len))SIZE_MAX;
    assert_null(control_list_next(&message, first));
    assert_null(control_list_next(&message, second));
    second->cmsg_len =
        (__typeof__(second->cmsg_len))(SIZE_MAX - CMSG_SPACE(sizeof value) + 1); /* back to the first */
    assert_null(control_list_next(&message, second));
    first->cmsg_len = 0;
    assert_null(control_list_next(&message, first));
}

static void test_memory_that_is_not_there_is_no_list(void **state)
{
    (void)state;
    void *page = mmap(NULL, sizeof list, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    message.msg_control = page;
    message.msg_controllen = sizeof list;
    assert_false(control_list_is_valid(&message));
    munmap(page, sizeof list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_descriptors_of_every_message_are_found, fresh),
        cmocka_unit_test_setup(test_half_a_descriptor_is_none, fresh),
        cmocka_unit_test_setup(test_an_empty_list_has_nothing, fresh),
        cmocka_unit_test_setup(test_a_message_is_known_by_level_and_type, fresh),
        cmocka_unit_test_setup(test_a_length_that_lies_makes_the_list_invalid, fresh),
        cmocka_unit_test_setup(test_a_step_stays_inside_the_list, fresh),
        cmocka_unit_test_setup(test_memory_that_is_not_there_is_no_list, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
