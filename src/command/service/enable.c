/* v6shim enable, disable: a service of systemd with the library, by a file that adds to its unit. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/common/advise.h"
#include "command/common/command.h"
#include "command/common/options.h"
#include "command/common/preload.h"
#include "command/common/settings_options.h"
#include "command/service/unit.h"

#define OWN_FILE       "v6shim.conf"
#define MADE_BY        "# Made by v6shim enable; v6shim disable removes it.\n"
#define DIRECTORY_MODE 0755
#define FILE_MODE      0644

/* What the command line says. */
struct request {
    const char *command;
    const char *root;
    const char *name;
    bool user, print;
    struct unit_search search;
};

static void print_enable_help(void)
{
    puts("usage: v6shim enable [OPTION]... UNIT [-- SETTING...]\n"
         "\n"
         "Puts a service of systemd under the shim: writes UNIT.d/" OWN_FILE " below\n"
         "/etc/systemd/system, with LD_PRELOAD, a state directory and what the unit's\n"
         "sandbox lacks, and lets systemd read it. The service is as it was until it is\n"
         "restarted. Settings are the options of v6shim run:\n"
         "\n"
         "    v6shim enable oldd --prefer=ipv6 --log=info\n"
         "\n"
         "      --print            print the file, and change nothing\n"
         "      --user-unit        a service of your own (systemctl --user)\n"
         "      --root DIRECTORY   in a system below this directory, which isn't running\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 done, 1 not done, 2 a bad option.");
}

static void print_disable_help(void)
{
    puts("usage: v6shim disable [OPTION]... UNIT\n"
         "\n"
         "Removes what v6shim enable has added to a service, and lets systemd read that. The\n"
         "service is as it was before when it is restarted. Its state directory stays: the\n"
         "aliases in its logs are decoded by it.\n"
         "\n"
         "      --user-unit        a service of your own (systemctl --user)\n"
         "      --root DIRECTORY   in a system below this directory, which isn't running\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 done, 1 not done, 2 a bad option.");
}

/* --- the file --- */

/* NAME=VALUE for Environment=: in quotes, with what means something to systemd within them made harmless. A newline
   would end the line, and what follows would be lines of the unit. */
static void print_assignment(FILE *stream, const char *name, const char *value)
{
    fprintf(stream, "Environment=\"%s=", name);
    for (; *value != '\0'; value++)
        if (iscntrl((unsigned char)*value))
            fprintf(stream, "\\x%02x", (unsigned char)*value);
        else
            fprintf(stream, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    fputs("\"\n", stream);
}

/* A percent sign is itself, and not the start of a specifier (systemd.unit(5)); in new memory. */
static char *without_specifiers(const char *value)
{
    char *copy = calloc(2, strlen(value) + 1), *end = copy;
    for (; copy != NULL && *value != '\0'; value++) {
        if (*value == '%')
            *end++ = '%';
        *end++ = *value;
    }
    return copy;
}

static void print_variable(FILE *stream, const char *name, const char *value)
{
    char *copy = without_specifiers(value);
    if (copy != NULL)
        print_assignment(stream, name, copy);
    free(copy);
}

/* As the unit's own user writes it. Of root all services share one; another's has a name of its own, which systemd
   hands over to that user. */
static void print_state(FILE *stream, const struct request *request, const struct unit *unit)
{
    char name[UNIT_NAME_SIZE];
    snprintf(name, sizeof name, "%.*s", (int)(strlen(unit->name) - strlen(".service")), unit->name);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '\\') /* systemd would take it for the start of an escape */
            *at = '-';
    if (unit->other_user || request->user)
        fprintf(stream, "StateDirectory=v6shim-%s\nEnvironment=V6SHIM_STATE_DIR=%%S/v6shim-%s\n", name, name);
    else
        fputs("StateDirectory=v6shim\n", stream);
}

static void print_settings(FILE *stream)
{
    size_t count;
    const struct setting *list = config_list(&count);
    const char *config = getenv("V6SHIM_CONF");
    for (size_t index = 0; index < count; index++) {
        char variable[SETTING_VARIABLE_SIZE];
        setting_variable(&list[index], variable);
        if (settings_options_given(&list[index]))
            print_variable(stream, variable, getenv(variable));
    }
    if (config != NULL)
        print_variable(stream, "V6SHIM_CONF", config);
}

static void print_file(FILE *stream, const struct request *request, const struct unit *unit, const char *library)
{
    /* The unit's own keeps its specifiers. */
    char *own = without_specifiers(library);
    char *preload = own == NULL ? NULL : preload_join(unit->preload, own);
    fprintf(stream, MADE_BY "[Service]\n");
    if (preload != NULL)
        print_assignment(stream, "LD_PRELOAD", preload);
    print_state(stream, request, unit);
    if (unit_forbids_ipv6(unit))
        fputs("RestrictAddressFamilies=AF_INET6\n", stream);
    print_settings(stream);
    free(preload);
    free(own);
}

