/* Finds the aliases of another process; called by v6shim status and v6shim doctor. */
#include "command/doctor/shown.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "command/common/config_target.h"
#include "preload/alias/aliases.h"
#include "preload/state/state_aliases.h"
#include "preload/system/settings.h"

#define NUMBER_SIZE 16

/* Of the process that shown_begin() had last. */
static struct state state;

/* False where it is gone, or not ours to look at. */
static bool read_settings(pid_t pid, struct settings *settings)
{
    static struct config_target target;
    char number[NUMBER_SIZE];
    snprintf(number, sizeof number, "%ld", (long)pid);
    if (config_target_process(NULL, &target, number) != 0)
        return false;
    config_target_settings(&target, settings);
    return true;
}

void shown_begin(const struct process *process)
{
    struct settings settings = {0};
    if (!read_settings(process->pid, &settings))
        settings = *settings_current();
    const struct passwd *entry = process->user != geteuid() ? getpwuid(process->user) : NULL;
    state = (struct state){0};
    if (process->user == geteuid())
        state_place_usual(&state.place, settings.state_dir);
    else
        state_place_of_user(&state.place, settings.state_dir, process->user, entry != NULL ? entry->pw_dir : "");
    state_set_up(&state, settings.alias_pool.address, settings.alias_pool.length, settings.alias_key);
}

bool shown_as(const struct ip_address *address, struct in_addr *shown)
{
    struct alias_search search = {.address = *address, .kind = ALIAS_PEER};
    struct state_fault fault;
    uint32_t offset;
    if (address->family == AF_INET || address_is_mapped(address)) {
        *shown = address_unmap(address).ipv4;
        return true;
    }
    if (address_is_unspecified(address) || address_is_loopback(address)) {
        shown->s_addr = htonl(address_is_loopback(address) ? INADDR_LOOPBACK : INADDR_ANY);
        return true;
    }
    if (aliases_maps(address))
        return aliases_peek(address, shown, &fault);
    if (state_aliases_find(&state, &search, &offset, &fault) != STATE_FOUND)
        return false;
    *shown = alias_pool_address(&state.pool, offset);
    return true;
}
