/* core/base/seqlock: what is read is what was written at one moment, in one thread and between threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "core/base/seqlock.h"

#define WRITERS 2u
#define WRITES  20000u

struct value {
    uint64_t first, second;
    uint32_t third;
};

static struct seqlock lock;
static _Atomic uint64_t words[SEQLOCK_WORDS(struct value)];
static atomic_uint running;

static int fresh(void **state)
{
    (void)state;
    memset(&lock, 0, sizeof lock);
    memset(&words, 0, sizeof words);
    return 0;
}

static bool read_value(struct value *value)
{
    uint32_t count;
    if (!seqlock_begin_read(&lock, &count))
        return false;
    seqlock_load(words, value, sizeof *value);
    return seqlock_is(&lock, count);
}

static void test_what_was_written_is_read(void **state)
{
    (void)state;
    struct value value = {1, 2, 3}, read;
    assert_int_equal(seqlock_writes(&lock), 0);
    seqlock_begin_write(&lock);
    seqlock_store(words, &value, sizeof value);
    seqlock_end_write(&lock);
    assert_int_equal(seqlock_writes(&lock), 1);
    assert_true(read_value(&read));
    assert_int_equal(read.first, 1);
    assert_int_equal(read.second, 2);
    assert_int_equal(read.third, 3);
}

static void test_no_byte_behind_the_value_is_touched(void **state)
{
    (void)state;
    const char value[11] = "0123456789";
    char read[12] = "___________";
    assert_int_equal(SEQLOCK_WORDS(value), 2);
    seqlock_store(words, value, sizeof value - 1);
    seqlock_load(words, read, sizeof value - 1);
    assert_string_equal(read, "0123456789_");
}

static void test_nothing_is_read_in_the_middle_of_a_write(void **state)
{
    (void)state;
    struct value read;
    uint32_t count;
    assert_true(seqlock_begin_read(&lock, &count));
    seqlock_begin_write(&lock);
    assert_false(seqlock_is(&lock, count));
    assert_false(read_value(&read));
    assert_false(seqlock_try_write(&lock));
    seqlock_end_write(&lock);
    assert_false(seqlock_is(&lock, count));
    assert_true(read_value(&read));
    assert_true(seqlock_try_write(&lock));
}

/* In a child that was forked there, nobody ends it. */
static void test_a_write_that_never_ended_is_made_whole_by_the_next(void **state)
{
    (void)state;
    struct value value = {4, 5, 6}, read;
    seqlock_begin_write(&lock);
    seqlock_begin_write(&lock);
    seqlock_store(words, &value, sizeof value);
    assert_false(read_value(&read));
    seqlock_end_write(&lock);
    assert_true(read_value(&read));
    assert_int_equal(read.second, 5);
}

static void *write_values(void *unused)
{
    for (uint32_t turn = 0; turn < WRITES; turn++) {
        struct value value = {turn, turn, turn};
        if (!seqlock_try_write(&lock))
            continue;
        seqlock_store(words, &value, sizeof value);
        seqlock_end_write(&lock);
    }
    atomic_fetch_sub(&running, 1);
    return unused;
}

static void test_threads_read_what_one_of_them_wrote(void **state)
{
    (void)state;
    pthread_t writers[WRITERS];
    struct value read;
    atomic_store(&running, WRITERS);
    for (unsigned i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_values, NULL), 0);
    while (atomic_load(&running) != 0) {
        if (!read_value(&read))
            continue;
        assert_int_equal(read.first, read.second);
        assert_int_equal(read.first, read.third);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    assert_true(read_value(&read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_was_written_is_read, fresh),
        cmocka_unit_test_setup(test_no_byte_behind_the_value_is_touched, fresh),
        cmocka_unit_test_setup(test_nothing_is_read_in_the_middle_of_a_write, fresh),
        cmocka_unit_test_setup(test_a_write_that_never_ended_is_made_whole_by_the_next, fresh),
        cmocka_unit_test_setup(test_threads_read_what_one_of_them_wrote, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
