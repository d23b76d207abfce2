/* Lists the sockets of a process; called by v6shim status and v6shim doctor. */
#include "command/doctor/list.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define ENDPOINT_SIZE (ADDRESS_TEXT_SIZE + 9) /* brackets, ':' and a port */
#define NO_ALIAS      "no alias"
#define STATE_WIDTH   10
#define ROW_SIZE      (4 * ENDPOINT_SIZE + 64)

/* One end as text: the kernel's, and the program's. */
struct end {
    char real[ENDPOINT_SIZE], shown[ENDPOINT_SIZE];
    bool has_alias, differs;
};

static struct end describe_end(const struct ip_address *address, uint16_t port)
{
    char text[ADDRESS_TEXT_SIZE];
    struct in_addr alias;
    struct end end = {.differs = address->family == AF_INET6};
    bool brackets = address->family == AF_INET6;
    snprintf(end.real, sizeof end.real, brackets ? "[%s]:%u" : "%s:%u", address_print(address, text), port);
    end.has_alias = shown_as(address, &alias);
    if (end.has_alias)
        snprintf(end.shown, sizeof end.shown, "%s:%u", inet_ntoa(alias), port);
    else
        snprintf(end.shown, sizeof end.shown, "%s:%u", NO_ALIAS, port);
    return end;
}

static bool has_peer(const struct socket_row *row)
{
    return row->peer_port != 0 || !address_is_unspecified(&row->peer);
}

/* "tcp  listening   [::]:80  seen as 0.0.0.0:80" */
static void write_row(const struct socket_row *row, char *text, size_t size)
{
    struct end local = describe_end(&row->local, row->local_port);
    struct end peer = describe_end(&row->peer, row->peer_port);
    struct text line = text_on(text, size);
    bool connected = has_peer(row);
    snprintf(text, size, "%s  %-*s  ", row->is_udp ? "udp" : "tcp", STATE_WIDTH, socket_row_state(row));
    line.length = strlen(text);
    text_add(&line, local.real);
    text_add(&line, connected ? " - " : "");
    text_add(&line, connected ? peer.real : "");
    if (!local.differs)
        return;
    text_add(&line, "  seen as ");
    text_add(&line, local.shown);
    text_add(&line, connected ? " - " : "");
    text_add(&line, connected ? peer.shown : "");
}

static void add_text(json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, text != NULL ? json_object_new_string(text) : NULL);
}

static json_object *describe_row(int fd, const struct socket_row *row)
{
    struct end local = describe_end(&row->local, row->local_port);
    struct end peer = describe_end(&row->peer, row->peer_port);
    bool connected = has_peer(row);
    json_object *object = json_object_new_object();
    json_object_object_add(object, "fd", json_object_new_int(fd));
    add_text(object, "protocol", row->is_udp ? "udp" : "tcp");
    add_text(object, "state", socket_row_state(row));
    add_text(object, "local", local.real);
    add_text(object, "peer", connected ? peer.real : NULL);
    add_text(object, "seen_local", local.has_alias ? local.shown : NULL);
    add_text(object, "seen_peer", connected && peer.has_alias ? peer.shown : NULL);
    return object;
}

bool list_visit(const struct process *process, struct socket_table *table, list_visitor *visitor, void *context)
{
    size_t count;
    bool unreadable;
    char text[ROW_SIZE];
    struct process_socket *sockets = process_sockets(process->pid, &count, &unreadable);
    if (count > 0)
        socket_table_load(table, process->pid);
    for (size_t index = 0; index < count; index++) {
        const struct socket_row *row = socket_table_find(table, sockets[index].inode);
        if (row == NULL)
            continue;
        int length = snprintf(text, sizeof text, "%11d  ", sockets[index].fd);
        write_row(row, text + length, sizeof text - (size_t)length);
        visitor(context, row, text);
    }
    free(sockets);
    return !unreadable;
}

static void print_row(void *context, const struct socket_row *row, const char *text)
{
    (void)context;
    (void)row;
    puts(text);
}

void list_print(const struct process *process, struct socket_table *table)
{
    if (!list_visit(process, table, print_row, NULL))
        printf("%11s  its sockets can't be read: run this as root\n", "");
}

json_object *list_describe(const struct process *process, struct socket_table *table)
{
    size_t count;
    bool unreadable;
    struct process_socket *sockets = process_sockets(process->pid, &count, &unreadable);
    if (unreadable)
        return NULL;
    json_object *list = json_object_new_array();
    if (count > 0)
        socket_table_load(table, process->pid);
    for (size_t index = 0; index < count; index++) {
        const struct socket_row *row = socket_table_find(table, sockets[index].inode);
        if (row != NULL)
            json_object_array_add(list, describe_row(sockets[index].fd, row));
    }
    free(sockets);
    return list;
}
