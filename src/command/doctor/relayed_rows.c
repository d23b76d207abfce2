/* Finds relayed connections among the local sockets that the kernel lists; called by socket_table.c. */
#include "command/doctor/relayed_rows.h"

#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/relay/relay_name.h"

#define PATH_SIZE  64
#define ENDS_FIRST 16u

struct ends {
    struct relayed_end *list;
    size_t count, room;
};

/* Its columns: number, references, protocol, flags, type, state, inode, and where it has one its name, with '@' in
   the place of NUL. */
bool relayed_end_parse(const char *line, struct relayed_end *end)
{
    char path[sizeof((struct sockaddr_un *)0)->sun_path + 1] = "";
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int start = 0;
    *end = (struct relayed_end){0};
    if (sscanf(line, "%*s %*s %*s %*s %*s %*s %" SCNu64 " %n", &end->inode, &start) != 1 || start == 0 ||
        line[start] != '@')
        return false;
    size_t length = strcspn(line + start, "\n");
    if (length >= sizeof path)
        return false;
    memcpy(path, line + start, length);
    memcpy(name.sun_path + 1, path + 1, length - 1);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    end->is_peer = relay_name_read(&name, size, RELAY_PEER, &end->address, &end->port);
    if (!end->is_peer && !relay_name_read(&name, size, RELAY_OWN, &end->address, &end->port))
        return false;
    end->unique = strtoull(strrchr(path, ' ') + 1, NULL, 16);
    return true;
}

static void add(struct ends *ends, const struct relayed_end *end)
{
    if (ends->count == ends->room) {
        size_t room = ends->room == 0 ? ENDS_FIRST : 2 * ends->room;
        struct relayed_end *more = reallocarray(ends->list, room, sizeof *more);
        if (more == NULL)
            return;
        ends->list = more;
        ends->room = room;
    }
    ends->list[ends->count++] = *end;
}

/* The only one with that number on that side. */
static const struct relayed_end *find(const struct ends *ends, uint64_t unique, bool is_peer)
{
    const struct relayed_end *found = NULL;
    for (size_t index = 0; index < ends->count; index++) {
        if (ends->list[index].unique != unique || ends->list[index].is_peer != is_peer)
            continue;
        if (found != NULL)
            return NULL;
        found = &ends->list[index];
    }
    return found;
}

void relayed_rows_read(pid_t pid, void (*take)(struct socket_table *, const struct socket_row *),
                       struct socket_table *table)
{
    char path[PATH_SIZE], *line = NULL;
    size_t size = 0;
    struct ends ends = {0};
    struct relayed_end end;
    snprintf(path, sizeof path, "/proc/%ld/net/unix", (long)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && getline(&line, &size, file) >= 0)
        if (relayed_end_parse(line, &end))
            add(&ends, &end);
    for (size_t index = 0; index < ends.count; index++) {
        const struct relayed_end *own = &ends.list[index], *peer = find(&ends, own->unique, true);
        if (own->is_peer || peer == NULL || find(&ends, own->unique, false) != own)
            continue;
        const struct socket_row row = {.inode = own->inode,
                                       .state = TCP_ESTABLISHED,
                                       .is_relayed = true,
                                       .local = own->address,
                                       .local_port = own->port,
                                       .peer = peer->address,
                                       .peer_port = peer->port};
        take(table, &row);
    }
    free(line);
    free(ends.list);
    if (file != NULL)
        fclose(file);
}
