/* Reads the rules as nft(8) prints them in JSON (libnftables-json(5)); called by v6shim doctor. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "command/doctor/firewall.h"

/* The text of a key; "" where there is none. */
static const char *text_of(json_object *object, const char *key)
{
    json_object *value;
    return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, key, &value) &&
                   json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : "";
}

static json_object *member(json_object *object, const char *key)
{
    json_object *value = NULL;
    if (json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, key, &value);
    return value;
}

static void copy_name(char name[FIREWALL_NAME_SIZE], const char *text)
{
    snprintf(name, FIREWALL_NAME_SIZE, "%s", text);
}

static unsigned families_of(const char *family)
{
    return strcmp(family, "ip") == 0    ? FIREWALL_IPV4
           : strcmp(family, "ip6") == 0 ? FIREWALL_IPV6
                                        : FIREWALL_IPV4 | FIREWALL_IPV6; /* inet, and what is before both */
}

static void read_chain(struct firewall *firewall, json_object *object)
{
    const char *hook = text_of(object, "hook");
    bool is_filter = strcmp(text_of(object, "type"), "nat") != 0;
    struct firewall_chain *chain = firewall_add_chain(firewall);
    if (chain == NULL)
        return;
    snprintf(chain->family, sizeof chain->family, "%s", text_of(object, "family"));
    copy_name(chain->table, text_of(object, "table"));
    copy_name(chain->name, text_of(object, "name"));
    chain->families = families_of(chain->family);
    chain->is_base = hook[0] != '\0';
    chain->drops = strcmp(text_of(object, "policy"), "drop") == 0;
    if (is_filter)
        chain->hooks = strcmp(hook, "input") == 0                                        ? FIREWALL_INPUT
                       : strcmp(hook, "output") == 0                                     ? FIREWALL_OUTPUT
                       : strcmp(hook, "prerouting") == 0 || strcmp(hook, "ingress") == 0 ? FIREWALL_BEFORE_INPUT
                                                                                         : 0;
}

/* --- what a rule asks --- */

/* A number, {"range": [6000, 6010]} or {"set": [...]}; a named set is not looked into. */
static bool read_ports(struct firewall_rule *rule, json_object *right)
{
    json_object *range = member(right, "range"), *set = member(right, "set");
    if (json_object_is_type(right, json_type_int)) {
        int64_t port = json_object_get_int64(right);
        return port >= 0 && firewall_add_ports(rule, (unsigned long)port, (unsigned long)port);
    }
    if (json_object_is_type(range, json_type_array) && json_object_array_length(range) == 2) {
        int64_t first = json_object_get_int64(json_object_array_get_idx(range, 0));
        int64_t last = json_object_get_int64(json_object_array_get_idx(range, 1));
        return first >= 0 && last >= 0 && firewall_add_ports(rule, (unsigned long)first, (unsigned long)last);
    }
    bool read = json_object_is_type(set, json_type_array) && json_object_array_length(set) > 0;
    for (size_t index = 0; read && index < json_object_array_length(set); index++) {
        json_object *element = json_object_array_get_idx(set, index);
        read = member(element, "set") == NULL && read_ports(rule, element);
    }
    return read;
}

/* "192.0.2.1", or {"prefix": {"addr": "192.0.2.0", "len": 24}}. */
static void read_destination(struct firewall_rule *rule, json_object *right)
{
    json_object *prefix = member(right, "prefix");
    if (json_object_is_type(right, json_type_string) && json_object_get_string(right)[0] != '@')
        copy_name(rule->destination, json_object_get_string(right));
    else if (prefix != NULL)
        snprintf(rule->destination, sizeof rule->destination, "%s/%d", text_of(prefix, "addr"),
                 json_object_get_int(member(prefix, "len")));
    else
        rule->is_conditional = true;
}

static void read_payload(struct firewall_rule *rule, json_object *payload, json_object *right, bool equal)
{
    const char *protocol = text_of(payload, "protocol"), *field = text_of(payload, "field");
    bool tcp = strcmp(protocol, "tcp") == 0, udp = strcmp(protocol, "udp") == 0;
    bool ip = strcmp(protocol, "ip") == 0;
    if (ip || strcmp(protocol, "ip6") == 0)
        rule->families &= ip ? (unsigned)FIREWALL_IPV4 : (unsigned)FIREWALL_IPV6;
    if (tcp || udp)
        rule->protocols = tcp ? FIREWALL_TCP : FIREWALL_UDP;
    if (strncmp(protocol, "icmp", 4) == 0)
        rule->is_narrow = true;
    else if (equal && (tcp || udp || strcmp(protocol, "th") == 0) && strcmp(field, "dport") == 0 &&
             rule->port_count == 0 && read_ports(rule, right))
        return;
    else if (equal && strcmp(field, "saddr") == 0)
        rule->is_narrow = true;
    else if (equal && ip && strcmp(field, "daddr") == 0)
        read_destination(rule, right);
    else if (equal && ip && strcmp(field, "protocol") == 0 && json_object_is_type(right, json_type_string))
        rule->is_narrow |=
            strcmp(json_object_get_string(right), "tcp") != 0 && strcmp(json_object_get_string(right), "udp") != 0;
    else {
        rule->port_count = 0;
        rule->is_conditional = true;
    }
}

