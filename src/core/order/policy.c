/* Has the built-in policy tables and looks addresses up in them; called by core/order/selection.c. */
#include "core/order/policy.h"

#include <limits.h>
#include <string.h>

#define IPV6_BITS              128
#define KNOWN_LOCAL_BITS       48 /* RFC 4193: what one site holds */
#define KNOWN_LOCAL_PRECEDENCE 45
#define KNOWN_LOCAL_LABEL      14
#define DEFAULT_LABEL          1
#define DEFAULT_PRECEDENCE     40
#define BUILTIN_COUNT          5
#define ABSENT                 (-1)

/* Columns: system, rfc6724, rfc6724-update, ula-first, ipv4-first; each {precedence, label}. */
static const struct {
    uint8_t prefix[16];
    uint8_t length;
    struct {
        int8_t precedence, label;
    } in[BUILTIN_COUNT];
} builtin_rows[] = {
    {{[15] = 1}, 128, {{50, 0}, {50, 0}, {50, 0}, {50, 0}, {50, 0}}},                             /* ::1 */
    {{0}, 0, {{40, 1}, {40, 1}, {40, 1}, {40, 1}, {40, 1}}},                                      /* :: */
    {{0xfc}, 7, {{ABSENT, 6}, {3, 13}, {30, 13}, {45, 1}, {ABSENT, 6}}},                          /* ULA */
    {{[10] = 0xff, 0xff}, 96, {{10, 4}, {35, 4}, {20, 4}, {10, 4}, {100, 4}}},                    /* IPv4 */
    {{0x20, 0x02}, 16, {{30, 2}, {30, 2}, {5, 2}, {30, 2}, {30, 2}}},                             /* 6to4 */
    {{0x20, 0x01}, 32, {{ABSENT, 7}, {5, 5}, {5, 5}, {ABSENT, 7}, {ABSENT, 7}}},                  /* Teredo */
    {{0}, 96, {{20, 3}, {1, 3}, {1, 3}, {20, 3}, {20, 3}}},                                       /* ::/96 */
    {{0xfe, 0xc0}, 10, {{ABSENT, 5}, {1, 11}, {1, 11}, {ABSENT, 5}, {ABSENT, 5}}},                /* site */
    {{0x3f, 0xfe}, 16, {{ABSENT, ABSENT}, {1, 12}, {1, 12}, {ABSENT, ABSENT}, {ABSENT, ABSENT}}}, /* 6bone */
};

/* RFC 6724 section 3.2. */
static const struct {
    uint8_t prefix[16];
    uint8_t length;
    uint8_t scope;
} builtin_scopes[] = {
    {{[10] = 0xff, 0xff, 169, 254}, 112, POLICY_SCOPE_LINK_LOCAL},
    {{[10] = 0xff, 0xff, 127}, 104, POLICY_SCOPE_LINK_LOCAL},
    {{[10] = 0xff, 0xff}, 96, POLICY_SCOPE_GLOBAL},
};

static struct in6_addr mask_prefix(const struct in6_addr *prefix, unsigned length)
{
    struct in6_addr masked = *prefix;
    for (unsigned byte = 0; byte < sizeof masked; byte++) {
        unsigned kept = length <= 8 * byte ? 0 : length - 8 * byte;
        if (kept < 8)
            masked.s6_addr[byte] &= (uint8_t)(0xff00 >> kept);
    }
    return masked;
}

bool policy_table_add(struct policy_table *table, const struct in6_addr *prefix, unsigned length, int value)
{
    if (table->count == POLICY_ROWS_MAX || length > IPV6_BITS)
        return false;
    size_t place = 0;
    while (place < table->count && table->rows[place].length >= length)
        place++;
    memmove(&table->rows[place + 1], &table->rows[place], (table->count - place) * sizeof table->rows[0]);
    table->rows[place] = (struct policy_row){mask_prefix(prefix, length), (uint8_t)length, value};
    table->count++;
    return true;
}

const struct policy_row *policy_table_cover(const struct policy_table *table, const struct in6_addr *prefix,
                                            unsigned length)
{
    for (size_t index = 0; index < table->count; index++) {
        const struct policy_row *row = &table->rows[index];
        if (row->length > length)
            continue;
        struct in6_addr masked = mask_prefix(prefix, row->length);
        if (memcmp(&masked, &row->prefix, sizeof masked) == 0)
            return row;
    }
    return NULL;
}

const struct policy_row *policy_table_match(const struct policy_table *table, const struct ip_address *address)
{
    if (address->family == AF_INET6)
        return policy_table_cover(table, &address->ipv6, IPV6_BITS);
    if (address->family != AF_INET)
        return NULL;
    struct ip_address mapped = address_map(address->ipv4);
    return policy_table_cover(table, &mapped.ipv6, IPV6_BITS);
}

int policy_label(const struct policy *policy, const struct ip_address *address)
{
    const struct policy_row *row = policy_table_match(&policy->labels, address);
    return row != NULL ? row->value : INT_MAX;
}

int policy_precedence(const struct policy *policy, const struct ip_address *address)
{
    const struct policy_row *row = policy_table_match(&policy->precedences, address);
    return row != NULL ? row->value : 0;
}

int policy_scope(const struct policy *policy, const struct ip_address *address)
{
    struct ip_address judged = policy->rules == POLICY_RULES_RFC6724 ? address_unmap(address) : *address;
    if (judged.family == AF_INET) {
        const struct policy_row *row = policy_table_match(&policy->scopes, &judged);
        return row != NULL ? row->value : POLICY_SCOPE_GLOBAL;
    }
    if (address_is_multicast(&judged))
        return judged.ipv6.s6_addr[1] & 0xf;
    if (address_is_link_local(&judged) || address_is_loopback(&judged))
        return POLICY_SCOPE_LINK_LOCAL;
    if (judged.family == AF_INET6 && IN6_IS_ADDR_SITELOCAL(&judged.ipv6))
        return POLICY_SCOPE_SITE_LOCAL;
    return POLICY_SCOPE_GLOBAL;
}

