/* Finds out whose settings are asked for; called by v6shim config, status and doctor. */
#include "command/common/config_target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/launch.h"
#include "command/common/program.h"

#define STATUS_SIZE 4096 /* of /proc/PID/status, whose first lines are wanted */

extern char **environ;

void config_target_shell(struct config_target *target)
{
    target->process = (struct settings_process){.environment = environ, .user = geteuid()};
    target->name = (struct program_name){NULL, NULL};
    target->owner = geteuid();
    target->group = getegid();
}

int config_target_program(const char *command, struct config_target *target, const char *name)
{
    char path[PATH_MAX];
    struct program program = {0};
    config_target_shell(target);
    int status = launch_find(command, name, target->started);
    if (status != EXIT_STATUS_OK)
        return EXIT_STATUS_FAILED;
    strcpy(path, target->started);
    target->name.started = target->started;
    if (program_read_started(path, &program) && realpath(path, target->executable) != NULL)
        target->name.executable = target->executable;
    if (program.setuid || program.setgid || program.capabilities) {
        target->process.environment = NULL;
        target->name.started = NULL;
    }
    return EXIT_STATUS_OK;
}

/* Reads a file of /proc/PID; the number of bytes, or -1 with errno. */
static ssize_t read_proc(const char *number, const char *file, void *bytes, size_t size, off_t offset)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/%s", number, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = 0, count;
    while ((size_t)length < size &&
           (count = pread(fd, (char *)bytes + length, size - (size_t)length, offset + length)) > 0)
        length += count;
    close(fd);
    return length;
}

/* One entry of the auxiliary vector, whose words are as long as the program's class says. */
static bool find_auxiliary(const unsigned char *vector, size_t length, size_t word, uint64_t type, uint64_t *value)
{
    for (size_t at = 0; at + 2 * word <= length; at += 2 * word) {
        uint64_t pair[2] = {0, 0};
        for (int half = 0; half < 2; half++) {
            uint32_t short_word;
            memcpy(&short_word, vector + at + (size_t)half * word, sizeof short_word);
            pair[half] = short_word;
            if (word == sizeof pair[half])
                memcpy(&pair[half], vector + at + (size_t)half * word, word);
        }
        if (pair[0] == type) {
            *value = pair[1];
            return true;
        }
    }
    return false;
}

/* Who it was when it started, and by which path: AT_EUID, AT_SECURE, AT_EXECFN. */
static bool read_auxiliary(struct config_target *target, const char *number)
{
    unsigned char vector[2048], head[EI_NIDENT] = {0};
    ssize_t length = read_proc(number, "auxv", vector, sizeof vector, 0);
    read_proc(number, "exe", head, sizeof head, 0);
    size_t word = head[EI_CLASS] == ELFCLASS32 ? sizeof(uint32_t) : sizeof(uint64_t);
    uint64_t user, secure = 0, address;
    if (length <= 0 || !find_auxiliary(vector, (size_t)length, word, AT_EUID, &user))
        return false;
    target->process.user = (uid_t)user;
    find_auxiliary(vector, (size_t)length, word, AT_SECURE, &secure);
    if (secure != 0) {
        target->process.environment = NULL;
        return true;
    }
    if (find_auxiliary(vector, (size_t)length, word, AT_EXECFN, &address) &&
        read_proc(number, "mem", target->started, sizeof target->started - 1, (off_t)address) > 0)
        target->name.started = target->started;
    return true;
}

/* The second number of "Uid:\treal\teffective\tsaved\tfs", and of the line "Gid:". */
static bool find_identity(const char *status, const char *name, id_t *identity)
{
    const char *line = strstr(status, name);
    unsigned effective;
    if (line == NULL || sscanf(line + strlen(name), " %*u %u", &effective) != 1)
        return false;
    *identity = effective;
    return true;
}

static bool read_identity(struct config_target *target, const char *number)
{
    char status[STATUS_SIZE] = "";
    return read_proc(number, "status", status, sizeof status - 1, 0) > 0 &&
           find_identity(status, "\nUid:", &target->owner) && find_identity(status, "\nGid:", &target->group);
}

static void read_environment(struct config_target *target, const char *number)
{
    ssize_t length = read_proc(number, "environ", target->bytes, sizeof target->bytes - 1, 0);
    size_t count = 0, room = sizeof target->environment / sizeof target->environment[0];
    for (ssize_t at = 0; at < length && count + 1 < room; at += (ssize_t)strlen(target->bytes + at) + 1)
        target->environment[count++] = target->bytes + at;
    target->environment[count] = NULL;
    target->process.environment = target->environment;
}

/* The directory of a process, or a name for it; how long that is. Root may have to ask: what has dropped its rights
   shows it to nobody else. */
static size_t find_directory(const char *number, char directory[PATH_MAX])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/cwd", number);
    ssize_t length = readlink(path, directory, PATH_MAX - 1);
    if (length <= 0)
        length = snprintf(directory, PATH_MAX, "%s", path);
    directory[length] = '\0';
    return (size_t)length;
}

