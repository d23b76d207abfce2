/*
 * The rules of this host's firewall, as far as they say who may reach which port over IPv4 and who over IPv6. For
 * v6shim doctor: a rule for IPv4 says nothing of IPv6, and programs under the library speak both.
 *
 * Rules are read from what the system's own tools print. What a rule asks besides ports, protocol and destination is
 * not understood, only noted as a condition: then a rule of IPv6 counts as one that may keep anything out, and one of
 * IPv4 as none that keeps all out. So what is found wrong is wrong; what is not found may be wrong all the same.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_FIREWALL_H
#define V6SHIM_COMMAND_DOCTOR_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command/doctor/finding.h"

#define FIREWALL_NAME_SIZE 128
#define FIREWALL_PORTS_MAX 16 /* of one rule; one with more is taken for one with another condition */

/* Bits. */
enum firewall_family { FIREWALL_IPV4 = 1, FIREWALL_IPV6 = 2 };
enum firewall_protocol { FIREWALL_TCP = 1, FIREWALL_UDP = 2 };
enum firewall_hook { FIREWALL_INPUT = 1, FIREWALL_OUTPUT = 2, FIREWALL_BEFORE_INPUT = 4 };

struct firewall_chain {
    char family[16], table[FIREWALL_NAME_SIZE], name[FIREWALL_NAME_SIZE];
    unsigned families; /* whose packets come here */
    unsigned hooks;    /* where from: its own, and after firewall_link() those of the chains that jump here */
    bool is_base;      /* the kernel calls it, with all packets */
    bool drops;        /* its policy */
};

enum firewall_verdict { FIREWALL_GOES_ON, FIREWALL_ACCEPTS, FIREWALL_DENIES, FIREWALL_RETURNS };

struct firewall_rule {
    size_t chain; /* its number */
    unsigned families;
    enum firewall_verdict verdict;
    char target[FIREWALL_NAME_SIZE]; /* the chain that it jumps to; "": none */
    unsigned protocols;              /* 0: any */
    size_t port_count;               /* 0: any */
    struct firewall_ports {
        uint16_t first, last;
    } ports[FIREWALL_PORTS_MAX];
    char destination[FIREWALL_NAME_SIZE]; /* of IPv4; "": any */
    bool is_conditional;                  /* on anything else */
    bool is_narrow;                       /* about some hosts, or packets that open no TCP or UDP connection */
};

/* All zero at first. */
struct firewall {
    struct firewall_chain *chains;
    struct firewall_rule *rules; /* those of one chain in their order */
    size_t chain_count, rule_count;
};

/* --- reading --- */

/* What "nft -j list ruleset" has printed. False: it is no such text. */
bool firewall_read_nft(struct firewall *firewall, const char *json);

/* What iptables-save or ip6tables-save has printed; the text is cut to words. */
void firewall_read_tables(struct firewall *firewall, char *text, enum firewall_family family);

/* Room for one more, all zero; NULL without memory. */
struct firewall_chain *firewall_add_chain(struct firewall *firewall);
struct firewall_rule *firewall_add_rule(struct firewall *firewall);

/* The number of a chain; SIZE_MAX where there is none. */
size_t firewall_find_chain(const struct firewall *firewall, const char *family, const char *table, const char *name);

/* Adds ports to a rule; false where it has no room for them. */
bool firewall_add_ports(struct firewall_rule *rule, unsigned long first, unsigned long last);

/* --- judging --- */

/* Of rules that were read. */
void firewall_judge_rules(struct findings *findings, struct firewall *firewall);

/* Runs the tools, if there are any and the caller is root, and judges what they print. */
void firewall_judge(struct findings *findings);

void firewall_free(struct firewall *firewall);

#endif
