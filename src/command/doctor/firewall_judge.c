/* Judges what a firewall keeps out over IPv4 and lets in over IPv6; called by v6shim doctor. */
#include <string.h>

#include "command/doctor/firewall.h"

#define TOLD_MOST  8 /* of ports and destinations: a list of blocked hosts may have thousands */
#define DEPTH_MOST 16
#define EVERY_HOOK (FIREWALL_INPUT | FIREWALL_BEFORE_INPUT)

/* Hands the hooks of each chain on to those that it jumps to. */
static void link_chains(struct firewall *firewall)
{
    bool changed = true;
    for (unsigned depth = 0; changed && depth < DEPTH_MOST; depth++) {
        changed = false;
        for (size_t index = 0; index < firewall->rule_count; index++) {
            const struct firewall_rule *rule = &firewall->rules[index];
            const struct firewall_chain *from = &firewall->chains[rule->chain];
            size_t to = rule->target[0] != '\0'
                            ? firewall_find_chain(firewall, from->family, from->table, rule->target)
                            : SIZE_MAX;
            if (to == SIZE_MAX || (from->hooks & ~firewall->chains[to].hooks) == 0)
                continue;
            firewall->chains[to].hooks |= from->hooks;
            changed = true;
        }
    }
}

static bool is_for_all(const struct firewall_rule *rule)
{
    return !rule->is_conditional && !rule->is_narrow && rule->protocols == 0 && rule->port_count == 0 &&
           rule->destination[0] == '\0';
}

/* Whether a base chain keeps out whatever its rules don't let in. */
static bool is_closed(const struct firewall *firewall, size_t chain, unsigned family)
{
    for (size_t index = 0; index < firewall->rule_count; index++) {
        const struct firewall_rule *rule = &firewall->rules[index];
        if (rule->chain == chain && (rule->families & family) != 0 && is_for_all(rule) &&
            rule->verdict != FIREWALL_GOES_ON)
            return rule->verdict == FIREWALL_DENIES;
    }
    return firewall->chains[chain].drops;
}

static bool ipv4_is_closed(const struct firewall *firewall, unsigned hook)
{
    for (size_t chain = 0; chain < firewall->chain_count; chain++) {
        const struct firewall_chain *each = &firewall->chains[chain];
        if (each->is_base && (each->hooks & hook) != 0 && (each->families & FIREWALL_IPV4) != 0 &&
            is_closed(firewall, chain, FIREWALL_IPV4))
            return true;
    }
    return false;
}

static bool covers(const struct firewall_rule *rule, unsigned protocols, const struct firewall_ports *ports)
{
    if (ports == NULL)
        return rule->port_count == 0 && rule->protocols == 0;
    if (rule->protocols != 0 && protocols != 0 && (rule->protocols & protocols) == 0)
        return false;
    bool covered = rule->port_count == 0;
    for (size_t index = 0; index < rule->port_count; index++)
        covered |= rule->ports[index].first <= ports->last && rule->ports[index].last >= ports->first;
    return covered;
}

/* Whether anything may keep this out over IPv6: all where `ports` is NULL. */
static bool ipv6_may_deny(const struct firewall *firewall, unsigned hooks, unsigned protocols,
                          const struct firewall_ports *ports)
{
    for (size_t chain = 0; chain < firewall->chain_count; chain++) {
        const struct firewall_chain *each = &firewall->chains[chain];
        if ((each->hooks & hooks) != 0 && (each->families & FIREWALL_IPV6) != 0 && each->drops)
            return true;
    }
    for (size_t index = 0; index < firewall->rule_count; index++) {
        const struct firewall_rule *rule = &firewall->rules[index];
        if (rule->verdict == FIREWALL_DENIES && (rule->families & FIREWALL_IPV6) != 0 && !rule->is_narrow &&
            (firewall->chains[rule->chain].hooks & hooks) != 0 && covers(rule, protocols, ports))
            return true;
    }
    return false;
}

static const char *protocol_name(unsigned protocols)
{
    return protocols == FIREWALL_TCP ? "TCP " : protocols == FIREWALL_UDP ? "UDP " : "";
}

/* Whether an earlier rule has told the same. */
static bool is_repeated(const struct firewall *firewall, size_t place, const struct firewall_ports *ports)
{
    const struct firewall_rule *rule = &firewall->rules[place];
    for (size_t index = 0; index < place; index++) {
        const struct firewall_rule *other = &firewall->rules[index];
        if (other->verdict != FIREWALL_DENIES || other->families != rule->families ||
            other->protocols != rule->protocols)
            continue;
        for (size_t each = 0; each < other->port_count; each++)
            if (other->ports[each].first == ports->first && other->ports[each].last == ports->last)
                return true;
    }
    return false;
}