static void read_meta(struct firewall_rule *rule, const char *key, json_object *right, bool equal)
{
    const char *value = json_object_is_type(right, json_type_string) ? json_object_get_string(right) : "";
    if (equal && strcmp(key, "nfproto") == 0 && strcmp(value, "ipv4") == 0)
        rule->families &= FIREWALL_IPV4;
    else if (equal && strcmp(key, "nfproto") == 0 && strcmp(value, "ipv6") == 0)
        rule->families &= FIREWALL_IPV6;
    else if (equal && strcmp(key, "l4proto") == 0 && strcmp(value, "tcp") == 0)
        rule->protocols = FIREWALL_TCP;
    else if (equal && strcmp(key, "l4proto") == 0 && strcmp(value, "udp") == 0)
        rule->protocols = FIREWALL_UDP;
    else if (equal && strcmp(key, "l4proto") == 0 && value[0] != '\0')
        rule->is_narrow = true;
    else
        rule->is_conditional = true;
}

/* Packets of a connection that is there already, or of none. */
static void read_state(struct firewall_rule *rule, json_object *right, bool equal)
{
    const char *states = json_object_to_json_string_ext(right, JSON_C_TO_STRING_PLAIN);
    rule->is_conditional = true;
    rule->is_narrow |= equal && strstr(states, "\"new\"") == NULL && strstr(states, "\"untracked\"") == NULL;
}

static void read_match(struct firewall_rule *rule, json_object *match)
{
    json_object *left = member(match, "left"), *right = member(match, "right");
    json_object *payload = member(left, "payload"), *meta = member(left, "meta"), *ct = member(left, "ct");
    const char *relation = text_of(match, "op");
    bool equal = strcmp(relation, "==") == 0 || strcmp(relation, "in") == 0;
    if (payload != NULL)
        read_payload(rule, payload, right, equal);
    else if (meta != NULL)
        read_meta(rule, text_of(meta, "key"), right, equal);
    else if (ct != NULL && strcmp(text_of(ct, "key"), "state") == 0)
        read_state(rule, right, equal);
    else
        rule->is_conditional = true;
}

/* --- what it does --- */

static void read_statement(struct firewall_rule *rule, const char *key, json_object *value)
{
    if (strcmp(key, "match") == 0)
        read_match(rule, value);
    else if (strcmp(key, "accept") == 0)
        rule->verdict = FIREWALL_ACCEPTS;
    else if (strcmp(key, "drop") == 0 || strcmp(key, "reject") == 0)
        rule->verdict = FIREWALL_DENIES;
    else if (strcmp(key, "return") == 0)
        rule->verdict = FIREWALL_RETURNS;
    else if (strcmp(key, "jump") == 0 || strcmp(key, "goto") == 0)
        copy_name(rule->target, text_of(value, "target"));
    else if (strcmp(key, "vmap") == 0 || strcmp(key, "queue") == 0) {
        rule->verdict = FIREWALL_DENIES; /* perhaps, and of some */
        rule->is_conditional = true;
    } else if (strcmp(key, "counter") != 0 && strcmp(key, "log") != 0 && strcmp(key, "mangle") != 0)
        rule->is_conditional = true;
}

static void read_rule(struct firewall *firewall, json_object *object)
{
    size_t chain =
        firewall_find_chain(firewall, text_of(object, "family"), text_of(object, "table"), text_of(object, "chain"));
    json_object *statements = member(object, "expr");
    struct firewall_rule *rule =
        chain != SIZE_MAX && json_object_is_type(statements, json_type_array) ? firewall_add_rule(firewall) : NULL;
    if (rule == NULL)
        return;
    rule->chain = chain;
    rule->families = firewall->chains[chain].families;
    for (size_t index = 0; index < json_object_array_length(statements); index++) {
        json_object *statement = json_object_array_get_idx(statements, index);
        if (!json_object_is_type(statement, json_type_object)) {
            rule->is_conditional = true;
            continue;
        }
        json_object_object_foreach(statement, key, value)
        {
            read_statement(rule, key, value);
        }
    }
}

/* The chains come before all rules in what nft prints, but they are asked for first all the same. */
bool firewall_read_nft(struct firewall *firewall, const char *json)
{
    json_object *whole = json_tokener_parse(json), *list = member(whole, "nftables");
    bool read = json_object_is_type(list, json_type_array);
    for (int round = 0; read && round < 2; round++)
        for (size_t index = 0; index < json_object_array_length(list); index++) {
            json_object *entry = json_object_array_get_idx(list, index);
            json_object *chain = member(entry, "chain"), *rule = member(entry, "rule");
            if (round == 0 && chain != NULL)
                read_chain(firewall, chain);
            else if (round == 1 && rule != NULL)
                read_rule(firewall, rule);
        }
    json_object_put(whole);
    return read;
}
