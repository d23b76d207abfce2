/* Finds out whether another process has a socket; called before one is exchanged. */
#include "preload/socket/holders.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/text.h"
#include "preload/base/clock.h"
#include "preload/base/raw_file.h"
#include "preload/log/log.h"
#include "preload/socket/sockets.h"

#define READ_SIZE   1024 /* twice on the stack */
#define NAME_SIZE   32
#define LINKS_MAX   50000 /* of /proc that are read for one answer, some 40 ms: then it is given up */
#define BELIEVED_MS 1000

static _Atomic int parent; /* the process that this one was forked from; 0: none that we have seen */

/* What one question is about, and what came of it. */
struct search {
    char target[NAME_SIZE], self[NAME_SIZE];
    int processes; /* /proc */
    unsigned links_left;
    bool found;
};

/* As getdents64(2) gives it. */
struct entry {
    uint64_t inode, offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Calls `look` for each entry of a directory that is a number, until the search is over. False where it can't be
   read. */
__attribute__((noinline)) static bool each_number(struct search *search, const char *path,
                                                  void (*look)(struct search *, int, const char *))
{
    char data[READ_SIZE] __attribute__((aligned(8)));
    int directory = raw_openat(search->processes, path, O_RDONLY | O_DIRECTORY, 0);
    if (directory < 0)
        return errno == ENOENT; /* the process has ended */
    for (long size; !search->found && (size = syscall(SYS_getdents64, directory, data, sizeof data)) > 0;)
        for (long at = 0; !search->found && at < size;) {
            const struct entry *entry = (const struct entry *)(const void *)(data + at);
            if (entry->name[0] >= '0' && entry->name[0] <= '9')
                look(search, directory, entry->name);
            at += entry->length;
        }
    raw_close(directory);
    return true;
}

static void look_at_link(struct search *search, int directory, const char *name)
{
    char target[NAME_SIZE] = "";
    long length = syscall(SYS_readlinkat, directory, name, target, sizeof target - 1);
    if (search->links_left-- == 0 || (length > 0 && strcmp(target, search->target) == 0))
        search->found = true;
}

static void look_at_process(struct search *search, int directory, const char *name)
{
    char path[NAME_SIZE + sizeof "/fd"];
    (void)directory;
    if (strcmp(name, search->self) == 0)
        return;
    struct text text = text_on(path, sizeof path);
    text_add(&text, name);
    text_add(&text, "/fd");
    if (!each_number(search, path, look_at_link) && atomic_load(&parent) == strtol(name, NULL, 10))
        search->found = syscall(SYS_getppid) == atomic_load(&parent);
}

__attribute__((noinline)) static bool search_processes(uint64_t inode)
{
    struct search search = {.processes = raw_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0),
                            .links_left = LINKS_MAX};
    if (search.processes < 0)
        return true;
    struct text text = text_on(search.target, sizeof search.target);
    text_add(&text, "socket:[");
    text_add_unsigned(&text, inode);
    text_add(&text, "]");
    if (syscall(SYS_readlinkat, search.processes, "self", search.self, sizeof search.self - 1) <= 0 ||
        !each_number(&search, ".", look_at_process))
        search.found = true;
    raw_close(search.processes);
    return search.found;
}

/* One that another user has made came from a process which can't be looked at, unless this is root. */
static bool ask(int fd, bool foreign)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    uid_t user = (uid_t)syscall(SYS_geteuid);
    return (foreign && user != 0 && status.st_uid != user) || search_processes(status.st_ino);
}

bool holders_include_others(int fd)
{
    struct socket_record *record = sockets_find(fd);
    bool unsure = atomic_load(&sockets_forks) != 0;
    uint32_t children = atomic_load(&sockets_children);
    uint32_t flags = record != NULL ? atomic_load_explicit(&record->flags, memory_order_relaxed) : SOCKET_FOREIGN;
    bool foreign = (flags & SOCKET_FOREIGN) != 0, sent = (flags & SOCKET_SENT) != 0;
    if (!foreign && !unsure && !sent && atomic_load(&record->children) == children)
        return false;
    int saved = errno;
    bool shared =
        sent || (record != NULL && clock_now_ms() < atomic_load(&record->held_until_ms)) || ask(fd, foreign);
    if (record != NULL && shared) {
        if (atomic_exchange(&record->held_until_ms, clock_now_ms() + BELIEVED_MS) == 0)
            log_message(LOG_LEVEL_INFO, "a socket stays with IPv4, since another process may have it too");
    } else if (record != NULL) {
        if (!unsure)
            atomic_store(&record->children, children);
        sockets_clear(record, SOCKET_FOREIGN);
    }
    errno = saved;
    return shared;
}

void holders_note_sent(int fd)
{
    sockets_set(sockets_find(fd), SOCKET_SENT);
}

void holders_note_child(void)
{
    atomic_fetch_add(&sockets_children, 1);
}

void holders_before_fork(void)
{
    atomic_fetch_add(&sockets_forks, 1);
}

void holders_after_fork_in_parent(void)
{
    holders_note_child();
    atomic_fetch_sub(&sockets_forks, 1);
}

void holders_after_fork(void)
{
    atomic_store(&sockets_forks, 0);
    atomic_store(&parent, (int)syscall(SYS_getppid));
    atomic_fetch_add(&sockets_children, 1);
}
