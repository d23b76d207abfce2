/* v6shim nat64: the NAT64 prefixes in force. */
#include "config.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/date.h"
#include "command/common/log_stderr.h"
#include "command/common/options.h"
#include "preload/nat64/record.h"
#include "preload/state/state.h"
#include "preload/system/settings.h"

#define NAME        "nat64"
#define PREFIX_SIZE (ADDRESS_TEXT_SIZE + 4)

static void print_help(void)
{
    puts("usage: v6shim nat64 [OPTION]...\n"
         "\n"
         "Prints the NAT64 prefixes by which IPv4 addresses without a route are reached,\n"
         "where they are from, and until when they count. The network's resolver is asked\n"
         "where nothing is known yet (setting nat64).\n"
         "\n"
         "      --refresh          ask the resolver even where an answer is known\n"
         "      --json             print JSON\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 a prefix, 1 none, 2 a bad option.");
}

enum origin { OFF, CONFIGURED, NO_NETWORK, KEPT, ASKED };

static const char *const origin_names[] = {"off", "configuration", "no network", "state file", "resolver"};

static enum origin find(struct nat64_discovery_record *record, bool refresh)
{
    const struct nat64_setting *setting = &settings_current()->nat64;
    struct ip_address network;
    *record = (struct nat64_discovery_record){.count = 0};
    if (setting->mode == NAT64_OFF)
        return OFF;
    if (setting->mode == NAT64_GIVEN) {
        record->count = setting->count;
        memcpy(record->prefixes, setting->prefixes, setting->count * sizeof setting->prefixes[0]);
        return CONFIGURED;
    }
    if (!nat64_discovery_network(&network))
        return NO_NETWORK;
    if (!refresh && nat64_discovery_load(&network, record))
        return KEPT;
    nat64_discovery_ask(record);
    record->network = network;
    nat64_discovery_store(record);
    return ASKED;
}

/* Where --refresh has nothing to refresh. */
static void say_not_asked(enum origin origin)
{
    if (origin == OFF)
        complain(NAME, "--refresh: no resolver was asked, since the setting nat64 is off; set it to auto");
    else if (origin == CONFIGURED)
        complain(NAME, "--refresh: no resolver was asked, since the setting nat64 names the prefix; set it to auto");
    else if (origin == NO_NETWORK)
        complain(NAME, "--refresh: no resolver was asked, since this host has no route to the IPv6 Internet");
}

static char *print_prefix(const struct nat64_prefix *prefix, char text[PREFIX_SIZE])
{
    char address[ADDRESS_TEXT_SIZE];
    snprintf(text, PREFIX_SIZE, "%s/%u", address_print(&prefix->address, address), prefix->length);
    return text;
}

static void print_json(const struct nat64_discovery_record *record, enum origin origin)
{
    char prefix[PREFIX_SIZE], until[DATE_SIZE];
    json_object *whole = json_object_new_object(), *prefixes = json_object_new_array();
    for (unsigned i = 0; i < record->count; i++)
        json_object_array_add(prefixes, json_object_new_string(print_prefix(&record->prefixes[i], prefix)));
    json_object_object_add(whole, "prefixes", prefixes);
    json_object_object_add(whole, "origin", json_object_new_string(origin_names[origin]));
    json_object_object_add(
        whole, "until",
        origin >= KEPT ? json_object_new_string(date_print(record->until_s, DATE_JSON_SECOND, until)) : NULL);
    puts(json_object_to_json_string_ext(whole, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(whole);
}

static void print_text(const struct nat64_discovery_record *record, enum origin origin)
{
    static const char *const reasons[] = {
        [OFF] = "nat64 is off",
        [CONFIGURED] = "from the configuration",
        [NO_NETWORK] = "none: this host has no route to the IPv6 Internet",
        [KEPT] = "from the network's resolver, as an earlier program asked it",
        [ASKED] = "from the network's resolver",
    };
    char prefix[PREFIX_SIZE], until[DATE_SIZE];
    date_print(record->until_s, DATE_SECOND, until);
    if (origin < KEPT && record->count == 0) {
        puts(reasons[origin]);
        return;
    }
    if (record->count == 0)
        printf("none: the network's resolver %s; counts until %s\n",
               origin == ASKED && record->unanswered ? "does not answer" : "knows no NAT64", until);
    for (unsigned i = 0; i < record->count; i++) {
        printf("%s  %s", print_prefix(&record->prefixes[i], prefix), reasons[origin]);
        if (origin >= KEPT)
            printf(", until %s", until);
        putchar('\n');
    }
}

int nat64_command(int argc, char **argv)
{
    bool json = false, refresh = false;
    struct nat64_discovery_record record;
    const struct command_option options[] = {{"refresh", 0, &refresh, NULL}, {"json", 0, &json, NULL}, {0}};
    int status = options_take(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    if (optind < argc) {
        complain(NAME, "takes no argument; see v6shim nat64 --help");
        return EXIT_STATUS_USAGE;
    }
    log_stderr_as(NAME);
    settings_load();
    const struct settings *settings = settings_current();
    state_set_up(state_current(), settings->alias_pool.address, settings->alias_pool.length, settings->alias_key);
    state_place_usual(&state_current()->place, settings->state_dir);
    enum origin origin = find(&record, refresh);
    if (refresh)
        say_not_asked(origin);
    if (json)
        print_json(&record, origin);
    else
        print_text(&record, origin);
    return record.count > 0 ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}
