/* Reads the kernel's lists of sockets; called by v6shim status and v6shim doctor. */
#include "command/doctor/socket_table.h"

#include "command/doctor/relayed_rows.h"

#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_FIRST  64u /* room for so many at first */
#define HEX         16
#define WORD_DIGITS 8
#define WORDS       4 /* of an IPv6 address, each in the byte order of the host */
#define PATH_SIZE   64

/* "0100007F:0050" or 32 digits and the port; what follows, or NULL. */
static const char *parse_endpoint(const char *text, bool is_ipv6, struct ip_address *address, uint16_t *port)
{
    uint32_t words[WORDS] = {0};
    size_t count = is_ipv6 ? WORDS : 1;
    for (size_t index = 0; index < count; index++) {
        char digits[WORD_DIGITS + 1];
        if (strspn(text, "0123456789ABCDEFabcdef") < WORD_DIGITS)
            return NULL;
        memcpy(digits, text, WORD_DIGITS);
        digits[WORD_DIGITS] = '\0';
        words[index] = (uint32_t)strtoul(digits, NULL, HEX);
        text += WORD_DIGITS;
    }
    if (*text != ':')
        return NULL;
    char *end;
    unsigned long number = strtoul(text + 1, &end, HEX);
    if (end == text + 1 || number > UINT16_MAX)
        return NULL;
    struct in6_addr ipv6;
    memcpy(&ipv6, words, sizeof ipv6);
    *address = is_ipv6 ? address_ipv6(&ipv6, 0) : address_ipv4((struct in_addr){.s_addr = words[0]});
    *port = (uint16_t)number;
    return end;
}

bool socket_row_parse(const char *line, bool is_ipv6, struct socket_row *row)
{
    unsigned state;
    const char *rest = strchr(line, ':');
    *row = (struct socket_row){0};
    if (rest == NULL)
        return false;
    rest += 1 + strspn(rest + 1, " ");
    rest = parse_endpoint(rest, is_ipv6, &row->local, &row->local_port);
    if (rest == NULL)
        return false;
    rest = parse_endpoint(rest + strspn(rest, " "), is_ipv6, &row->peer, &row->peer_port);
    if (rest == NULL || sscanf(rest, "%x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64, &state, &row->inode) != 2)
        return false;
    row->state = (int)state;
    return true;
}

static void add_row(struct socket_table *table, const struct socket_row *row)
{
    if (table->count == table->room) {
        size_t room = table->room == 0 ? ROWS_FIRST : 2 * table->room;
        struct socket_row *more = reallocarray(table->rows, room, sizeof *more);
        if (more == NULL)
            return;
        table->rows = more;
        table->room = room;
    }
    table->rows[table->count++] = *row;
}

static void read_list(struct socket_table *table, pid_t pid, const char *name)
{
    char path[PATH_SIZE], *line = NULL;
    size_t size = 0;
    bool is_ipv6 = strchr(name, '6') != NULL;
    snprintf(path, sizeof path, "/proc/%ld/net/%s", (long)pid, name);
    FILE *file = fopen(path, "re");
    while (file != NULL && getline(&line, &size, file) >= 0) {
        struct socket_row row;
        if (!socket_row_parse(line, is_ipv6, &row) || row.inode == 0) /* 0: nobody has it any more */
            continue;
        row.is_udp = name[0] == 'u';
        add_row(table, &row);
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

static int by_inode(const void *left, const void *right)
{
    const struct socket_row *one = left, *other = right;
    return (one->inode > other->inode) - (one->inode < other->inode);
}

void socket_table_load(struct socket_table *table, pid_t pid)
{
    static const char lists[][5] = {"tcp", "tcp6", "udp", "udp6"};
    char path[PATH_SIZE], network[SOCKET_TABLE_NAMESPACE_SIZE] = "";
    snprintf(path, sizeof path, "/proc/%ld/ns/net", (long)pid);
    ssize_t length = readlink(path, network, sizeof network - 1);
    if (length > 0 && strcmp(network, table->network) == 0)
        return;
    memcpy(table->network, network, sizeof network);
    table->count = 0;
    for (size_t index = 0; index < sizeof lists / sizeof lists[0]; index++)
        read_list(table, pid, lists[index]);
    relayed_rows_read(pid, add_row, table);
    if (table->count > 0)
        qsort(table->rows, table->count, sizeof table->rows[0], by_inode);
}

const struct socket_row *socket_table_find(const struct socket_table *table, uint64_t inode)
{
    struct socket_row key = {.inode = inode};
    return table->count == 0 ? NULL : bsearch(&key, table->rows, table->count, sizeof table->rows[0], by_inode);
}

const char *socket_row_state(const struct socket_row *row)
{
    return row->is_relayed                 ? "relayed"
           : row->state == TCP_ESTABLISHED ? "connected"
           : row->is_udp                   ? "open"
           : row->state == TCP_LISTEN      ? "listening"
           : row->state == TCP_SYN_SENT    ? "connecting"
           : row->state == TCP_SYN_RECV    ? "connecting"
           : row->state == TCP_CLOSE       ? "closed"
                                           : "closing";
}

void socket_table_free(struct socket_table *table)
{
    free(table->rows);
    *table = (struct socket_table){0};
}
