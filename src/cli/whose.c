#include "cli/whose.h"

#include <pwd.h>
#include <unistd.h>

#include "cli/command.h"
#include "runtime/aliases.h"
#include "runtime/settings.h"

int whose_state(const char *command, const char *user, struct state *state)
{
    settings_load();
    const struct settings *settings = settings_current();
    state_set_up(state, settings->alias_pool.address, settings->alias_pool.length, settings->alias_key);
    if (user == NULL) {
        state_place_usual(&state->place, settings->state_dir);
        aliases_start(settings->alias_pool.address, settings->alias_pool.length, settings->alias_key,
                      settings->state_dir);
        aliases_start_map(&settings->alias_map);
        return EXIT_STATUS_OK;
    }
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL) {
        complain(command, "--user %s: there is no such user", user);
        return EXIT_STATUS_USAGE;
    }
    if (geteuid() != 0 && geteuid() != entry->pw_uid) {
        complain(command, "--user %s: only root can read what is another user's", user);
        return EXIT_STATUS_FAILED;
    }
    state_place_of_user(&state->place, settings->state_dir, entry->pw_uid, entry->pw_dir);
    return EXIT_STATUS_OK;
}
