/* v6shim status: the processes that have the library, and their sockets as they are and as the program sees them. */
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/log_stderr.h"
#include "command/common/options.h"
#include "command/common/state_user.h"
#include "command/doctor/list.h"
#include "core/relay/relay_name.h"

#define NAME       "status"
#define USER_WIDTH 8
#define DECIMAL    10

static void print_help(void)
{
    puts("usage: v6shim status [OPTION]...\n"
         "\n"
         "Lists the processes that have libv6shim loaded, with their sockets: the addresses\n"
         "as the kernel has them, and as the program sees them. For root those of all users,\n"
         "else one's own.\n"
         "\n"
         "      --json             print JSON\n"
         "      --state-dir=DIRECTORY and the other settings, as for v6shim run: for processes\n"
         "                         whose own settings can't be read\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 there is such a process, 1 there is none, 2 a bad option.");
}

/* --- text --- */

static void print_user(uid_t user)
{
    const struct passwd *entry = getpwuid(user);
    if (entry != NULL)
        printf("%-*s", USER_WIDTH, entry->pw_name);
    else
        printf("%-*ld", USER_WIDTH, (long)user);
}

static void print_process(const struct process *process, unsigned printed)
{
    if (printed == 0)
        printf("%7s  %-*s  %s\n", "PID", USER_WIDTH, "USER", "PROGRAM");
    printf("%7ld  ", (long)process->pid);
    print_user(process->user);
    fputs("  ", stdout);
    print_harmless(stdout, process->name);
    puts(process->replaced ? "  (its library is an old one: restart it)" : "");
}

/* --- JSON --- */

static json_object *describe_process(const struct process *process)
{
    const struct passwd *entry = getpwuid(process->user);
    json_object *object = json_object_new_object();
    json_object_object_add(object, "pid", json_object_new_int64(process->pid));
    json_object_object_add(object, "uid", json_object_new_int64(process->user));
    json_object_object_add(object, "user", entry != NULL ? json_object_new_string(entry->pw_name) : NULL);
    json_object_object_add(object, "program", json_object_new_string(process->name));
    json_object_object_add(object, "library", json_object_new_string(process->library));
    json_object_object_add(object, "library_replaced", json_object_new_boolean(process->replaced));
    return object;
}

static void print_json(json_object *list)
{
    puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                  JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(list);
}

/* --- the processes --- */

static int by_number(const void *left, const void *right)
{
    pid_t one = *(const pid_t *)left, other = *(const pid_t *)right;
    return (one > other) - (one < other);
}

/* All of this namespace, in new memory. */
static pid_t *list_pids(size_t *count)
{
    DIR *directory = opendir("/proc");
    pid_t *list = NULL;
    size_t room = 0;
    *count = 0;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        if (*count == room) {
            room = room == 0 ? 256 : 2 * room;
            pid_t *more = reallocarray(list, room, sizeof *list);
            if (more == NULL)
                break;
            list = more;
        }
        list[(*count)++] = (pid_t)strtol(entry->d_name, NULL, DECIMAL);
    }
    if (directory != NULL)
        closedir(directory);
    if (list != NULL)
        qsort(list, *count, sizeof *list, by_number);
    return list;
}

static unsigned show_all(json_object *list)
{
    static struct socket_table table;
    static struct process process;
    unsigned found = 0;
    size_t count;
    pid_t *pids = list_pids(&count);
    for (size_t index = 0; index < count; index++) {
        if (process_read(pids[index], &process) != PROCESS_WITH || (geteuid() != 0 && process.user != geteuid()) ||
            strcmp(process.name, RELAY_PROCESS_NAME) == 0) /* the connection is shown with the program's */
            continue;
        shown_begin(&process);
        if (list == NULL) {
            print_process(&process, found);
            list_print(&process, &table);
        } else {
            json_object *object = describe_process(&process);
            json_object_object_add(object, "sockets", list_describe(&process, &table));
            json_object_array_add(list, object);
        }
        found++;
    }
    free(pids);
    socket_table_free(&table);
    return found;
}

int status_command(int argc, char **argv)
{
    bool json = false;
    const struct command_option options[] = {{"json", 0, &json, NULL}, {0}};
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    if (optind < argc) {
        complain(NAME, "takes no argument, found %s; see v6shim status --help", argv[optind]);
        return EXIT_STATUS_USAGE;
    }
    log_stderr_as(NAME);
    status = state_user_open(NAME, NULL);
    if (status != EXIT_STATUS_OK)
        return status;
    json_object *list = json ? json_object_new_array() : NULL;
    unsigned found = show_all(list);
    if (json)
        print_json(list);
    else if (found == 0)
        puts(geteuid() == 0 ? "no process has libv6shim loaded" : "none of your processes has libv6shim loaded");
    return found > 0 ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}