/* --- what the administrator should know --- */

/* The library for this program; false after a complaint. */
static bool find_library(const struct request *request, const struct unit *unit, char path[PATH_MAX])
{
    char program[PATH_MAX], file[PATH_MAX];
    struct program library;
    bool known = unit->program[0] == '/' &&
                 snprintf(program, sizeof program, "%s%s", request->root, unit->program) < PATH_MAX &&
                 access(program, F_OK) == 0;
    if (!preload_find_for(request->command, known ? program : "/bin/sh", path, file) ||
        program_read(file, &library) != 0) {
        complain(request->command, "cannot find libv6shim.so (%s); V6SHIM_LIBRARY can name it", path);
        return false;
    }
    if (known)
        advise(request->command, program, &library);
    if (strpbrk(path, " :") != NULL) {
        complain(request->command, "LD_PRELOAD cannot hold a path with a blank or a colon (%s)", path);
        return false;
    }
    return true;
}

static void warn(const struct request *request, const struct unit *unit, const char *library)
{
    if (unit->overrides[0] != '\0')
        complain(request->command, "%s takes LD_PRELOAD away again (%s): the service will run without the library",
                 unit->name, unit->overrides);
    if (unit->root[0] != '\0')
        complain(request->command, "%s runs below %s: the library has to be there, too, as %s", unit->name,
                 unit->root, library);
    if (unit->addresses_allowed && !unit->addresses_allow_ipv6)
        complain(request->command,
                 "%s allows addresses of IPv4 only (IPAddressAllow=): IPv6 peers are refused by that", unit->name);
}

/* --- systemd --- */

/* Lets a running systemd read its files; says what is to be done by hand. */
static void reload(const struct request *request, const struct unit *unit)
{
    const char *user = request->user ? " --user" : "";
    bool running = request->root[0] == '\0' && (request->user || access("/run/systemd/system", F_OK) == 0);
    pid_t child = running ? fork() : -1;
    int status = 0;
    if (child == 0) {
        if (request->user)
            execlp("systemctl", "systemctl", "--user", "daemon-reload", (char *)NULL);
        else
            execlp("systemctl", "systemctl", "daemon-reload", (char *)NULL);
        _exit(EXIT_STATUS_NOT_FOUND);
    }
    bool done = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (request->root[0] != '\0')
        return;
    fputs("To use it: ", stdout);
    if (!done)
        printf("systemctl%s daemon-reload && ", user);
    printf("systemctl%s restart %s\n", user, unit->name);
}

/* --- the way to the file --- */

/* Below another root a link may lead out of it, to a file of this host: none on the way is followed. */
static bool stays_inside(const struct request *request, const char *path)
{
    char part[PATH_MAX];
    struct stat status;
    size_t root = strlen(request->root);
    for (size_t end = root + 1; root > 0 && end <= strlen(path); end++) {
        if (path[end] != '/' && path[end] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)end, path);
        if (lstat(part, &status) == 0 && S_ISLNK(status.st_mode)) {
            complain(request->command, "%s is a link, which may lead out of %s; it is not followed", part,
                     request->root);
            return false;
        }
    }
    return true;
}

/* UNIT.d and our file in it; false after a complaint. */
static bool find_place(const struct request *request, const char *unit, char directory[PATH_MAX], char path[PATH_MAX])
{
    if (!unit_drop_in_directory(&request->search, unit, directory) ||
        snprintf(path, PATH_MAX, "%s/" OWN_FILE, directory) >= PATH_MAX) {
        complain(request->command, "no place for the file: the path is too long, or there is no HOME");
        return false;
    }
    return stays_inside(request, path);
}

/* --- enable --- */

static bool is_ours(const char *path)
{
    char line[sizeof MADE_BY] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT;
    bool ours = fgets(line, sizeof line, file) != NULL && strcmp(line, MADE_BY) == 0;
    fclose(file);
    return ours;
}

/* Beside it, and then in its place: systemd never reads half of it. */
static bool write_file(const struct request *request, const struct unit *unit, const char *library, const char *path)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= PATH_MAX)
        return false;
    unlink(temporary); /* of one that was broken off */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL)
        return false;
    print_file(file, request, unit, library);
    bool written = fflush(file) == 0 && !ferror(file);
    written = fclose(file) == 0 && written && rename(temporary, path) == 0;
    int error = errno;
    if (!written)
        unlink(temporary);
    errno = error;
    return written;
}

static bool make_directory(const char *path)
{
    char parent[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        mkdir(parent, DIRECTORY_MODE);
    }
    return mkdir(path, DIRECTORY_MODE) == 0 || errno == EEXIST;
}