/* V6SHIM_CONF of the process, where it is relative, as a path that leads there from here, too. Where the whole is too
   long, it is for the process. */
static void place_named(const char *command, struct config_target *target, const char *number)
{
    static const char variable[] = "V6SHIM_CONF=";
    char directory[PATH_MAX];
    char **entry = target->environment;
    while (*entry != NULL && strncmp(*entry, variable, sizeof variable - 1) != 0)
        entry++;
    const char *value = *entry != NULL ? *entry + sizeof variable - 1 : "";
    if (value[0] == '\0' || value[0] == '/' || strlen(value) >= PATH_MAX)
        return;
    bool in_root = find_directory(number, directory) == 1;
    if (command != NULL)
        complain(
            command,
            "process %s names its configuration file relative to the directory where it started (%s): looked for "
            "where it is now, in %s",
            number, value, directory);
    snprintf(target->named, sizeof target->named, "%s%s/%s", variable, in_root ? "" : directory, value);
    *entry = target->named;
}

/* Whether the root of the process is ours. A service in a mount namespace of its own usually has the same. */
static bool is_in_our_root(const char *number)
{
    char path[64];
    struct stat theirs, ours;
    snprintf(path, sizeof path, "/proc/%s/root", number);
    return stat(path, &theirs) == 0 && stat("/proc/self/root", &ours) == 0 && theirs.st_dev == ours.st_dev &&
           theirs.st_ino == ours.st_ino;
}

int config_target_process(const char *command, struct config_target *target, const char *number)
{
    static const char deleted[] = " (deleted)";
    char path[64];
    *target = (struct config_target){0};
    if (number[0] == '\0' || strlen(number) > 10 || strspn(number, "0123456789") != strlen(number)) {
        if (command != NULL)
            complain(command, "--pid wants the number of a process, not %s", number);
        return EXIT_STATUS_USAGE;
    }
    snprintf(path, sizeof path, "/proc/%s/exe", number);
    ssize_t length = readlink(path, target->executable, sizeof target->executable - 1);
    if (length <= 0) {
        if (command != NULL)
            complain(command, "cannot read process %s: %s", number,
                     errno == ENOENT ? "there is none" : strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    size_t ending = sizeof deleted - 1; /* since it started: exchanged by an upgrade */
    if ((size_t)length > ending && strcmp(target->executable + length - ending, deleted) == 0)
        target->executable[length - (ssize_t)ending] = '\0';
    target->name.executable = target->executable;
    read_environment(target, number);
    target->elsewhere = !is_in_our_root(number);
    if (target->elsewhere && command != NULL)
        complain(command, "process %s has another root: configuration files that it names are not read", number);
    if (read_identity(target, number) && read_auxiliary(target, number)) {
        if (target->process.environment != NULL && !target->elsewhere)
            place_named(command, target, number);
        return EXIT_STATUS_OK;
    }
    if (command != NULL)
        complain(command, "cannot read process %s: %s", number, "not permitted");
    return EXIT_STATUS_FAILED;
}

/* The groups of this process, in new memory; NULL: not known. */
static gid_t *read_groups(int *count)
{
    *count = getgroups(0, NULL);
    gid_t *groups = *count < 0 ? NULL : calloc((size_t)*count + 1, sizeof *groups);
    if (groups != NULL)
        *count = getgroups(*count, groups);
    return groups;
}

static void return_to(uid_t user, gid_t group, const gid_t *groups, int count)
{
    if (seteuid(user) != 0 || setegid(group) != 0 || setgroups((size_t)count, groups) != 0)
        abort(); /* to go on with the rights of a mixture is no choice */
}

/* The user changes last: that one may change nothing. */
void config_target_open(struct settings_sources *sources, const struct config_target *target)
{
    struct settings_process process = target->process;
    uid_t user = geteuid();
    gid_t group = getegid();
    int count = 0;
    gid_t *groups = target->owner != user ? read_groups(&count) : NULL;
    bool changes = groups != NULL && count >= 0 && setgroups(0, NULL) == 0;
    if (target->elsewhere)
        process.environment = NULL;
    if (target->owner != user && !(changes && setegid(target->group) == 0 && seteuid(target->owner) == 0))
        process.environment = NULL; /* so it names no file */
    settings_sources_open(sources, &process);
    if (changes)
        return_to(user, group, groups, count);
    free(groups);
}

static const struct program_name *tell_program(void *context)
{
    const struct config_target *target = context;
    return &target->name;
}

void config_target_settings(struct config_target *target, struct settings *settings)
{
    static struct settings_sources sources;
    const struct config_reader reader = {.settings = settings, .program = tell_program, .context = target};
    sources = (struct settings_sources){0};
    config_target_open(&sources, target);
    settings_sources_read(&sources, &target->process, &reader);
    settings_sources_close(&sources);
}
