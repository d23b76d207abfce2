/* Checks many files in worker processes, a few at a time; called by v6shim check (check/check.c). */
#include "check/pool.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check/file/file.h"
#include "check/report/json.h"

#define FILE_TIMEOUT_MS 60000 /* far beyond what the largest browser takes */
#define JOBS_MAXIMUM    64u
#define NOTHING         SIZE_MAX

struct worker {
    pid_t pid; /* 0: none */
    int socket;
    size_t target; /* what it is busy with, or NOTHING */
    int64_t since_ms;
    char *answer; /* as far as it has come: a length, then JSON */
    size_t received;
    size_t size;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

unsigned check_pool_processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < 1 ? 1 : (unsigned)count;
}

/* All of it, or false. The other end's death is an error, not a signal. */
static bool send_all(int socket, const void *data, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(socket, (const char *)data + sent, size - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        sent += (size_t)count;
    }
    return true;
}

/* --- the worker's side --- */

/* Files that the process has mapped and may execute: its libraries, those that were loaded while running included. */
static struct check_mapping *read_mappings(pid_t pid)
{
    char path[64], *line = NULL;
    size_t size = 0;
    struct check_mapping *list = NULL;
    snprintf(path, sizeof path, "/proc/%ld/maps", (long)pid);
    FILE *stream = fopen(path, "re");
    while (stream != NULL && getline(&line, &size, stream) > 0) {
        char rights[8] = "", *name = strchr(line, '/');
        if (name == NULL || sscanf(line, "%*s %7s", rights) != 1 || rights[2] != 'x')
            continue;
        name[strcspn(name, "\n")] = '\0';
        struct check_mapping *mapping = malloc(sizeof *mapping);
        if (mapping == NULL)
            break;
        *mapping = (struct check_mapping){strdup(name), list};
        list = mapping;
    }
    if (stream != NULL)
        fclose(stream);
    free(line);
    return list;
}

/* Why a process has no program that can be read; NULL: it has one. */
static const char *explain_process(const char *path, pid_t pid)
{
    char target[2];
    if (readlink(path, target, sizeof target) >= 0)
        return NULL;
    if (errno == EACCES || errno == EPERM)
        return "it is another user's process: ask as that user, or as root";
    return kill(pid, 0) == 0 || errno == EPERM ? "it is a thread of the kernel, or is just ending: it has no program"
                                               : "there is no such process";
}

static struct report *check_process(struct checker *checker, const struct check_target *target)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/exe", (long)target->pid);
    const char *problem = explain_process(path, target->pid);
    struct report *report =
        problem == NULL ? check_file(checker, path, read_mappings(target->pid)) : report_new(target->path);
    if (report == NULL)
        return NULL;
    report->path = report_copy(report, target->path);
    if (problem != NULL) {
        report->error = problem;
        return report;
    }
    report_add_note(report, report_print(report, "process %ld", (long)target->pid));
    return report;
}

static void work(const struct check_targets *targets, const struct program *native, int socket)
{
    struct checker checker;
    signal(SIGINT, SIG_IGN); /* the command decides what an interrupt means; workers end with it */
    if (!checker_begin(&checker, native))
        return;
    size_t index;
    while (recv(socket, &index, sizeof index, MSG_WAITALL) == (ssize_t)sizeof index) {
        const struct check_target *target = &targets->list[index];
        struct report *report =
            target->pid != 0 ? check_process(&checker, target) : check_file(&checker, target->path, NULL);
        json_object *object = report == NULL ? NULL : report_to_json(report);
        if (object == NULL)
            break;
        size_t length;
        const char *text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN, &length);
        bool sent = send_all(socket, &length, sizeof length) && send_all(socket, text, length);
        json_object_put(object);
        report_free(report);
        if (!sent)
            break;
    }
    checker_end(&checker);
}

/* --- the command's side --- */

struct pool {
    const struct check_targets *targets;
    const struct program *native;
    struct worker workers[JOBS_MAXIMUM];
    unsigned count;
    size_t next, done;
    check_done *report_done;
    void *context;
};

static int start(struct worker *worker, struct pool *pool)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    fflush(NULL); /* else both write what is buffered */
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned index = 0; index < pool->count; index++)
            if (pool->workers[index].pid != 0)
                close(pool->workers[index].socket);
        close(ends[0]);
        work(pool->targets, pool->native, ends[1]);
        _exit(0);
    }
    int error = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return error;
    }
    *worker = (struct worker){.pid = pid, .socket = ends[0], .target = NOTHING};
    return 0;
}

/* Ends a worker. Returns its wait status. */
static int end(struct worker *worker)
{
    int status = 0;
    close(worker->socket);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        ;
    free(worker->answer);
    *worker = (struct worker){.socket = -1, .target = NOTHING};
    return status;
}

