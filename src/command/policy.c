/* v6shim policy: the address policy in force, and what it makes of a name's addresses. */
#include "config.h"

#include <errno.h>
#include <json-c/json.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/log_stderr.h"
#include "command/common/options.h"
#include "core/base/error_text.h"
#include "preload/resolve/preference.h"
#include "preload/system/settings.h"

#define NAME         "policy"
#define PREFIX_SIZE  (ADDRESS_TEXT_SIZE + 4) /* '/' and three digits */
#define PREFIX_WIDTH 24
#define LINES_MAX    (2 * POLICY_ROWS_MAX)

static void print_help(void)
{
    puts("usage: v6shim policy [OPTION]...\n"
         "       v6shim policy [OPTION]... NAME...\n"
         "\n"
         "Prints the table by which addresses are put in order (setting policy, RFC 6724),\n"
         "highest precedence first; or the addresses of a name in that order, with the\n"
         "source address that a connection would have, and the rule that put each behind\n"
         "the one before.\n"
         "\n"
         "      --json             print JSON\n"
         "      --policy=POLICY and the other settings, as for v6shim run\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 done, 1 a name has no address, 2 a bad option.");
}

static const char *policy_name(void)
{
    static const char *const names[] = {"system", "rfc6724", "rfc6724-update", "ula-first", "ipv4-first"};
    const struct choice_or_file *setting = &settings_current()->policy;
    return setting->path[0] != '\0' ? setting->path : names[setting->choice];
}

static void print_json(json_object *object)
{
    puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                    JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

static void add_text(json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

/* As RFC 6724 and gai.conf have it: the C library would write ::ffff:0:0 with a dotted end. */
static void describe_prefix(const struct policy_line *line, char prefix[PREFIX_SIZE])
{
    char address[ADDRESS_TEXT_SIZE];
    bool all_of_ipv4 = address_is_mapped(&line->prefix) && address_unmap(&line->prefix).ipv4.s_addr == 0;
    snprintf(prefix, PREFIX_SIZE, "%s/%u", all_of_ipv4 ? "::ffff:0:0" : address_print(&line->prefix, address),
             line->length);
}

static void print_table(const struct policy_line *lines, size_t count, bool json)
{
    json_object *whole = json ? json_object_new_object() : NULL, *rows = json ? json_object_new_array() : NULL;
    if (json)
        add_text(whole, "policy", policy_name());
    else
        printf("%-*s  %s  %s\n", PREFIX_WIDTH, "PREFIX", "PRECEDENCE", "LABEL");
    for (size_t i = 0; i < count; i++) {
        char prefix[PREFIX_SIZE];
        describe_prefix(&lines[i], prefix);
        if (!json) {
            printf("%-*s  %10d  %5d\n", PREFIX_WIDTH, prefix, lines[i].precedence, lines[i].label);
            continue;
        }
        json_object *row = json_object_new_object();
        add_text(row, "prefix", prefix);
        json_object_object_add(row, "precedence", json_object_new_int(lines[i].precedence));
        json_object_object_add(row, "label", json_object_new_int(lines[i].label));
        json_object_array_add(rows, row);
    }
    if (!json)
        return;
    json_object_object_add(whole, "table", rows);
    print_json(whole);
}

static int show_table(bool json)
{
    static struct preference preference;
    struct policy_line lines[LINES_MAX];
    sources_list(&preference.sources);
    preference_policy(&preference.policy, &preference.sources);
    print_table(lines, policy_lines(&preference.policy, lines, LINES_MAX), json);
    return EXIT_STATUS_OK;
}

static bool find_addresses(const char *name, struct resolve_addresses *list)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(name, NULL, &hints, &found);
    if (error != 0) {
        complain(NAME, "%s: %s", name, error == EAI_SYSTEM ? error_words(errno) : gai_strerror(error));
        return false;
    }
    list->count = 0;
    for (const struct addrinfo *entry = found; entry != NULL; entry = entry->ai_next) {
        struct ip_address address;
        if (address_from_sockaddr(entry->ai_addr, entry->ai_addrlen, &address, NULL))
            resolve_add(list, &address);
    }
    freeaddrinfo(found);
    return true;
}

/* A candidate's addresses as text. */
struct place_text {
    char address[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];
};

static struct place_text describe_place(const struct selection_candidate *candidate)
{
    struct place_text text = {.source = "no route"};
    address_print(&candidate->destination, text.address);
    if (candidate->has_source)
        address_print(&candidate->source, text.source);
    return text;
}

/* As wide as their texts, so that a line fits the terminal where it can. */
static void print_places(const struct preference *preference, size_t count)
{
    int widths[2] = {(int)strlen("ADDRESS"), (int)strlen("SOURCE")};
    for (size_t i = 0; i < count; i++) {
        struct place_text text = describe_place(&preference->candidates[i]);
        int lengths[2] = {(int)strlen(text.address), (int)strlen(text.source)};
        for (int column = 0; column < 2; column++)
            widths[column] = lengths[column] > widths[column] ? lengths[column] : widths[column];
    }
    printf("%-*s  %-*s  %s\n", widths[0], "ADDRESS", widths[1], "SOURCE", "DECIDED BY");
    for (size_t i = 0; i < count; i++) {
        enum selection_rule rule = preference->places[i].rule;
        struct place_text text = describe_place(&preference->candidates[preference->places[i].index]);
        printf("%-*s  %-*s  ", widths[0], text.address, widths[1], text.source);
        if (rule == SELECTION_FIRST)
            puts(selection_rule_text(rule));
        else
            printf("rule %d: %s\n", (int)rule, selection_rule_text(rule));
    }
}

static json_object *places_as_json(const struct preference *preference, size_t count)
{
    json_object *rows = json_object_new_array();
    for (size_t i = 0; i < count; i++) {
        const struct selection_candidate *candidate = &preference->candidates[preference->places[i].index];
        enum selection_rule rule = preference->places[i].rule;
        struct place_text text = describe_place(candidate);
        json_object *row = json_object_new_object();
        add_text(row, "address", text.address);
        json_object_object_add(row, "source", candidate->has_source ? json_object_new_string(text.source) : NULL);
        json_object_object_add(row, "rule", json_object_new_int((int)rule));
        add_text(row, "reason", selection_rule_text(rule));
        json_object_array_add(rows, row);
    }
    return rows;
}

/* Each name's table has the name above it where there are several. */
static int show_names(char **names, bool json)
{
    static struct preference preference;
    json_object *whole = json ? json_object_new_object() : NULL;
    bool several = names[1] != NULL, first = true;
    int status = EXIT_STATUS_OK;
    for (; *names != NULL; names++) {
        struct resolve_addresses list;
        if (!find_addresses(*names, &list)) {
            status = EXIT_STATUS_FAILED;
            continue;
        }
        preference_sort(&list, &preference);
        if (json) {
            json_object_object_add(whole, *names, places_as_json(&preference, list.count));
            continue;
        }
        if (several) {
            printf("%s", first ? "" : "\n");
            print_harmless(stdout, *names);
            puts(":");
        }
        first = false;
        print_places(&preference, list.count);
    }
    if (json)
        print_json(whole);
    return status;
}

int policy_command(int argc, char **argv)
{
    bool json = false;
    const struct command_option options[] = {{"json", 0, &json, NULL}, {0}};
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    log_stderr_as(NAME);
    settings_load();
    return optind < argc ? show_names(argv + optind, json) : show_table(json);
}