static int enable(const struct request *request, const struct unit *unit, const char *library)
{
    char directory[PATH_MAX], path[PATH_MAX];
    if (!find_place(request, unit->name, directory, path))
        return EXIT_STATUS_FAILED;
    if (!is_ours(path)) {
        complain(request->command, "%s was not made by v6shim enable; remove it or give it another name", path);
        return EXIT_STATUS_FAILED;
    }
    if (!make_directory(directory) || !write_file(request, unit, library, path)) {
        complain(request->command, "cannot write %s: %s", path, strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    printf("%s is written.\n", path);
    reload(request, unit);
    return EXIT_STATUS_OK;
}

/* --- arguments --- */

/* What stands after "--": settings, with or without their dashes. */
static int take_settings(const struct request *request, int count, char **words)
{
    static const struct command_option none[] = {{0}};
    char **list = calloc((size_t)count + 2, sizeof *list);
    int status = list == NULL ? EXIT_STATUS_FAILED : -1;
    if (list == NULL)
        complain(request->command, "no memory");
    else
        list[0] = words[-1];
    for (int index = 0; status == -1 && index < count; index++)
        if (asprintf(&list[index + 1], "%s%s", strncmp(words[index], "--", 2) == 0 ? "" : "--", words[index]) < 0)
            status = EXIT_STATUS_FAILED;
    optind = 0;
    if (status == -1)
        status =
            options_take_with_settings(request->command, count + 1, list, none, OPTIONS_FIRST, print_enable_help);
    for (int index = 0; list != NULL && index < count; index++)
        free(list[index + 1]);
    free(list);
    return status;
}

/* Returns -1 to go on, else the exit status. */
static int take_arguments(int argc, char **argv, bool enables, struct request *request)
{
    const struct command_option options[] = {{"user-unit", 0, &request->user, NULL},
                                             {"root", 0, NULL, &request->root},
                                             {enables ? "print" : NULL, 0, &request->print, NULL},
                                             {0}};
    int status = enables ? options_take_with_settings(request->command, argc, argv, options, OPTIONS_ANYWHERE,
                                                      print_enable_help)
                         : options_take(request->command, argc, argv, options, OPTIONS_ANYWHERE, print_disable_help);
    if (status != -1)
        return status;
    if (optind == argc || (!enables && optind + 1 < argc)) {
        complain(request->command, "which unit? usage: v6shim %s [OPTION]... UNIT", request->command);
        return EXIT_STATUS_USAGE;
    }
    request->name = argv[optind];
    request->root = request->root == NULL || strcmp(request->root, "/") == 0 ? "" : request->root;
    request->search = (struct unit_search){.root = request->root, .user = request->user};
    int rest = argc - optind - 1;
    return rest > 0 ? take_settings(request, rest, argv + optind + 1) : -1;
}

/* What this shell has is no setting of the service. */
static void forget_settings(void)
{
    size_t count;
    const struct setting *list = config_list(&count);
    unsetenv("V6SHIM_CONF");
    for (size_t index = 0; index < count; index++) {
        char variable[SETTING_VARIABLE_SIZE];
        setting_variable(&list[index], variable);
        unsetenv(variable);
    }
}

int enable_command(int argc, char **argv)
{
    struct request request = {.command = "enable"};
    static struct unit unit;
    char library[PATH_MAX];
    forget_settings();
    int status = take_arguments(argc, argv, true, &request);
    if (status != -1)
        return status;
    if (!unit_read(request.command, &request.search, request.name, OWN_FILE, &unit) ||
        !find_library(&request, &unit, library))
        return EXIT_STATUS_FAILED;
    warn(&request, &unit, library);
    if (!request.print)
        return enable(&request, &unit, library);
    print_file(stdout, &request, &unit, library);
    return EXIT_STATUS_OK;
}

int disable_command(int argc, char **argv)
{
    struct request request = {.command = "disable"};
    static struct unit unit;
    char directory[PATH_MAX], path[PATH_MAX];
    int status = take_arguments(argc, argv, false, &request);
    if (status != -1)
        return status;
    if (!unit_complete_name(request.command, request.name, unit.name))
        return EXIT_STATUS_FAILED;
    if (!find_place(&request, unit.name, directory, path))
        return EXIT_STATUS_FAILED;
    if (access(path, F_OK) != 0) {
        complain(request.command, "%s has no %s: nothing to do", unit.name, path);
        return EXIT_STATUS_FAILED;
    }
    if (!is_ours(path)) {
        complain(request.command, "%s was not made by v6shim enable; it stays", path);
        return EXIT_STATUS_FAILED;
    }
    if (unlink(path) != 0) {
        complain(request.command, "cannot remove %s: %s", path, strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    rmdir(directory); /* where nothing else is in it */
    printf("%s is removed.\n", path);
    reload(&request, &unit);
    return EXIT_STATUS_OK;
}
