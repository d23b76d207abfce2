/* Ends the process when only threads of ours are left; called when a thread of the program ends, as preload/init.c
   arranges. */
#include "preload/last_thread.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "preload/base/clock.h"
#include "preload/base/critical_section.h"
#include "preload/base/raw_file.h"
#include "preload/connect/race_thread.h"
#include "preload/libc/libc_object.h"
#include "preload/thread/worker_thread.h"

#define TASKS          "/proc/self/task"
#define LOOK_AGAIN_NS  (100 * CLOCK_NS_PER_US)
#define LOOKS          10000
#define MARKS          64 /* threads that end at once */
#define STAT_SIZE      512
#define START_TIME     22 /* the field's number in /proc/PID/stat (proc(5)); the state, behind the name, is the third */
#define DIRECTORY_SIZE 1024

/* Threads that have come to their end: number, and above it when the thread started, since numbers are used again. */
static _Atomic uint64_t marks[MARKS];
static _Atomic unsigned next_mark;
static atomic_bool exits;

bool last_thread_has_company(void)
{
    return race_thread_is_there() || worker_thread_is_there();
}

/* What a mark holds for this thread; 0 where it is no more, or its last part has ended and the rest waits to be
   collected, as the first thread of a process does. */
static uint64_t read_thread(int thread)
{
    char line[STAT_SIZE];
    struct text path = text_on(line, sizeof line);
    text_add(&path, TASKS "/");
    text_add_number(&path, thread);
    text_add(&path, "/stat");
    int fd = raw_openat(AT_FDCWD, line, O_RDONLY, 0);
    if (fd < 0)
        return 0;
    long count = syscall(SYS_read, fd, line, sizeof line - 1);
    raw_close(fd);
    line[count > 0 ? count : 0] = '\0';
    const char *at = strrchr(line, ')');
    if (at == NULL || strncmp(at, ") Z", 3) == 0 || strncmp(at, ") X", 3) == 0)
        return 0;
    for (unsigned field = 2; at != NULL && field < START_TIME; field++)
        at = strchr(at + 1, ' ');
    uint64_t start = at != NULL ? strtoull(at, NULL, 10) : 0;
    return start << 32 | (uint32_t)thread;
}

static bool is_marked(uint64_t mark)
{
    for (unsigned i = 0; i < MARKS; i++)
        if (atomic_load(&marks[i]) == mark)
            return true;
    return false;
}

enum finding { FOUND_NOBODY, FOUND_OURS, FOUND_MAYBE_OURS, FOUND_PROGRAM };

static enum finding judge(int thread)
{
    enum our_thread race = race_thread_kind(thread), lookup = worker_thread_kind(thread);
    if (race == THREAD_OURS || lookup == THREAD_OURS)
        return FOUND_OURS;
    uint64_t mark = read_thread(thread);
    if (mark == 0 || is_marked(mark))
        return FOUND_NOBODY;
    return race == THREAD_NOT_OURS && lookup == THREAD_NOT_OURS ? FOUND_PROGRAM : FOUND_MAYBE_OURS;
}

/* The most that was found among the other threads; the program's where this one isn't listed, as with a /proc of
   another PID namespace. */
static enum finding look(int self)
{
    _Alignas(struct dirent64) char data[DIRECTORY_SIZE];
    enum finding most = FOUND_NOBODY;
    bool listed = false;
    int directory = raw_openat(AT_FDCWD, TASKS, O_RDONLY | O_DIRECTORY, 0);
    if (directory < 0)
        return FOUND_PROGRAM;
    for (long size; most != FOUND_PROGRAM && (size = syscall(SYS_getdents64, directory, data, sizeof data)) > 0;)
        for (long at = 0; at < size && most != FOUND_PROGRAM;) {
            const struct dirent64 *entry = (const void *)(data + at);
            int thread = (int)strtol(entry->d_name, NULL, 10); /* 0 for . and .. */
            enum finding found = thread == 0 || thread == self ? FOUND_NOBODY : judge(thread);
            listed = listed || thread == self;
            most = found > most ? found : most;
            at += entry->d_reclen;
        }
    raw_close(directory);
    return listed ? most : FOUND_PROGRAM;
}

static enum finding look_until_sure(int self)
{
    struct timespec moment = {.tv_nsec = LOOK_AGAIN_NS};
    enum finding found = look(self);
    for (unsigned looks = 1; found == FOUND_MAYBE_OURS && looks < LOOKS; looks++) {
        syscall(SYS_nanosleep, &moment, NULL);
        found = look(self);
    }
    return found;
}

bool last_thread_is_alone(void)
{
    struct critical_section section;
    critical_section_enter(&section);
    enum finding found = look_until_sure((int)syscall(SYS_gettid));
    critical_section_leave(&section);
    return found == FOUND_NOBODY || found == FOUND_OURS;
}

/* libc's own, not a function of the program's that has its name. */
static void end_process(void)
{
    void (*own)(int) = (void (*)(int))libc_object_function("exit");
    if (own != NULL)
        own(0);
}

void last_thread_end(void)
{
    int self = (int)syscall(SYS_gettid);
    struct critical_section section;
    critical_section_enter(&section);
    /* Marked before it looks: of two threads the later one finds the other marked. */
    atomic_store(&marks[atomic_fetch_add(&next_mark, 1) % MARKS], read_thread(self));
    bool last = look_until_sure(self) == FOUND_OURS;
    critical_section_leave(&section);
    if (last && !atomic_exchange(&exits, true))
        end_process();
}