static void add_bytes(struct policy_table *table, const uint8_t prefix[16], unsigned length, int value)
{
    struct in6_addr address;
    memcpy(&address, prefix, sizeof address);
    if (value != ABSENT)
        policy_table_add(table, &address, length, value);
}

static void add_builtin_labels(struct policy_table *table, enum policy_builtin which)
{
    for (size_t index = 0; index < sizeof builtin_rows / sizeof builtin_rows[0]; index++)
        add_bytes(table, builtin_rows[index].prefix, builtin_rows[index].length, builtin_rows[index].in[which].label);
}

static void add_builtin_precedences(struct policy_table *table, enum policy_builtin which)
{
    for (size_t index = 0; index < sizeof builtin_rows / sizeof builtin_rows[0]; index++)
        add_bytes(table, builtin_rows[index].prefix, builtin_rows[index].length,
                  builtin_rows[index].in[which].precedence);
}

static void add_builtin_scopes(struct policy_table *table)
{
    for (size_t index = 0; index < sizeof builtin_scopes / sizeof builtin_scopes[0]; index++)
        add_bytes(table, builtin_scopes[index].prefix, builtin_scopes[index].length, builtin_scopes[index].scope);
}

static void add_known_local(struct policy *policy, const struct ip_address *address)
{
    bool unique_local = address->family == AF_INET6 && (address->ipv6.s6_addr[0] & 0xfe) == 0xfc;
    if (!unique_local)
        return;
    const struct policy_row *row = policy_table_cover(&policy->labels, &address->ipv6, KNOWN_LOCAL_BITS);
    if (row != NULL && row->length == KNOWN_LOCAL_BITS)
        return;
    policy_table_add(&policy->labels, &address->ipv6, KNOWN_LOCAL_BITS, KNOWN_LOCAL_LABEL);
    policy_table_add(&policy->precedences, &address->ipv6, KNOWN_LOCAL_BITS, KNOWN_LOCAL_PRECEDENCE);
}

void policy_builtin(struct policy *policy, enum policy_builtin which, const struct ip_address *known_local,
                    size_t count)
{
    bool by_the_rfc = which == POLICY_RFC6724 || which == POLICY_RFC6724_UPDATE;
    memset(policy, 0, sizeof *policy);
    policy->rules = by_the_rfc ? POLICY_RULES_RFC6724 : POLICY_RULES_GLIBC;
    add_builtin_labels(&policy->labels, which);
    add_builtin_precedences(&policy->precedences, which);
    add_builtin_scopes(&policy->scopes);
    if (which == POLICY_RFC6724_UPDATE) {
        for (size_t index = 0; index < count; index++)
            add_known_local(policy, &known_local[index]);
    }
}

static bool has_default(const struct policy_table *table, unsigned default_length)
{
    return table->rows[table->count - 1].length <= default_length;
}

void policy_complete(struct policy *policy)
{
    static const struct in6_addr any = {.s6_addr = {0}}, mapped = {.s6_addr = {[10] = 0xff, 0xff}};
    if (policy->labels.count == 0)
        add_builtin_labels(&policy->labels, POLICY_SYSTEM);
    else if (!has_default(&policy->labels, 0))
        policy_table_add(&policy->labels, &any, 0, DEFAULT_LABEL);
    if (policy->precedences.count == 0)
        add_builtin_precedences(&policy->precedences, POLICY_SYSTEM);
    else if (!has_default(&policy->precedences, 0))
        policy_table_add(&policy->precedences, &any, 0, DEFAULT_PRECEDENCE);
    if (policy->scopes.count == 0)
        add_builtin_scopes(&policy->scopes);
    else if (!has_default(&policy->scopes, POLICY_IPV4_BITS_BEFORE))
        policy_table_add(&policy->scopes, &mapped, POLICY_IPV4_BITS_BEFORE, POLICY_SCOPE_GLOBAL);
}

/* Own values of a line, or those of the shorter prefix around it. */
static void complete_line(const struct policy *policy, struct policy_line *line)
{
    const struct policy_row *precedence = policy_table_cover(&policy->precedences, &line->prefix.ipv6, line->length);
    const struct policy_row *label = policy_table_cover(&policy->labels, &line->prefix.ipv6, line->length);
    line->own_precedence = precedence != NULL && precedence->length == line->length;
    line->own_label = label != NULL && label->length == line->length;
    line->precedence = precedence != NULL ? precedence->value : 0;
    line->label = label != NULL ? label->value : INT_MAX;
}

size_t policy_lines(const struct policy *policy, struct policy_line *lines, size_t maximum)
{
    size_t count = 0;
    size_t total = policy->precedences.count + policy->labels.count;
    for (size_t index = 0; index < total && count < maximum; index++) {
        bool from_labels = index >= policy->precedences.count;
        const struct policy_row *row =
            from_labels ? &policy->labels.rows[index - policy->precedences.count] : &policy->precedences.rows[index];
        struct policy_line line = {.prefix = address_ipv6(&row->prefix, 0), .length = row->length};
        complete_line(policy, &line);
        if (from_labels && line.own_precedence)
            continue; /* came with the precedences */
        size_t place = count;
        while (place > 0 && lines[place - 1].precedence < line.precedence)
            place--;
        memmove(&lines[place + 1], &lines[place], (count - place) * sizeof lines[0]);
        lines[place] = line;
        count++;
    }
    return count;
}
