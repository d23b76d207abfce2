/*
 * compare: runs two commands in turn, many times, and prints one line of the table: how the second compares with the
 * first.
 *
 *     compare [-s] [-r ROUNDS] [-g GOAL] [-u UNIT] LABEL -- BASE... -- OTHER...
 *
 * A command begins with its own VAR=VALUE words, if any, and prints one number (for less is better). With -s the
 * number is instead how long the process lived, in ns. Each round gives one ratio; the line has their median and
 * quartiles, the ratio of the least two numbers, and the median numbers. The first round only warms up.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "bench.h"

#define ROUNDS_MOST    10000
#define VARIABLES_MOST 64
#define ANSWER_SIZE    256

extern char **environ;

struct command {
    char **words;
    char *environment[VARIABLES_MOST];
};

static void read_command(char **words, struct command *command)
{
    size_t count = 0;
    while (*words != NULL && strchr(*words, '=') != NULL && strchr(*words, '/') != *words &&
           count < VARIABLES_MOST - 1)
        command->environment[count++] = *words++;
    for (char **variable = environ; *variable != NULL && count < VARIABLES_MOST - 1; variable++)
        command->environment[count++] = *variable;
    command->environment[count] = NULL;
    command->words = words;
}

static double run(const struct command *command, bool lifetime)
{
    int ends[2], status;
    char answer[ANSWER_SIZE];
    size_t size = 0;
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    double began_ns = now_ns();
    errno = posix_spawn(&child, command->words[0], &actions, NULL, command->words, command->environment);
    if (errno != 0)
        fail(command->words[0]);
    close(ends[1]);
    for (ssize_t count;
         size < sizeof answer - 1 && (count = read(ends[0], answer + size, sizeof answer - 1 - size)) > 0;)
        size += (size_t)count;
    answer[size] = '\0';
    waitpid(child, &status, 0);
    double took_ns = now_ns() - began_ns;
    close(ends[0]);
    posix_spawn_file_actions_destroy(&actions);
    if (status != 0 || (!lifetime && size == 0)) {
        fprintf(stderr, "compare: %s failed (status %#x)\n", command->words[0], (unsigned)status);
        exit(1);
    }
    return lifetime ? took_ns : strtod(answer, NULL);
}

static void usage(void)
{
    fprintf(stderr, "usage: compare [-s] [-r ROUNDS] [-g GOAL] [-u UNIT] LABEL -- BASE... -- OTHER...\n");
    exit(2);
}

static const char *verdict(double ratio, double goal)
{
    return goal == 0 ? "" : ratio <= goal ? "met" : "MISSED";
}

int main(int argc, char **argv)
{
    static double base[ROUNDS_MOST], other[ROUNDS_MOST], ratios[ROUNDS_MOST];
    static struct command commands[2];
    unsigned rounds = 21;
    double goal = 0;
    bool lifetime = false;
    const char *unit = "ns";
    for (int option; (option = getopt(argc, argv, "+sr:g:u:")) != -1;) {
        switch (option) {
        case 's':
            lifetime = true;
            break;
        case 'r':
            rounds = number(optarg);
            break;
        case 'g':
            goal = strtod(optarg, NULL);
            break;
        case 'u':
            unit = optarg;
            break;
        default:
            usage();
        }
    }
    int at = optind + 1, second = at + 1;
    while (second < argc && strcmp(argv[second], "--") != 0)
        second++;
    if (second + 1 >= argc || strcmp(argv[at], "--") != 0 || rounds < 1 || rounds >= ROUNDS_MOST)
        usage();
    argv[second] = NULL;
    read_command(argv + at + 1, &commands[0]);
    read_command(argv + second + 1, &commands[1]);
    for (unsigned i = 0; i <= rounds; i++) {
        bool turned = i % 2 != 0; /* who goes first has no advantage in the long run */
        double first = run(&commands[turned], lifetime), next = run(&commands[!turned], lifetime);
        if (i == 0)
            continue;
        base[i - 1] = turned ? next : first;
        other[i - 1] = turned ? first : next;
        ratios[i - 1] = other[i - 1] / base[i - 1];
    }
    double ratio = quantile(ratios, rounds, 0.5);
    printf("%-56s %6.3f  %.3f..%.3f  %6.3f  ", argv[optind], ratio, ratios[rounds / 4], ratios[rounds * 3 / 4],
           quantile(other, rounds, 0) / quantile(base, rounds, 0));
    if (goal != 0)
        printf("<= %-5.2f", goal);
    else
        printf("%-8s", "");
    printf(" %-6s  %.0f -> %.0f %s\n", verdict(ratio, goal), quantile(base, rounds, 0.5),
           quantile(other, rounds, 0.5), unit);
    return 0;
}