static struct report *failed_report(const struct check_target *target, int status, bool too_slow)
{
    struct report *report = report_new(target->path);
    if (report == NULL)
        abort();
    if (too_slow)
        report->error = "reading it took too long";
    else if (WIFSIGNALED(status))
        report->error = report_print(report, "reading it ended with signal %d: a damaged file, and a fault of v6shim",
                                     WTERMSIG(status));
    else
        report->error = "not enough memory to read it";
    return report;
}

/* Takes what has come. Returns 1 when the answer is complete, 0 when more is due, -1 when the worker is gone. */
static int take(struct worker *worker)
{
    if (worker->received + 65536 > worker->size) {
        size_t size = worker->size * 2 + 65536;
        char *larger = realloc(worker->answer, size);
        if (larger == NULL)
            return -1;
        worker->answer = larger;
        worker->size = size;
    }
    ssize_t count = recv(worker->socket, worker->answer + worker->received, worker->size - worker->received, 0);
    if (count < 0 && errno == EINTR)
        return 0;
    if (count <= 0)
        return -1;
    worker->received += (size_t)count;
    size_t length;
    if (worker->received < sizeof length)
        return 0;
    memcpy(&length, worker->answer, sizeof length);
    return worker->received - sizeof length >= length;
}

static struct report *parse_answer(struct worker *worker)
{
    size_t length = worker->received - sizeof(size_t);
    struct json_tokener *tokener = json_tokener_new();
    json_object *object = json_tokener_parse_ex(tokener, worker->answer + sizeof(size_t), (int)length);
    struct report *report = object == NULL ? NULL : report_from_json(object);
    json_object_put(object);
    json_tokener_free(tokener);
    worker->received = 0;
    return report;
}

static void finish(struct pool *pool, struct worker *worker, struct report *report)
{
    size_t target = worker->target;
    worker->target = NOTHING;
    pool->done++;
    report->path = report_copy(report, pool->targets->list[target].path); /* byte for byte, as JSON is not */
    pool->report_done(target, report, pool->context);
}

/* Gives idle workers something to do, starting them where needed. */
static int feed(struct pool *pool)
{
    for (unsigned index = 0; index < pool->count && pool->next < pool->targets->count; index++) {
        struct worker *worker = &pool->workers[index];
        if (worker->target != NOTHING)
            continue;
        int error = worker->pid == 0 ? start(worker, pool) : 0;
        if (error != 0) /* the others go on; only without any there is no way */
            return pool->done == pool->next ? error : 0;
        worker->target = pool->next++;
        worker->since_ms = now_ms();
        send_all(worker->socket, &worker->target, sizeof worker->target); /* a failure shows as the worker's end */
    }
    return 0;
}

static void serve(struct pool *pool, struct worker *worker, bool ready)
{
    const struct check_target *target = &pool->targets->list[worker->target];
    bool too_slow = !ready && now_ms() - worker->since_ms > FILE_TIMEOUT_MS;
    int state = ready ? take(worker) : 0;
    struct report *report = state > 0 ? parse_answer(worker) : NULL;
    if (report != NULL) {
        finish(pool, worker, report);
    } else if (state != 0 || too_slow) {
        size_t index = worker->target;
        if (too_slow)
            kill(worker->pid, SIGKILL);
        int status = end(worker);
        worker->target = index;
        finish(pool, worker, failed_report(target, status, too_slow));
    }
}

int check_pool_run(const struct check_targets *targets, const struct program *native, unsigned jobs, check_done *done,
                   check_progress *progress, void *context, const volatile int *stop)
{
    enum { LOOK_INTERVAL_MS = 200 };
    struct pool pool = {.targets = targets, .native = native, .report_done = done, .context = context};
    pool.count = jobs < 1 ? 1 : jobs > JOBS_MAXIMUM ? JOBS_MAXIMUM : jobs;
    if (pool.count > targets->count)
        pool.count = (unsigned)targets->count;
    for (unsigned index = 0; index < pool.count; index++)
        pool.workers[index].target = NOTHING;
    int error = 0;
    while (error == 0 && pool.done < targets->count && !*stop) {
        error = feed(&pool);
        struct pollfd polled[JOBS_MAXIMUM];
        const char *path = "";
        for (unsigned index = 0; index < pool.count; index++) {
            struct worker *worker = &pool.workers[index];
            polled[index] = (struct pollfd){worker->target == NOTHING ? -1 : worker->socket, POLLIN, 0};
            if (worker->target != NOTHING)
                path = targets->list[worker->target].path;
        }
        progress(pool.done, path, context);
        if (error != 0 || poll(polled, pool.count, LOOK_INTERVAL_MS) < 0)
            continue;
        for (unsigned index = 0; index < pool.count; index++)
            if (pool.workers[index].target != NOTHING)
                serve(&pool, &pool.workers[index], polled[index].revents != 0);
    }
    for (unsigned index = 0; index < pool.count; index++)
        if (pool.workers[index].pid != 0) {
            if (pool.workers[index].target != NOTHING)
                kill(pool.workers[index].pid, SIGKILL);
            end(&pool.workers[index]);
        }
    return error;
}
