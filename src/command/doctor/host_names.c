/* Judges how names become addresses on this host; called by v6shim doctor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/doctor/host.h"
#include "preload/resolve/preference.h"
#include "preload/system/settings.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define NSSWITCH    "/etc/nsswitch.conf"
#define BLANKS      " \t\r\n"

static void judge_resolver(struct findings *findings)
{
    char *line = NULL;
    size_t size = 0;
    unsigned count = 0;
    FILE *file = fopen(RESOLV_CONF, "re");
    while (file != NULL && getline(&line, &size, file) >= 0) {
        char *rest = line, *word = strsep(&rest, BLANKS);
        if (strcmp(word, "nameserver") != 0 || rest == NULL)
            continue;
        rest += strspn(rest, BLANKS);
        rest[strcspn(rest, BLANKS)] = '\0';
        count++;
        finding_add(findings, FINDING_GOOD, "resolver", "", "names are asked of %s", rest);
    }
    free(line);
    if (file != NULL)
        fclose(file);
    if (count == 0)
        finding_add(findings, FINDING_NOTE, "resolver", "name one where names don't resolve",
                    RESOLV_CONF " names no resolver, so that one on this host is asked");
}

/* The services of the hosts line, cut out of `line`; NULL where this is another line. */
static char *hosts_of(char *line)
{
    line[strcspn(line, "#\n")] = '\0';
    line += strspn(line, BLANKS);
    return strncmp(line, "hosts:", strlen("hosts:")) == 0 ? line + strlen("hosts:") : NULL;
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (text += strspn(text, BLANKS); *text != '\0'; text += strspn(text, BLANKS)) {
        size_t found = strcspn(text, BLANKS);
        if (found == length && memcmp(text, word, length) == 0)
            return true;
        text += found;
    }
    return false;
}

/* The last such line counts, as in libc. */
static void judge_services(struct findings *findings)
{
    char *line = NULL;
    size_t size = 0;
    bool only_ipv4 = false, minimal = false;
    FILE *file = fopen(NSSWITCH, "re");
    while (file != NULL && getline(&line, &size, file) >= 0) {
        const char *services = hosts_of(line);
        if (services == NULL)
            continue;
        minimal = has_word(services, "mdns4_minimal");
        only_ipv4 = minimal || has_word(services, "mdns4");
    }
    free(line);
    if (file != NULL)
        fclose(file);
    if (only_ipv4)
        finding_add(findings, FINDING_WRONG, "mdns4",
                    minimal ? "write mdns_minimal in its place" : "write mdns in its place",
                    NSSWITCH " has %s: names that end in .local get IPv4 addresses alone",
                    minimal ? "mdns4_minimal" : "mdns4");
}

/* Whether any IPv4 address goes before a plain global IPv6 one. */
static void judge_policy(struct findings *findings)
{
    static struct preference preference;
    const struct settings *settings = settings_current();
    struct ip_address ipv4 =
        address_ipv4((struct in_addr){.s_addr = htonl(0xc6290004)}); /* far away: a root server */
    struct ip_address ipv6 = address_ipv6(&(struct in6_addr){{{0x20, 0x01, 0x05, 0x03}}}, 0);
    sources_list(&preference.sources);
    preference_policy(&preference.policy, &preference.sources);
    if (settings->families == FAMILIES_INET)
        finding_add(findings, FINDING_NOTE, "families", "v6shim config tells where it is set",
                    "the setting families is inet: IPv6 is not used");
    else if (settings->prefer == PREFER_IPV4)
        finding_add(findings, FINDING_NOTE, "policy", "v6shim config tells where it is set",
                    "the setting prefer is ipv4: IPv6 addresses are tried last");
    else if (settings->prefer == PREFER_POLICY &&
             policy_precedence(&preference.policy, &ipv4) >= policy_precedence(&preference.policy, &ipv6))
        finding_add(findings, FINDING_NOTE, "policy", "see v6shim policy; the setting policy takes another table",
                    "the address policy puts IPv4 before IPv6");
    else
        finding_add(findings, FINDING_GOOD, "policy", "", "the address policy puts IPv6 before IPv4");
}

void host_judge_names(struct findings *findings)
{
    judge_resolver(findings);
    judge_services(findings);
    judge_policy(findings);
}
