/*
 * tests/lab/order.c: libc's order of addresses beside that of core/order/selection, both from the same order given.
 *
 *     order <HOSTS
 *
 * Each line that is an address and a name whose first letter is a capital belongs to a set; libc finds the same lines
 * in /etc/hosts ("multi on") and sorts them by /etc/gai.conf, we by V6SHIM_POLICY. Prints each set in which they
 * differ, with the sources and the rules that we see, and last how many sets there were and how many differ.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "preload/resolve/preference.h"
#include "preload/system/settings.h"

#define SETS_MAX  4096
#define NAME_SIZE 32

struct set {
    char name[NAME_SIZE];
    struct resolve_addresses given;
};

static struct set sets[SETS_MAX];
static unsigned count;

static struct set *set_of(const char *name)
{
    for (unsigned i = count; i > 0; i--)
        if (strcmp(sets[i - 1].name, name) == 0)
            return &sets[i - 1];
    snprintf(sets[count].name, NAME_SIZE, "%s", name);
    return &sets[count++];
}

static void read_sets(void)
{
    char line[256], text[ADDRESS_TEXT_SIZE], name[NAME_SIZE];
    while (fgets(line, sizeof line, stdin) != NULL && count < SETS_MAX) {
        struct in_addr ipv4;
        struct in6_addr ipv6;
        struct ip_address address;
        if (sscanf(line, "%45s %31s", text, name) != 2 || !isupper((unsigned char)name[0]))
            continue;
        if (inet_pton(AF_INET, text, &ipv4) == 1)
            address = address_ipv4(ipv4);
        else if (inet_pton(AF_INET6, text, &ipv6) == 1)
            address = address_ipv6(&ipv6, 0);
        else
            continue;
        resolve_add(&set_of(name)->given, &address);
    }
}

static void ask_libc(const char *name, struct resolve_addresses *ordered)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    ordered->count = 0;
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        struct ip_address address;
        if (address_from_sockaddr(info->ai_addr, info->ai_addrlen, &address, NULL))
            resolve_add(ordered, &address);
    }
    freeaddrinfo(list);
}

static const struct selection_candidate *candidate_at(const struct preference *ours, size_t place)
{
    return &ours->candidates[ours->places[place].index];
}

static void print_difference(const struct set *set, const struct resolve_addresses *libc,
                             const struct preference *ours)
{
    char text[ADDRESS_TEXT_SIZE];
    printf("%s\n  libc", set->name);
    for (size_t i = 0; i < libc->count; i++)
        printf(" %s", address_print(&libc->addresses[i], text));
    printf("\n  here");
    for (size_t i = 0; i < set->given.count; i++) {
        const struct selection_candidate *candidate = candidate_at(ours, i);
        printf(" %s", address_print(&candidate->destination, text));
        printf(" (from %s, %s%s)", candidate->has_source ? address_print(&candidate->source, text) : "nowhere",
               selection_rule_text(ours->places[i].rule), candidate->source_deprecated ? ", deprecated" : "");
    }
    putchar('\n');
}

int main(void)
{
    static struct preference ours;
    unsigned different = 0;
    settings_load();
    read_sets();
    for (unsigned i = 0; i < count; i++) {
        struct resolve_addresses libc;
        ask_libc(sets[i].name, &libc);
        preference_sort(&sets[i].given, &ours);
        bool same = libc.count == sets[i].given.count;
        for (size_t place = 0; same && place < libc.count; place++)
            same = address_equal(&libc.addresses[place], &candidate_at(&ours, place)->destination);
        if (!same)
            print_difference(&sets[i], &libc, &ours);
        different += !same;
    }
    printf("%u sets, %u differ\n", count, different);
    return different > 0;
}
