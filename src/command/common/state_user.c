/* Opens the state of the user, or of another one; called by v6shim alias, decode and history. */
#include "command/common/state_user.h"

#include <pwd.h>
#include <unistd.h>

#include "command/common/command.h"
#include "preload/alias/aliases.h"
#include "preload/system/settings.h"

static int place_of(const char *command, const char *user, struct state_place *place)
{
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL) {
        complain(command, "--user %s: there is no such user", user);
        return EXIT_STATUS_USAGE;
    }
    if (geteuid() != 0 && geteuid() != entry->pw_uid) {
        complain(command, "--user %s: only root can read what is another user's", user);
        return EXIT_STATUS_FAILED;
    }
    state_place_of_user(place, settings_current()->state_dir, entry->pw_uid, entry->pw_dir);
    return EXIT_STATUS_OK;
}

int state_user_open(const char *command, const char *user)
{
    settings_load();
    const struct settings *settings = settings_current();
    aliases_start(settings->alias_pool.address, settings->alias_pool.length, settings->alias_key,
                  settings->state_dir);
    int status = user != NULL ? place_of(command, user, &state_current()->place) : EXIT_STATUS_OK;
    aliases_start_map(&settings->alias_map); /* its tables are in the same place */
    return status;
}
