/* Sorts the observer's lines by program; called by check/run/run.c for each line. */
#include "check/run/program.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/base/newer_names.h"

#define STAT_BIRTH  22 /* of the fields of /proc/PID/stat, counted from 1 */
#define DECIMAL     10
#define TABLE_FIRST 64u /* a power of two, as all sizes of the table are */

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        abort();
    return memory;
}

/* --- each line once --- */

static struct run_line **place_of(const struct run_program *program, const struct run_line *line)
{
    size_t place = run_line_hash(line) & (program->table_size - 1);
    while (program->table[place] != NULL && !run_line_equal(program->table[place], line))
        place = (place + 1) & (program->table_size - 1);
    return &program->table[place];
}

static void grow_table(struct run_program *program)
{
    if (2 * program->count < program->table_size)
        return;
    free(program->table);
    program->table_size = program->table_size == 0 ? TABLE_FIRST : 2 * program->table_size;
    program->table = allocate(program->table_size * sizeof(struct run_line *));
    for (struct run_line *line = program->lines; line != NULL; line = line->next)
        *place_of(program, line) = line;
}

/* Takes the line over; false where it is not kept, though it is new. */
static bool add_line(struct run_program *program, struct run_line *line, bool room)
{
    grow_table(program);
    struct run_line **place = place_of(program, line);
    if (*place != NULL || !room || program->count >= RUN_LINES_OF_PROGRAM) {
        bool known = *place != NULL;
        run_line_free(line);
        return known;
    }
    *place = line;
    if (program->last != NULL)
        program->last->next = line;
    else
        program->lines = line;
    program->last = line;
    program->count++;
    return true;
}

/* --- programs and processes --- */

/* NULL: one too many. */
static struct run_program *program_of(struct run_programs *programs, const char *path)
{
    for (struct run_program *program = programs->list; program != NULL; program = program->next)
        if (strcmp(program->path, path) == 0)
            return program;
    if (programs->count >= RUN_PROGRAMS)
        return NULL;
    struct run_program *program = allocate(sizeof *program);
    program->path = strdup(path);
    if (program->path == NULL)
        abort();
    if (programs->last != NULL)
        programs->last->next = program;
    else
        programs->list = program;
    programs->last = program;
    programs->count++;
    return program;
}

static struct run_process *find_process(const struct run_programs *programs, int64_t pid)
{
    struct run_process *process = programs->processes;
    while (process != NULL && process->pid != pid)
        process = process->next;
    return process;
}

void run_programs_sweep(struct run_programs *programs)
{
    size_t kept = 0;
    for (size_t i = 0; i < programs->alive_count; i++) {
        struct pollfd polled = {.fd = programs->alive[i], .events = POLLIN};
        if (poll(&polled, 1, 0) == 0)
            programs->alive[kept++] = programs->alive[i];
        else
            close(programs->alive[i]);
    }
    programs->alive_count = kept;
}

/* When a process began, in ticks since the boot; 0 where it isn't known, or is there no more. Field 22 of its stat
   (proc(5)), counted from behind the name, which may have blanks and parentheses in it. */
static unsigned long long birth_of(int64_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    FILE *file = fopen(path, "re");
    size_t length = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[length] = '\0';
    char *field = strrchr(text, ')');
    for (int number = 2; field != NULL && number < STAT_BIRTH; number++)
        field = strchr(field + 1, ' ');
    return field == NULL ? 0 : strtoull(field, NULL, DECIMAL);
}

/* A line may name any process. Only one that is younger than we are, and is not ourselves, can be the program's. */
static bool may_be_its(int64_t pid)
{
    static unsigned long long own;
    if (own == 0)
        own = birth_of(getpid());
    return pid != getpid() && birth_of(pid) >= own && own != 0;
}

