/* Lists the sockets of a process; called by v6shim status and v6shim doctor. */
#include "command/doctor/list.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define ENDPOINT_SIZE (ADDRESS_TEXT_SIZE + 9) /* brackets, ':' and a port */
#define NO_ALIAS      "no alias"
#define STATE_WIDTH   10

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

static void print_row(int fd, const struct socket_row *row)
{
    struct end local = describe_end(&row->local, row->local_port), peer;
    printf("%11d  %s  %-*s  %s", fd, row->is_udp ? "udp" : "tcp", STATE_WIDTH, socket_row_state(row), local.real);
    if (has_peer(row)) {
        peer = describe_end(&row->peer, row->peer_port);
        printf(" - %s", peer.real);
    }
    if (local.differs)
        printf("  seen as %s", local.shown);
    if (local.differs && has_peer(row))
        printf(" - %s", peer.shown);
    putchar('\n');
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

void list_print(const struct process *process, struct socket_table *table)
{
    size_t count;
    bool unreadable;
    struct process_socket *sockets = process_sockets(process->pid, &count, &unreadable);
    if (unreadable)
        printf("%11s  its sockets can't be read: run this as root\n", "");
    if (count > 0)
        socket_table_load(table, process->pid);
    for (size_t index = 0; index < count; index++) {
        const struct socket_row *row = socket_table_find(table, sockets[index].inode);
        if (row != NULL)
            print_row(sockets[index].fd, row);
    }
    free(sockets);
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
