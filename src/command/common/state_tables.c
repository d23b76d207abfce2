/* Finds the tables of aliases on this host; called by v6shim alias and decode. */
#include "command/common/state_tables.h"

#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/alias/aliases.h"
#include "preload/state/state_rooms.h"

static const char root_path[] = "/var/lib/v6shim";
static const char *const of_services[] = {"/var/lib/v6shim-*", "/var/lib/*/v6shim"};

static void add(struct state_tables *tables, const char *path, uid_t owner)
{
    for (unsigned index = 0; index < tables->count; index++)
        if (strcmp(tables->list[index].place.path, path) == 0)
            return;
    if (tables->count == STATE_TABLES_MAX || strlen(path) >= sizeof tables->list[0].place.path)
        return;
    struct state *state = &tables->list[tables->count++];
    *state = *state_current();
    state->place = (struct state_place){.owner = owner == geteuid() ? STATE_OWNER_SELF : owner, .read_only = true};
    strcpy(state->place.path, path);
    state_key_forget(&state->key);
}

/* Whose room a path is; false for another name. */
static bool read_room(const char *path, uid_t *user)
{
    const char *name = strrchr(path, '/') + 1;
    *user = (uid_t)strtoul(name, NULL, 10);
    return name[0] != '\0' && strspn(name, "0123456789") == strlen(name);
}

/* `user` is STATE_OWNER_SELF for the rooms of all. */
static void add_rooms(struct state_tables *tables, const char *root, uid_t user)
{
    char pattern[STATE_PATH_SIZE + STATE_ROOM_LABEL_SIZE];
    glob_t found = {.gl_pathc = 0};
    uid_t owner;
    if (user != STATE_OWNER_SELF) {
        snprintf(pattern, sizeof pattern, "%s/" STATE_ROOMS_NAME "/%u", root, (unsigned)user);
        if (access(pattern, F_OK) == 0)
            add(tables, pattern, user);
        return;
    }
    snprintf(pattern, sizeof pattern, "%s/" STATE_ROOMS_NAME "/*", root);
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t index = 0; index < found.gl_pathc; index++)
            if (read_room(found.gl_pathv[index], &owner))
                add(tables, found.gl_pathv[index], owner);
    globfree(&found);
}

/* Each belongs to whom its files have to belong to, too. */
static void add_services(struct state_tables *tables)
{
    for (size_t kind = 0; kind < sizeof of_services / sizeof of_services[0]; kind++) {
        glob_t found = {.gl_pathc = 0};
        struct stat status;
        if (glob(of_services[kind], 0, NULL, &found) == 0)
            for (size_t index = 0; index < found.gl_pathc; index++)
                if (stat(found.gl_pathv[index], &status) == 0 && S_ISDIR(status.st_mode))
                    add(tables, found.gl_pathv[index], status.st_uid);
        globfree(&found);
    }
}

void state_tables_find(struct state_tables *tables, const struct state_user *user)
{
    const struct state_place *own = &state_current()->place;
    uid_t owner = own->owner == STATE_OWNER_SELF ? geteuid() : own->owner;
    const char *root = own->chosen ? own->path : root_path;
    tables->count = 1;
    tables->list[0] = *state_current();
    if (state_user_is_own(user) && owner == 0) {
        add_rooms(tables, root, STATE_OWNER_SELF);
        if (!own->chosen)
            add_services(tables);
    } else if (owner != 0) {
        add_rooms(tables, root, owner);
    }
}

enum state_answer state_table_read(struct state *table, struct in_addr alias, struct ip_address *address,
                                   struct state_fault *fault)
{
    struct alias_record record;
    const struct state *format = aliases_table_of(alias); /* the pool's, or that of a range of alias-map */
    uint32_t offset;
    if (format == NULL || !alias_pool_find(&format->pool, alias, &offset))
        return STATE_NOTHING;
    table->pool = format->pool;
    memcpy(table->aliases_name, format->aliases_name, sizeof table->aliases_name);
    enum state_answer answer = state_aliases_read(table, offset, false, &record, fault);
    *address = record.address;
    return answer;
}

void state_table_label(const struct state *table, char label[STATE_TABLE_LABEL_SIZE])
{
    const struct state_place *place = &table->place;
    uid_t owner = place->owner == STATE_OWNER_SELF ? geteuid() : place->owner;
    const struct passwd *entry = getpwuid(owner);
    if (entry != NULL)
        snprintf(label, STATE_TABLE_LABEL_SIZE, "%s (of %.32s)", place->path, entry->pw_name);
    else
        snprintf(label, STATE_TABLE_LABEL_SIZE, "%s (of user %u)", place->path, (unsigned)owner);
}