static void remember_alive(struct run_programs *programs, int64_t pid)
{
    if (!may_be_its(pid))
        return;
    if (programs->alive_count == WATCH_OTHERS_MAX)
        run_programs_sweep(programs);
    int fd = programs->alive_count < WATCH_OTHERS_MAX ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;
    if (fd >= 0) /* else it has ended already, or is not waited for */
        programs->alive[programs->alive_count++] = fd;
}

static void add_started(struct run_programs *programs, const char *name)
{
    for (const struct run_program *known = programs->started; known != NULL; known = known->next)
        if (strcmp(known->path, name) == 0)
            return;
    if (programs->started_count >= RUN_PROGRAMS) {
        programs->lost++;
        return;
    }
    struct run_program *started = allocate(sizeof *started);
    started->path = strdup(name);
    if (started->path == NULL)
        abort();
    started->next = programs->started;
    programs->started = started;
    programs->started_count++;
}

static struct run_process *add_process(struct run_programs *programs, int64_t pid)
{
    struct run_process *process = allocate(sizeof *process);
    process->pid = pid;
    process->next = programs->processes;
    programs->processes = process;
    programs->process_count++;
    return process;
}

static void start_process(struct run_programs *programs, const struct observation *observation, bool forked)
{
    struct run_process *process = find_process(programs, observation->pid);
    if (process == NULL || forked) /* else the process was known, and has become another program */
        remember_alive(programs, observation->pid);
    if (forked && programs->expected > 0)
        programs->expected--;
    struct run_program *program = program_of(programs, observation->name != NULL ? observation->name : "?");
    if (program == NULL || (process == NULL && programs->process_count >= RUN_PROCESSES)) {
        programs->lost++;
        return;
    }
    if (process == NULL)
        process = add_process(programs, observation->pid);
    process->program = program;
}

/* What is no call of the program; false for a call. */
static bool take_process(struct run_programs *programs, const struct observation *observation)
{
    const char *call = observation->call;
    bool forked = strcmp(call, OBSERVATION_FORK) == 0;
    if (forked || strcmp(call, OBSERVATION_PROCESS) == 0)
        start_process(programs, observation, forked);
    else if (strcmp(call, OBSERVATION_FORKING) == 0)
        programs->expected++;
    else if (strcmp(call, OBSERVATION_CHILD) == 0)
        remember_alive(programs, observation->fd);
    else if (strcmp(call, OBSERVATION_EXEC) != 0)
        return false;
    else if (observation->name != NULL)
        add_started(programs, observation->name);
    return true;
}

void run_programs_take(struct run_programs *programs, struct run_line *line)
{
    const struct observation *observation = &line->observation;
    programs->lost += observation->lost;
    const struct run_process *process = find_process(programs, observation->pid);
    bool is_call = !take_process(programs, observation);
    if (process == NULL && !is_call && strcmp(observation->call, OBSERVATION_EXEC) == 0)
        remember_alive(programs, observation->pid); /* after vfork() */
    if (process == NULL)
        process = find_process(programs, observation->parent);
    if (is_call && process != NULL) {
        size_t before = process->program->count;
        programs->lost += !add_line(process->program, line, programs->lines < RUN_LINES);
        programs->lines += process->program->count - before;
    } else
        run_line_free(line); /* of a call: its introduction was lost, and the loss has been counted */
}

static void free_list(struct run_program *program)
{
    while (program != NULL) {
        struct run_program *next = program->next;
        while (program->lines != NULL) {
            struct run_line *line = program->lines;
            program->lines = line->next;
            run_line_free(line);
        }
        free(program->table);
        free((char *)(uintptr_t)program->path);
        free(program);
        program = next;
    }
}

void run_programs_free(struct run_programs *programs)
{
    while (programs->processes != NULL) {
        struct run_process *process = programs->processes;
        programs->processes = process->next;
        free(process);
    }
    free_list(programs->list);
    free_list(programs->started);
    for (size_t i = 0; i < programs->alive_count; i++)
        close(programs->alive[i]);
}
