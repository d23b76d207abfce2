/* Runs the tools of the firewall, and keeps what they say; called by v6shim doctor. */
#include "command/doctor/firewall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/doctor/tool.h"

#define ROOM_FIRST 64u

/* --- the rules --- */

/* Room for one more in a list that grows to powers of two. */
static void *grow(void *list, size_t count, size_t size)
{
    if (count != 0 && (count < ROOM_FIRST || (count & (count - 1)) != 0))
        return list;
    return reallocarray(list, count < ROOM_FIRST ? ROOM_FIRST : 2 * count, size);
}

struct firewall_chain *firewall_add_chain(struct firewall *firewall)
{
    struct firewall_chain *chains = grow(firewall->chains, firewall->chain_count, sizeof *chains);
    if (chains == NULL)
        return NULL;
    firewall->chains = chains;
    struct firewall_chain *chain = &chains[firewall->chain_count++];
    *chain = (struct firewall_chain){0};
    return chain;
}

struct firewall_rule *firewall_add_rule(struct firewall *firewall)
{
    struct firewall_rule *rules = grow(firewall->rules, firewall->rule_count, sizeof *rules);
    if (rules == NULL)
        return NULL;
    firewall->rules = rules;
    struct firewall_rule *rule = &rules[firewall->rule_count++];
    *rule = (struct firewall_rule){0};
    return rule;
}

size_t firewall_find_chain(const struct firewall *firewall, const char *family, const char *table, const char *name)
{
    for (size_t index = 0; index < firewall->chain_count; index++) {
        const struct firewall_chain *chain = &firewall->chains[index];
        if (strcmp(chain->name, name) == 0 && strcmp(chain->table, table) == 0 && strcmp(chain->family, family) == 0)
            return index;
    }
    return SIZE_MAX;
}

bool firewall_add_ports(struct firewall_rule *rule, unsigned long first, unsigned long last)
{
    if (rule->port_count == FIREWALL_PORTS_MAX || first > last || last > UINT16_MAX)
        return false;
    rule->ports[rule->port_count++] = (struct firewall_ports){(uint16_t)first, (uint16_t)last};
    return true;
}

void firewall_free(struct firewall *firewall)
{
    free(firewall->chains);
    free(firewall->rules);
    *firewall = (struct firewall){0};
}

/* --- the tools --- */

/* Whether the kernel has tables of the old kind, which nft doesn't show. */
static bool has_tables(const char *path)
{
    FILE *file = fopen(path, "re");
    bool has = file != NULL && getc(file) != EOF;
    if (file != NULL)
        fclose(file);
    return has;
}

static bool read_tables(struct firewall *firewall, const char *tool, const char *other, enum firewall_family family)
{
    const char *const none[] = {NULL};
    char *text = tool_output(tool, none);
    if (text == NULL)
        text = tool_output(other, none);
    if (text == NULL)
        return false;
    firewall_read_tables(firewall, text, family);
    free(text);
    return true;
}

static bool read_nft(struct firewall *firewall)
{
    const char *const options[] = {"-j", "list", "ruleset", NULL};
    char *text = tool_output("nft", options);
    bool read = text != NULL && firewall_read_nft(firewall, text);
    free(text);
    return read;
}

/* False where the rules of one family can't be read: then nothing can be said of the other. */
static bool read_rules(struct firewall *firewall)
{
    bool nft = read_nft(firewall);
    bool old4 = has_tables("/proc/net/ip_tables_names"), old6 = has_tables("/proc/net/ip6_tables_names");
    bool read = nft;
    if (old4 || !nft)
        read = read_tables(firewall, old4 ? "iptables-legacy-save" : "iptables-save", "iptables-save", FIREWALL_IPV4);
    if (old6 || !nft)
        read = read_tables(firewall, old6 ? "ip6tables-legacy-save" : "ip6tables-save", "ip6tables-save",
                           FIREWALL_IPV6) &&
               read;
    return read;
}

void firewall_judge(struct findings *findings)
{
    struct firewall firewall = {0};
    if (!tool_is_there("nft") && !tool_is_there("iptables-save"))
        return;
    if (geteuid() != 0)
        finding_add(findings, FINDING_NOTE, "firewall", "run this as root", "the firewall's rules can't be read");
    else if (read_rules(&firewall))
        firewall_judge_rules(findings, &firewall);
    else
        finding_add(findings, FINDING_NOTE, "firewall", "nft -j list ruleset, or iptables-save, says why",
                    "the firewall's rules can't be read");
    firewall_free(&firewall);
}
