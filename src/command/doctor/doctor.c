/* v6shim doctor: what this host can do, what is wrong, and what to do about it. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/log_stderr.h"
#include "command/common/options.h"
#include "command/common/state_user.h"
#include "command/doctor/finding.h"
#include "command/doctor/host.h"
#include "command/doctor/target.h"

#define NAME "doctor"

static void print_help(void)
{
    puts("usage: v6shim doctor [OPTION]...\n"
         "       v6shim doctor [OPTION]... PROGRAM\n"
         "       v6shim doctor [OPTION]... --pid PID\n"
         "\n"
         "Looks at this host: its IPv6 addresses and routes, how names become addresses, the\n"
         "library, the state directory and the settings. Of a program: whether the library\n"
         "reaches it, and its settings. Of a process: whether it has the library, its\n"
         "settings and its sockets. Prints a line for each finding, with what to do where\n"
         "something is wrong. Nothing is changed, and nothing is sent.\n"
         "\n"
         "      --pid PID          look at this process\n"
         "      --json             print JSON\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 nothing is wrong, 1 something is, 2 a bad option.");
}

static void judge_host(struct findings *findings)
{
    static struct config_target shell;
    config_target_shell(&shell);
    host_judge_network(findings);
    host_judge_names(findings);
    host_judge_library(findings);
    host_judge_state(findings);
    host_judge_settings(findings, &shell);
}

static int judge(struct findings *findings, const char *program, const char *pid)
{
    if (pid != NULL)
        return target_judge_process(findings, pid);
    if (program != NULL)
        target_judge_program(findings, program);
    else
        judge_host(findings);
    return EXIT_STATUS_OK;
}

int doctor_command(int argc, char **argv)
{
    bool json = false;
    const char *pid = NULL;
    const struct command_option options[] = {{"json", 0, &json, NULL}, {"pid", 0, NULL, &pid}, {0}};
    int status = options_take(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    if (argc - optind > 1 || (pid != NULL && optind < argc)) {
        complain(NAME, "wants one program, or --pid, or nothing; see v6shim doctor --help");
        return EXIT_STATUS_USAGE;
    }
    struct findings findings = {0};
    log_stderr_silence(); /* what would be said of the settings is among the findings */
    status = state_user_open(NAME, NULL);
    if (status == EXIT_STATUS_OK)
        status = judge(&findings, argv[optind], pid);
    if (status == EXIT_STATUS_OK) {
        if (json)
            findings_print_json(&findings);
        else
            findings_print(&findings);
        status = findings_have_wrong(&findings) ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
    }
    findings_free(&findings);
    return status;
}