static void add_port(struct findings *findings, const struct firewall_rule *rule, const struct firewall_ports *ports)
{
    const char *remedy = "write the rule for IPv6, too (table inet, ip6tables), or set listen inet for the server";
    if (ports->first == ports->last)
        finding_add(findings, FINDING_WRONG, "firewall", remedy,
                    "the firewall filters %sport %u over IPv4, and leaves it open over IPv6",
                    protocol_name(rule->protocols), ports->first);
    else
        finding_add(findings, FINDING_WRONG, "firewall", remedy,
                    "the firewall filters %sports %u to %u over IPv4, and leaves them open over IPv6",
                    protocol_name(rule->protocols), ports->first, ports->last);
}

/* Ports that a rule names. How many. */
static unsigned judge_ports(struct findings *findings, const struct firewall *firewall)
{
    unsigned count = 0;
    for (size_t index = 0; index < firewall->rule_count; index++) {
        const struct firewall_rule *rule = &firewall->rules[index];
        if (rule->verdict != FIREWALL_DENIES || (rule->families & FIREWALL_IPV4) == 0 || rule->is_narrow ||
            (firewall->chains[rule->chain].hooks & FIREWALL_INPUT) == 0)
            continue;
        for (size_t each = 0; each < rule->port_count; each++)
            if (!ipv6_may_deny(firewall, EVERY_HOOK, rule->protocols, &rule->ports[each]) &&
                !is_repeated(firewall, index, &rule->ports[each]) && count++ < TOLD_MOST)
                add_port(findings, rule, &rule->ports[each]);
    }
    if (count > TOLD_MOST)
        finding_add(findings, FINDING_WRONG, "firewall", "", "and %u more ports", count - TOLD_MOST);
    return count;
}

/* IPv4 addresses that may not be connected to. A note: whether their hosts have IPv6 addresses is not known. */
static unsigned judge_destinations(struct findings *findings, const struct firewall *firewall)
{
    unsigned count = 0;
    for (size_t index = 0; index < firewall->rule_count; index++) {
        const struct firewall_rule *rule = &firewall->rules[index];
        if (rule->verdict == FIREWALL_DENIES && rule->families == FIREWALL_IPV4 && !rule->is_narrow &&
            rule->destination[0] != '\0' && (firewall->chains[rule->chain].hooks & FIREWALL_OUTPUT) != 0 &&
            count++ < TOLD_MOST)
            finding_add(findings, FINDING_NOTE, "firewall",
                        "write rules for its IPv6 addresses, too, or set families inet for the program",
                        "the firewall forbids connections to %s: they may go to the IPv6 addresses of its host",
                        rule->destination);
    }
    if (count > TOLD_MOST)
        finding_add(findings, FINDING_NOTE, "firewall", "", "and %u more destinations", count - TOLD_MOST);
    return count;
}

void firewall_judge_rules(struct findings *findings, struct firewall *firewall)
{
    unsigned found = 0;
    link_chains(firewall);
    bool open = !ipv6_may_deny(firewall, EVERY_HOOK, 0, NULL);
    if (open && ipv4_is_closed(firewall, FIREWALL_INPUT)) {
        found++;
        finding_add(
            findings, FINDING_WRONG, "firewall",
            "write the rules for IPv6, too (table inet, ip6tables), or set listen inet for servers",
            "the firewall lets in over IPv4 what its rules name alone, and over IPv6 whatever they don't forbid");
    }
    if (open)
        found += judge_ports(findings, firewall);
    if (!ipv6_may_deny(firewall, FIREWALL_OUTPUT, 0, NULL)) {
        if (ipv4_is_closed(firewall, FIREWALL_OUTPUT)) {
            found++;
            finding_add(findings, FINDING_WRONG, "firewall",
                        "write the rules for IPv6, too (table inet, ip6tables), or set families inet for programs",
                        "the firewall lets out over IPv4 what its rules name alone, and over IPv6 whatever they "
                        "don't forbid");
        }
        found += judge_destinations(findings, firewall);
    }
    if (found == 0)
        finding_add(findings, FINDING_GOOD, "firewall", "",
                    firewall->rule_count == 0 ? "the firewall has no rules"
                                              : "no rule of the firewall is known to be for IPv4 alone");
}
