#include "support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"
#include "preload/alias/aliases.h"
#include "preload/log/log.h"

#define CHILD_SECONDS 600

char test_directory[SUPPORT_PATH_SIZE];
char state_directory[SUPPORT_PATH_SIZE];
char logged[SUPPORT_LOG_SIZE];
_Atomic size_t logged_warnings;

void support_hide_var_lib(void)
{
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        mount("tests", "/var/lib", "tmpfs", 0, "mode=755");
}

/* In place of preload/log/log.c: the lines are kept for the test. */
bool log_wants(enum log_level level)
{
    return level <= LOG_LEVEL_INFO;
}

void log_line(enum log_level level, const struct text *line)
{
    static _Atomic size_t length;
    logged_warnings += level <= LOG_LEVEL_WARNING;
    size_t at = atomic_fetch_add(&length, line->length + 1);
    if (at + line->length + 2 > sizeof logged)
        return;
    memcpy(logged + at, line->data, line->length);
    logged[at + line->length] = '\n';
}

void log_message(enum log_level level, const char *message)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, message);
    log_line(level, &line);
}

size_t logged_count(const char *part)
{
    size_t count = 0;
    for (const char *at = logged; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

int support_set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(test_directory, sizeof test_directory, "%s/v6shim-state-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(test_directory) == NULL)
        return -1;
    size_t length = strlen(test_directory);
    memcpy(state_directory, test_directory, length);
    strcpy(state_directory + length, "/state");
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *position)
{
    (void)status;
    (void)kind;
    (void)position;
    return remove(path);
}

int support_tear_down(void **state)
{
    (void)state;
    return nftw(test_directory, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void support_check(bool condition, const char *text, const char *file, int line)
{
    if (condition)
        return;
    dprintf(STDERR_FILENO, "%s:%d: not true: %s\nlogged: %s\n", file, line, text, logged);
    _exit(1);
}

pid_t support_start(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS);
        body();
        _exit(0);
    }
    return child;
}

bool support_wait(pid_t child)
{
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool support_child(void (*body)(void))
{
    return support_wait(support_start(body));
}

void start_aliases(unsigned pool_length)
{
    struct in_addr pool = {htonl(0xf0400000)};
    CHECK(aliases_start(pool, pool_length, "a key for tests", state_directory));
}

uint32_t offset_of_alias(const struct alias_pool *pool, struct in_addr alias)
{
    uint32_t offset;
    CHECK(alias_pool_find(pool, alias, &offset));
    return offset;
}

struct ip_address numbered(uint32_t number)
{
    struct in6_addr ipv6 = {0};
    ipv6.s6_addr[0] = 0x20;
    ipv6.s6_addr[1] = 0x01;
    ipv6.s6_addr[2] = 0x0d;
    ipv6.s6_addr[3] = 0xb8;
    number = htonl(number);
    memcpy(&ipv6.s6_addr[12], &number, sizeof number);
    return address_ipv6(&ipv6, 0);
}

struct ip_address link_local(uint32_t scope)
{
    struct in6_addr ipv6 = {0};
    ipv6.s6_addr[0] = 0xfe;
    ipv6.s6_addr[1] = 0x80;
    ipv6.s6_addr[15] = 1;
    return address_ipv6(&ipv6, scope);
}

#define NAME_SIZE 64

const char *state_path(const char *name)
{
    static char path[SUPPORT_PATH_SIZE + NAME_SIZE];
    snprintf(path, sizeof path, "%s/%s", state_directory, name);
    return path;
}

const char *test_path(const char *name)
{
    static char path[SUPPORT_PATH_SIZE + NAME_SIZE];
    snprintf(path, sizeof path, "%s/%s", test_directory, name);
    return path;
}

void write_whole(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

size_t read_whole(const char *path, void *bytes, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t count = fd >= 0 ? read(fd, bytes, size) : -1;
    CHECK(count >= 0);
    close(fd);
    return (size_t)count;
}

size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory != NULL && readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

void check_aliases(uint32_t count, enum alias_kind kind)
{
    struct in_addr *aliases = calloc(count, sizeof *aliases);
    for (uint32_t number = 0; number < count; number++) {
        struct ip_address address = numbered(number), back;
        aliases[number] = aliases_of(&address, kind);
        CHECK(aliases[number].s_addr != aliases_nobody().s_addr);
        CHECK(aliases_find_address(aliases[number], &back) && address_equal(&back, &address));
    }
    for (uint32_t number = 0; number < count; number++) {
        struct ip_address address = numbered(number), back;
        CHECK(aliases_of(&address, kind).s_addr == aliases[number].s_addr);
        CHECK(aliases_find_address(aliases[number], &back) && address_equal(&back, &address));
    }
    free(aliases);
}
