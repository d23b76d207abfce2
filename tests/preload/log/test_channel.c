/* Lines to a listener: errno is what it was, and no other file gets them (preload/log/channel.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/log/channel.h"

#define NO_ERROR 4242 /* in errno before a call that may not touch it */
#define LINE     "a line\n"

static char directory[] = "/tmp/test_channel.XXXXXX", path[64], own_path[64];

static int make_directory(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/listener", directory);
    snprintf(own_path, sizeof own_path, "%s/own", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    unlink(own_path);
    return rmdir(directory);
}

static int make_file(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static void start(struct channel *channel)
{
    memset(channel, 0, sizeof *channel);
    assert_true(channel_start(channel, path));
}

static enum channel_outcome write_line(struct channel *channel, bool may_open)
{
    char data[] = LINE;
    const struct text line = {.data = data, .size = sizeof data, .length = sizeof data - 1};
    errno = NO_ERROR;
    enum channel_outcome outcome = channel_write(channel, &line, may_open);
    assert_int_equal(errno, NO_ERROR);
    return outcome;
}

static void stop_reading(const struct channel *channel)
{
    int fd = atomic_load(&channel->descriptor);
    if (fd != CHANNEL_CLOSED)
        close(fd);
    unlink(path);
}

static off_t size_of(int fd)
{
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    return status.st_size;
}

static void test_written_line_changed_errno(void **state)
{
    (void)state;
    struct channel channel;
    int file = make_file(path);
    start(&channel);
    assert_int_equal(write_line(&channel, false), CHANNEL_FULL); /* it is not open, and may not be opened */
    assert_int_equal(write_line(&channel, true), CHANNEL_WRITTEN);
    assert_int_equal(write_line(&channel, false), CHANNEL_WRITTEN);
    assert_int_equal(size_of(file), 2 * strlen(LINE));
    close(file);
    stop_reading(&channel);
}

static void test_full_fifo_changed_errno(void **state)
{
    (void)state;
    struct channel channel;
    assert_int_equal(mkfifo(path, 0600), 0);
    int fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    char page[4096] = {0};
    start(&channel);
    assert_int_equal(write_line(&channel, true), CHANNEL_WRITTEN);
    while (write(fifo, page, sizeof page) > 0 || write(fifo, page, 1) > 0)
        continue;
    assert_int_equal(write_line(&channel, true), CHANNEL_FULL);
    close(fifo);
    stop_reading(&channel);
}

static void test_missing_listener_changed_errno(void **state)
{
    (void)state;
    struct channel channel;
    start(&channel);
    assert_int_equal(write_line(&channel, true), CHANNEL_GONE);
    int file = make_file(path);
    start(&channel);
    assert_int_equal(write_line(&channel, true), CHANNEL_WRITTEN);
    unlink(path);
    assert_int_equal(write_line(&channel, true), CHANNEL_GONE);
    assert_int_equal(atomic_load(&channel.descriptor), CHANNEL_CLOSED);
    close(file);
}

/* The program closes our number, and opens a file of its own under it. */
static void test_line_went_into_the_programs_own_file(void **state)
{
    (void)state;
    struct channel channel;
    int file = make_file(path), own = make_file(own_path);
    start(&channel);
    assert_int_equal(write_line(&channel, true), CHANNEL_WRITTEN);
    int number = atomic_load(&channel.descriptor);
    assert_int_equal(dup2(own, number), number);
    assert_int_equal(write_line(&channel, false), CHANNEL_FULL);
    assert_int_equal(write_line(&channel, true), CHANNEL_WRITTEN);
    assert_int_equal(size_of(own), 0);
    assert_int_equal(size_of(file), 2 * strlen(LINE));
    /* Another file of the same device, or one of another device with the same number as inode. */
    atomic_store(&channel.inode, atomic_load(&channel.inode) + 1);
    assert_int_equal(write_line(&channel, false), CHANNEL_FULL);
    assert_int_equal(write_line(&channel, true), CHANNEL_WRITTEN);
    atomic_store(&channel.device, atomic_load(&channel.device) + 1);
    assert_int_equal(write_line(&channel, false), CHANNEL_FULL);
    close(number);
    close(file);
    close(own);
    stop_reading(&channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_line_changed_errno),
        cmocka_unit_test(test_full_fifo_changed_errno),
        cmocka_unit_test(test_missing_listener_changed_errno),
        cmocka_unit_test(test_line_went_into_the_programs_own_file),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
