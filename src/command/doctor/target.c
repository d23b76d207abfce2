/* Judges one program or process; called by v6shim doctor. */
#include "command/doctor/target.h"

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command/common/advise.h"
#include "command/common/command.h"
#include "command/common/preload.h"
#include "command/doctor/host.h"
#include "command/doctor/last_lines.h"
#include "command/doctor/list.h"
#include "core/base/error_text.h"

#define NAME    "doctor"
#define DECIMAL 10

/* Large: the environment of a process is in it. */
static struct config_target target;

/* False, and a finding, where the library doesn't reach the program. */
static bool judge_reach(struct findings *findings, const char *path)
{
    char library_path[PATH_MAX], file[PATH_MAX], reason[ADVISE_REASON_SIZE];
    struct program library;
    if (!preload_find_for(NULL, path, library_path, file) || program_read(file, &library) != 0) {
        finding_add(findings, FINDING_WRONG, "library", "install it there, or name it in V6SHIM_LIBRARY",
                    "there is no library %s", library_path);
        return false;
    }
    if (!advise_find(path, &library, reason))
        return true;
    finding_add(findings, FINDING_WRONG, "program", "v6shim check tells more of it", "%s", reason);
    return false;
}

void target_judge_program(struct findings *findings, const char *name)
{
    char path[PATH_MAX];
    int error = program_find(name, path);
    if (error != 0) {
        finding_add(findings, FINDING_WRONG, "program",
                    "name it as the shell finds it; a name of a host needs a dot or a port", "%s: %s", name,
                    error == -ENOENT ? "there is no such program" : error_words(-error));
        return;
    }
    if (judge_reach(findings, path))
        finding_add(findings, FINDING_GOOD, "program", "", "the library reaches %s", path);
    if (config_target_program(NAME, &target, name) == EXIT_STATUS_OK)
        host_judge_settings(findings, &target);
}

/* --- a process --- */

struct sockets {
    struct findings *findings;
    struct socket_table table;
};

/* Whether any socket listens on the same port for IPv6; the table is the one of the network. */
static bool has_ipv6_side(const struct socket_table *table, const struct socket_row *row)
{
    for (size_t index = 0; index < table->count; index++) {
        const struct socket_row *other = &table->rows[index];
        if (other->local.family == AF_INET6 && address_is_unspecified(&other->local) &&
            other->local_port == row->local_port && other->is_udp == row->is_udp)
            return true;
    }
    return false;
}

/* A wildcard server: those are what the library makes serve both families. */
static bool serves_ipv4_alone(const struct socket_row *row)
{
    return row->local.family == AF_INET && address_is_unspecified(&row->local) && row->local_port != 0 &&
           !row->is_udp && strcmp(socket_row_state(row), "listening") == 0;
}

static void take_socket(void *context, const struct socket_row *row, const char *text)
{
    struct sockets *sockets = context;
    text += strspn(text, " ");
    if (!serves_ipv4_alone(row) || has_ipv6_side(&sockets->table, row))
        finding_add(sockets->findings, FINDING_GOOD, "socket", "", "socket %s", text);
    else
        finding_add(sockets->findings, FINDING_WRONG, "socket",
                    "its log tells why; the setting listen, RestrictAddressFamilies= and a port that another program "
                    "has are what keeps servers from IPv6",
                    "socket %s serves IPv4 alone", text);
}

static void judge_sockets(struct findings *findings, const struct process *process)
{
    struct sockets sockets = {.findings = findings};
    shown_begin(process);
    if (!list_visit(process, &sockets.table, take_socket, &sockets))
        finding_add(findings, FINDING_NOTE, "socket", "run this as root", "its sockets can't be read");
    socket_table_free(&sockets.table);
}

static bool has_preload(const struct config_target *process)
{
    for (char **variable = process->process.environment; variable != NULL && *variable != NULL; variable++)
        if (strncmp(*variable, "LD_PRELOAD=", strlen("LD_PRELOAD=")) == 0 &&
            strstr(*variable, "libv6shim.so") != NULL)
            return true;
    return false;
}

/* Why it does not have the library. */
static void judge_absence(struct findings *findings, const struct process *process)
{
    bool reached = judge_reach(findings, target.executable);
    if (!reached)
        return;
    if (target.process.environment == NULL)
        finding_add(
            findings, FINDING_WRONG, "process", "put the library into /etc/ld.so.preload, or start it as its user",
            "process %ld (%s) does not have the library: it was started with more rights than its caller, and the "
            "loader then ignores LD_PRELOAD",
            (long)process->pid, process->name);
    else if (has_preload(&target))
        finding_add(findings, FINDING_WRONG, "process", "see what the loader said when it was started",
                    "process %ld (%s) does not have the library, though LD_PRELOAD names it", (long)process->pid,
                    process->name);
    else
        finding_add(findings, FINDING_WRONG, "process", "start it with v6shim run, or v6shim enable its service",
                    "process %ld (%s) does not have the library: it was started without", (long)process->pid,
                    process->name);
}

static void judge_version(struct findings *findings, const struct process *process)
{
    char version[PROCESS_VERSION_SIZE];
    bool known = process_library_version(process, version);
    finding_add(findings, FINDING_GOOD, "process", "", "process %ld (%s) has %s%s%s", (long)process->pid,
                process->name, process->library, known ? ", version " : "", known ? version : "");
    if (known && strcmp(version, PACKAGE_VERSION) != 0)
        finding_add(findings, FINDING_NOTE, "version", "install both of one version",
                    "its library is of version %s, this command of " PACKAGE_VERSION, version);
}

int target_judge_process(struct findings *findings, const char *number)
{
    static struct process process;
    int status = config_target_process(NAME, &target, number);
    if (status != EXIT_STATUS_OK)
        return status;
    enum process_library library = process_read((pid_t)strtol(number, NULL, DECIMAL), &process);
    if (library == PROCESS_UNREADABLE) {
        complain(NAME, "cannot read process %s: %s", number, error_words(errno));
        return EXIT_STATUS_FAILED;
    }
    if (library == PROCESS_WITHOUT)
        judge_absence(findings, &process);
    else if (process.replaced)
        finding_add(findings, FINDING_WRONG, "process", "restart it",
                    "process %ld (%s) has an old %s, whose file was exchanged since", (long)process.pid, process.name,
                    process.library);
    else
        judge_version(findings, &process);
    host_judge_settings(findings, &target);
    if (library == PROCESS_WITH) {
        judge_sockets(findings, &process);
        last_lines_judge(findings, &process, &target);
    }
    return EXIT_STATUS_OK;
}
