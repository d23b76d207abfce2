/* v6shim doctor: what this host can do, what is wrong, and what to do about it. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/log_stderr.h"
#include "command/common/options.h"
#include "command/common/program.h"
#include "command/common/settings_options.h"
#include "command/common/state_user.h"
#include "command/doctor/finding.h"
#include "command/doctor/firewall.h"
#include "command/doctor/host.h"
#include "command/doctor/reach.h"
#include "command/doctor/target.h"

#define NAME      "doctor"
#define DECIMAL   10
#define HOST_SIZE 256 /* RFC 1035 section 2.3.4 */

static void print_help(void)
{
    puts("usage: v6shim doctor [OPTION]...\n"
         "       v6shim doctor [OPTION]... PROGRAM\n"
         "       v6shim doctor [OPTION]... NAME[:PORT]\n"
         "       v6shim doctor [OPTION]... --pid PID\n"
         "\n"
         "Looks at this host: its IPv6 addresses and routes, how names become addresses, the\n"
         "library, the state directory and the settings. Of a program: whether the library\n"
         "reaches it, and its settings. Of a process: whether it has the library, its\n"
         "settings and its sockets. Of a name (with a port, or what has a dot or colon and is\n"
         "no program): its addresses, in the order in which they are tried, what earlier\n"
         "connections have shown, and with a port how fast each is reached. Prints a line for\n"
         "each finding, with what to do where something is wrong. Nothing is changed; a\n"
         "resolver is asked, and a connection made, for a name alone.\n"
         "\n"
         "      --pid PID          look at this process\n"
         "      --port PORT        see whether this TCP port of each address is reached, as\n"
         "                         with NAME:PORT; [ADDRESS]:PORT for an IPv6 address\n"
         "      --json             print JSON\n"
         "      --state-dir=DIRECTORY and the other settings, as for v6shim run: what would be\n"
         "                         found with them. A process has its own\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 nothing is wrong, 1 something is, 2 a bad option.");
}

static void judge_host(struct findings *findings)
{
    static struct config_target shell;
    config_target_shell(&shell);
    host_judge_network(findings);
    firewall_judge(findings);
    host_judge_names(findings);
    host_judge_library(findings);
    host_judge_state(findings);
    host_judge_settings(findings, &shell);
}

/* 0 for what is no port. */
static uint16_t parse_port(const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, DECIMAL);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static bool is_name(const char *word)
{
    char path[PATH_MAX];
    return strchr(word, '/') == NULL && strpbrk(word, ".:") != NULL && program_find(word, path) == -ENOENT;
}

struct arguments {
    bool json;
    const char *pid, *port, *word;
    const char *name; /* NULL: the word is a program, or there is none */
    char host[HOST_SIZE];
};

static int judge(struct findings *findings, const struct arguments *arguments)
{
    if (arguments->pid != NULL)
        return target_judge_process(findings, arguments->pid);
    if (arguments->word == NULL)
        judge_host(findings);
    else if (arguments->name != NULL)
        reach_judge(findings, arguments->name, arguments->port != NULL ? parse_port(arguments->port) : 0);
    else
        target_judge_program(findings, arguments->word);
    return EXIT_STATUS_OK;
}

/* Takes host.example:80, [2001:db8::1]:80 and [2001:db8::1] apart; an IPv6 address alone has more than one colon. */
static bool split_name(struct arguments *arguments)
{
    const char *begin = arguments->word, *end = strchr(begin, ':'), *port = NULL;
    if (begin[0] == '[') {
        end = strchr(++begin, ']');
        if (end == NULL || (end[1] != ':' && end[1] != '\0'))
            return false;
        port = end[1] == ':' ? end + 2 : NULL;
    } else if (end != NULL && strchr(end + 1, ':') == NULL) {
        port = end + 1;
    } else {
        end = begin + strlen(begin);
    }
    size_t length = (size_t)(end - begin);
    if (length == 0 || length >= sizeof arguments->host || (port != NULL && arguments->port != NULL))
        return false;
    memcpy(arguments->host, begin, length);
    arguments->host[length] = '\0';
    arguments->name = arguments->host;
    arguments->port = port != NULL ? port : arguments->port;
    return true;
}

/* Which of the forms it is. Returns -1 to go on, else the exit status. */
static int take_word(struct arguments *arguments)
{
    if (arguments->word == NULL && arguments->port != NULL) {
        complain(NAME, "--port wants a name, too");
        return EXIT_STATUS_USAGE;
    }
    if (arguments->word == NULL || (arguments->port == NULL && !is_name(arguments->word)))
        return -1;
    if (!split_name(arguments)) {
        complain(NAME, "%s is no name with one port; see v6shim doctor --help", arguments->word);
        return EXIT_STATUS_USAGE;
    }
    if (arguments->port == NULL || parse_port(arguments->port) != 0)
        return -1;
    complain(NAME, "a port is 1 to 65535, not %s", arguments->port);
    return EXIT_STATUS_USAGE;
}

/* Returns -1 to go on, else the exit status. */
static int take_options(int argc, char **argv, struct arguments *arguments)
{
    const struct command_option options[] = {{"json", 0, &arguments->json, NULL},
                                             {"pid", 0, NULL, &arguments->pid},
                                             {"port", 0, NULL, &arguments->port},
                                             {0}};
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    arguments->word = argv[optind];
    if (argc - optind > 1 || (arguments->pid != NULL && optind < argc)) {
        complain(NAME, "wants one program or name, or --pid, or nothing; see v6shim doctor --help");
        return EXIT_STATUS_USAGE;
    }
    if (arguments->pid != NULL && settings_options_any_given()) {
        complain(NAME, "--pid takes no settings: a process has those that it was started with");
        return EXIT_STATUS_USAGE;
    }
    return take_word(arguments);
}

int doctor_command(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct findings findings = {0};
    int status = take_options(argc, argv, &arguments);
    if (status != -1)
        return status;
    log_stderr_silence(); /* what would be said of the settings is among the findings */
    status = state_user_open(NAME, NULL);
    if (status == EXIT_STATUS_OK)
        status = judge(&findings, &arguments);
    if (status == EXIT_STATUS_OK) {
        if (arguments.json)
            findings_print_json(&findings);
        else
            findings_print(&findings);
        status = findings_have_wrong(&findings) ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
    }
    findings_free(&findings);
    return status;
}
