/* Reads the rules as iptables-save(8) prints them; called by v6shim doctor. */
#include <stdlib.h>
#include <string.h>

#include "command/doctor/firewall.h"

#define DECIMAL 10

struct reading {
    struct firewall *firewall;
    enum firewall_family family;
    const char *space;
    char table[FIREWALL_NAME_SIZE];
    bool is_filter; /* a table whose rules keep packets out */
};

static void copy_name(char name[FIREWALL_NAME_SIZE], const char *text)
{
    strncpy(name, text, FIREWALL_NAME_SIZE - 1);
    name[FIREWALL_NAME_SIZE - 1] = '\0';
}

/* The next word, without its quotes; NULL: none. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t"), *end;
    if (*word == '\0')
        return NULL;
    if (*word == '"')
        for (end = ++word; *end != '\0' && *end != '"'; end++)
            end += end[0] == '\\' && end[1] != '\0';
    else
        end = word + strcspn(word, " \t");
    *rest = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return word;
}

/* ":INPUT DROP [0:0]", or "-" for the policy of one that only others call. */
static void read_chain(struct reading *reading, char *rest)
{
    const char *name = next_word(&rest), *policy = next_word(&rest);
    struct firewall_chain *chain = name != NULL && policy != NULL ? firewall_add_chain(reading->firewall) : NULL;
    if (chain == NULL)
        return;
    strcpy(chain->family, reading->space);
    strcpy(chain->table, reading->table);
    copy_name(chain->name, name);
    chain->families = reading->family;
    chain->is_base = strcmp(policy, "-") != 0;
    chain->drops = strcmp(policy, "DROP") == 0;
    if (chain->is_base)
        chain->hooks = strcmp(name, "INPUT") == 0        ? FIREWALL_INPUT
                       : strcmp(name, "OUTPUT") == 0     ? FIREWALL_OUTPUT
                       : strcmp(name, "PREROUTING") == 0 ? FIREWALL_BEFORE_INPUT
                                                         : 0;
}

/* "25", "6000:6010", "25,80,6000:6010". */
static void read_ports(struct firewall_rule *rule, const char *text)
{
    for (;;) {
        char *end;
        unsigned long first = strtoul(text, &end, DECIMAL), last = first;
        if (*end == ':')
            last = strtoul(end + 1, &end, DECIMAL);
        if (text[0] < '0' || text[0] > '9' || (*end != '\0' && *end != ',') ||
            !firewall_add_ports(rule, first, last)) {
            rule->port_count = 0;
            rule->is_conditional = true;
            return;
        }
        if (*end == '\0')
            return;
        text = end + 1;
    }
}

static void read_protocol(struct firewall_rule *rule, const char *name)
{
    if (strcmp(name, "tcp") == 0)
        rule->protocols = FIREWALL_TCP;
    else if (strcmp(name, "udp") == 0)
        rule->protocols = FIREWALL_UDP;
    else if (strcmp(name, "all") != 0)
        rule->is_narrow = true;
}

static void read_target(struct firewall_rule *rule, const char *name)
{
    if (strcmp(name, "ACCEPT") == 0)
        rule->verdict = FIREWALL_ACCEPTS;
    else if (strcmp(name, "DROP") == 0 || strcmp(name, "REJECT") == 0)
        rule->verdict = FIREWALL_DENIES;
    else if (strcmp(name, "RETURN") == 0)
        rule->verdict = FIREWALL_RETURNS;
    else
        copy_name(rule->target, name); /* LOG and its like are no chains, and lead nowhere */
}

/* An option and its value; what is negated, or not known, is a condition. */
static void read_option(struct firewall_rule *rule, const char *option, const char *value, bool negated,
                        enum firewall_family family)
{
    static const char *const idle[] = {"-m", "--match", "--comment", "--reject-with", "--log-prefix", "--log-level"};
    for (size_t index = 0; index < sizeof idle / sizeof idle[0]; index++)
        if (strcmp(option, idle[index]) == 0)
            return;
    if (negated)
        rule->is_conditional = true;
    else if (strcmp(option, "-p") == 0)
        read_protocol(rule, value);
    else if (strcmp(option, "--dport") == 0 || strcmp(option, "--dports") == 0)
        read_ports(rule, value);
    else if (strcmp(option, "-d") == 0 && family == FIREWALL_IPV4)
        copy_name(rule->destination, value);
    else if (strcmp(option, "-s") == 0)
        rule->is_narrow = true;
    else if (strcmp(option, "-j") == 0 || strcmp(option, "-g") == 0)
        read_target(rule, value);
    else
        rule->is_conditional = true;
    if (strcmp(option, "--ctstate") == 0 || strcmp(option, "--state") == 0)
        rule->is_narrow |= !negated && strstr(value, "NEW") == NULL && strstr(value, "UNTRACKED") == NULL;
}

/* "-A INPUT -p tcp -m tcp ! --dport 25 -j DROP". */
static void read_rule(struct reading *reading, char *rest)
{
    const char *name = next_word(&rest);
    size_t chain =
        name != NULL ? firewall_find_chain(reading->firewall, reading->space, reading->table, name) : SIZE_MAX;
    struct firewall_rule *rule = chain != SIZE_MAX ? firewall_add_rule(reading->firewall) : NULL;
    if (rule == NULL)
        return;
    rule->chain = chain;
    rule->families = reading->family;
    bool negated = false;
    for (const char *word = next_word(&rest); word != NULL; word = next_word(&rest)) {
        if (strcmp(word, "!") == 0) {
            negated = true;
            continue;
        }
        const char *value = NULL;
        rest += strspn(rest, " \t");
        if (rest[0] != '-' && rest[0] != '!')
            value = next_word(&rest);
        read_option(rule, word, value != NULL ? value : "", negated, reading->family);
        negated = false;
    }
}

void firewall_read_tables(struct firewall *firewall, char *text, enum firewall_family family)
{
    struct reading reading = {
        .firewall = firewall, .family = family, .space = family == FIREWALL_IPV4 ? "iptables" : "ip6tables"};
    for (char *line; (line = strsep(&text, "\n")) != NULL;) {
        if (line[0] == '*') {
            copy_name(reading.table, line + 1);
            reading.is_filter = strcmp(reading.table, "nat") != 0;
        } else if (line[0] == ':' && reading.is_filter) {
            read_chain(&reading, line + 1);
        } else if (strncmp(line, "-A ", 3) == 0 && reading.is_filter) {
            read_rule(&reading, line + 3);
        }
    }
}
