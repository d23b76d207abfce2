/*
 * Address policies: the label, precedence and IPv4 scope tables of RFC 6724 section 2.1, the tables that are built
 * in, and the text form of /etc/gai.conf.
 *
 * Pure, no allocation, async-signal-safe; errno is left alone. The text form is read in gai_conf.h.
 */
#ifndef V6SHIM_CORE_ORDER_POLICY_H
#define V6SHIM_CORE_ORDER_POLICY_H

#include "core/address/address.h"

#define POLICY_ROWS_MAX 64 /* of one kind; a gai.conf holds a dozen */

#define POLICY_IPV4_BITS_BEFORE 96 /* the tables keep IPv4 as ::ffff:a.b.c.d */

/* RFC 4291 section 2.7: the scopes that destination selection meets in unicast addresses. */
#define POLICY_SCOPE_LINK_LOCAL 2
#define POLICY_SCOPE_SITE_LOCAL 5
#define POLICY_SCOPE_GLOBAL     14

struct policy_row {
    struct in6_addr prefix; /* IPv4 as ::ffff:a.b.c.d; bits after the length do not count */
    uint8_t length;         /* 0 to 128 */
    int value;
};

/* Longest prefix first; among equal lengths in the order given, so that of two equal prefixes the first counts. */
struct policy_table {
    struct policy_row rows[POLICY_ROWS_MAX];
    size_t count;
};

/* Which destination rules selection.h applies, where glibc and RFC 6724 differ. */
enum policy_rules { POLICY_RULES_GLIBC, POLICY_RULES_RFC6724 };

struct policy {
    enum policy_rules rules;
    bool reload; /* gai.conf's "reload yes": read the file again when it has changed */
    struct policy_table labels, precedences, scopes;
};

enum policy_builtin {
    POLICY_SYSTEM,         /* glibc's own tables: what an empty or missing gai.conf means */
    POLICY_RFC6724,        /* RFC 6724 section 2.1 */
    POLICY_RFC6724_UPDATE, /* draft-ietf-6man-rfc6724-update: ULA above IPv4, known-local ULA above all but loopback
                            */
    POLICY_ULA_FIRST,      /* glibc's table with unique local addresses lifted above global IPv6, and so above IPv4 */
    POLICY_IPV4_FIRST,     /* glibc's table with IPv4 lifted to 100 (RFC 6724 section 10.3) */
};

/*
 * Fills in a built-in policy. `known_local` are this host's own addresses and routes: those in fc00::/7 make their
 * /48 known-local (POLICY_RFC6724_UPDATE only; others are passed over, and so are those for which there is no room).
 * May be NULL with a count of 0.
 */
void policy_builtin(struct policy *policy, enum policy_builtin which, const struct ip_address *known_local,
                    size_t count);

/*
 * What glibc does with the tables of a gai.conf: a kind without a row becomes the built-in table, and one without a
 * row for every address gets it: ::/0 with label 1 or precedence 40, and for IPv4 the scope 14.
 */
void policy_complete(struct policy *policy);

/* Adds a row; bits after the length are cleared. False where the table is full or `length` over 128. */
bool policy_table_add(struct policy_table *table, const struct in6_addr *prefix, unsigned length, int value);

/* The longest row that holds all of the prefix; NULL where there is none. */
const struct policy_row *policy_table_cover(const struct policy_table *table, const struct in6_addr *prefix,
                                            unsigned length);

/* The row that decides for an address: the longest match. NULL only for a table without a ::/0 row, and AF_UNSPEC. */
const struct policy_row *policy_table_match(const struct policy_table *table, const struct ip_address *address);

/* Label and precedence of an address of either family. An AF_UNSPEC address has label INT_MAX and precedence 0. */
int policy_label(const struct policy *policy, const struct ip_address *address);
int policy_precedence(const struct policy *policy, const struct ip_address *address);

/* RFC 6724 sections 3.1 and 3.2. The IPv4 inside a mapped address counts under the RFC's rules, not under glibc's. */
int policy_scope(const struct policy *policy, const struct ip_address *address);

/* A line of the table as administrators know it. */
struct policy_line {
    struct ip_address prefix; /* AF_INET6 */
    unsigned length;
    int precedence, label;
    bool own_precedence, own_label; /* stated for this very prefix; else that of the shorter prefix around it */
};

/* Label and precedence tables as one, highest precedence first. Writes at most `maximum` lines, returns how many. */
size_t policy_lines(const struct policy *policy, struct policy_line *lines, size_t maximum);

#endif
