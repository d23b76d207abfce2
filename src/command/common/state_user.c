/* Opens the state of the user, or of another one; called by v6shim alias, decode and history. */
#include "command/common/state_user.h"

#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/config_target.h"
#include "preload/alias/aliases.h"
#include "preload/state/state_rooms.h"
#include "preload/system/settings.h"

/* A name, or a number: users of a container have no name here. */
static bool find_user(const char *user, uid_t *number, const char **home)
{
    const struct passwd *entry = getpwnam(user);
    char *end;
    errno = 0;
    unsigned long value = strtoul(user, &end, 10);
    bool is_number =
        entry == NULL && user[0] >= '0' && user[0] <= '9' && *end == '\0' && errno == 0 && value < UINT32_MAX;
    if (is_number)
        entry = getpwuid((uid_t)value);
    *number = entry != NULL ? entry->pw_uid : (uid_t)value;
    *home = entry != NULL ? entry->pw_dir : "";
    return entry != NULL || is_number;
}

static int place_of(const char *command, const char *user, struct state_place *place)
{
    uid_t number;
    const char *home;
    if (!find_user(user, &number, &home)) {
        complain(command, "--user %s: there is no such user", user);
        return EXIT_STATUS_USAGE;
    }
    if (geteuid() != 0 && geteuid() != number) {
        complain(command, "--user %s: only root can read what is another user's", user);
        return EXIT_STATUS_FAILED;
    }
    state_place_of_user(place, settings_current()->state_dir, number, home);
    return EXIT_STATUS_OK;
}

/*
 * For root, the directory that the settings name, where it belongs to another user: read as that user's. It is no
 * more trusted for that: it is opened with the checks of --user, which want that owner for it and for each file in
 * it, and follow no link but root's.
 */
static void take_owner(const char *command, struct state_place *place)
{
    struct stat status;
    char name[64];
    const char *directory = settings_current()->state_dir;
    if (geteuid() != 0 || directory[0] != '/' || stat(directory, &status) != 0 || !S_ISDIR(status.st_mode) ||
        status.st_uid == 0)
        return;
    const struct passwd *entry = getpwuid(status.st_uid);
    if (entry != NULL)
        snprintf(name, sizeof name, "%s", entry->pw_name);
    else
        snprintf(name, sizeof name, "%u", (unsigned)status.st_uid);
    complain(command, "%s belongs to user %s: read as with --user %s", directory, name, name);
    state_place_of_user(place, directory, status.st_uid, "");
}

/* --- of a process --- */

/* What systemd had made for it; "" for nothing. The state is in a directory of ours within (state_place.c). */
static void find_service_directory(const struct config_target *target, char path[PATH_MAX])
{
    static const char variable[] = "STATE_DIRECTORY=/";
    path[0] = '\0';
    for (char *const *entry = target->process.environment; entry != NULL && *entry != NULL; entry++) {
        const char *value = *entry + sizeof variable - 2;
        if (strncmp(*entry, variable, sizeof variable - 1) == 0 &&
            snprintf(path, PATH_MAX, "%.*s/v6shim", (int)strcspn(value, ":"), value) >= PATH_MAX)
            path[0] = '\0';
    }
}

/* Of a daemon of root's that has become another user. */
static void take_room(struct state_place *place, uid_t owner)
{
    char label_data[STATE_ROOM_LABEL_SIZE];
    struct text label = text_on(label_data, sizeof label_data);
    size_t length = strlen(place->path);
    state_room_label(owner, &label);
    if (length + 1 + label.length >= sizeof place->path)
        return;
    place->path[length] = '/';
    strcpy(place->path + length + 1, label.data);
    place->owner = owner == geteuid() ? STATE_OWNER_SELF : owner;
    place->read_only = true;
    place->chosen = false;
}

static int open_process(const char *command, const char *pid)
{
    static struct config_target target;
    char service[PATH_MAX];
    int status = config_target_process(command, &target, pid);
    if (status != EXIT_STATUS_OK)
        return status;
    config_target_settings(&target, &settings_of_process);
    uid_t user = target.process.user;
    const struct settings *settings = settings_current();
    const struct passwd *entry = getpwuid(user);
    find_service_directory(&target, service);
    const char *directory =
        settings->state_dir[0] != '\0' || user == 0 || service[0] == '\0' ? settings->state_dir : service;
    aliases_start(settings->alias_pool.address, settings->alias_pool.length, settings->alias_key, directory);
    if (user != geteuid())
        state_place_of_user(&state_current()->place, directory, user, entry != NULL ? entry->pw_dir : "");
    if (user == 0 && target.owner != user)
        take_room(&state_current()->place, target.owner);
    aliases_start_map(&settings->alias_map);
    return EXIT_STATUS_OK;
}

int state_user_open(const char *command, const struct state_user *user)
{
    static const struct state_user own = {NULL, NULL, false};
    user = user != NULL ? user : &own;
    if (user->name != NULL && user->pid != NULL) {
        complain(command, "of --user and --pid only one is possible");
        return EXIT_STATUS_USAGE;
    }
    if (user->pid != NULL)
        return open_process(command, user->pid);
    settings_load();
    const struct settings *settings = settings_current();
    aliases_start(settings->alias_pool.address, settings->alias_pool.length, settings->alias_key,
                  settings->state_dir);
    int status = user->name != NULL ? place_of(command, user->name, &state_current()->place) : EXIT_STATUS_OK;
    if (user->name == NULL && user->only_reads)
        take_owner(command, &state_current()->place);
    aliases_start_map(&settings->alias_map); /* its tables are in the same place */
    return status;
}
