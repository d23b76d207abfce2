/* Finds the address of the setting listen-map; called by bind() and where a local address is shown. */
#include "preload/peers/listen_map.h"

#include "core/address/explicit_mapping.h"
#include "core/linker/start.h"
#include "preload/log/log.h"

/* Set up at start, never changed after. */
static struct explicit_mapping_table table; /* not touched where there is no setting */
static bool have_table START_DATA;

static void tell_bad_row(const struct prefix_mapping *entry, const char *fault)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "listen-map ");
    text_add_address(&line, &entry->from);
    text_add(&line, "/");
    text_add_unsigned(&line, entry->from_length);
    text_add(&line, " = ");
    text_add_address(&line, &entry->to);
    text_add(&line, "/");
    text_add_unsigned(&line, entry->to_length);
    text_add(&line, ": ");
    text_add(&line, fault);
    text_add(&line, "; ignored");
    log_line(LOG_LEVEL_ERROR, &line);
}

START_CODE void listen_map_start(const struct prefix_map *wanted)
{
    have_table = wanted->count > 0;
    if (!have_table)
        return;
    table.count = 0;
    for (unsigned index = 0; index < wanted->count; index++) {
        const struct prefix_mapping *entry = &wanted->entries[index];
        const char *fault =
            address_is_mapped(&entry->to)
                ? "an IPv4-mapped address is no IPv6 address"
                : explicit_mapping_add(&table, &entry->from, entry->from_length, &entry->to, entry->to_length);
        if (fault != NULL)
            tell_bad_row(entry, fault);
    }
}

bool listen_map_find(struct in_addr ipv4, struct ip_address *ipv6)
{
    return have_table && explicit_mapping_to_ipv6(&table, ipv4, ipv6);
}

bool listen_map_find_ipv4(const struct ip_address *ipv6, struct in_addr *ipv4)
{
    return have_table && ipv6->family == AF_INET6 && explicit_mapping_to_ipv4(&table, ipv6, ipv4);
}
