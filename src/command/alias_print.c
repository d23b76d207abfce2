/* Prints aliases in columns or as JSON; called by v6shim alias (command/alias.c). */
#include "command/alias_print.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "command/common/command.h"
#include "command/common/date.h"
#include "preload/state/host.h"

static const char *kind_name(enum alias_kind kind)
{
    return kind == ALIAS_PEER ? "peer" : "name";
}

/* A link-local address with the index of an interface of an earlier boot. */
static bool is_stale(const struct alias_print *print, const struct alias_record *record)
{
    struct alias_moment now = {.boot = print->boot};
    return alias_record_is_stale(record, &now);
}

static void print_object(struct alias_print *print, json_object *object)
{
    printf("%s\n  %s", print->count++ == 0 ? "" : ",",
           json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

static json_object *make_object(struct in_addr alias, const struct ip_address *address)
{
    char text[ADDRESS_TEXT_SIZE];
    json_object *object = json_object_new_object();
    json_object_object_add(object, "alias", json_object_new_string(inet_ntoa(alias)));
    json_object_object_add(object, "address", json_object_new_string(address_print(address, text)));
    return object;
}

void alias_print_begin(struct alias_print *print, bool json)
{
    *print = (struct alias_print){.json = json, .boot = host_boot()};
    if (json)
        fputs("[", stdout);
}

void alias_print_head(struct alias_print *print)
{
    if (!print->json && !print->headed)
        printf("%-15s  %-4s  %-16s  %s\n", "ALIAS", "KIND", "LAST SEEN", "ADDRESS");
    print->headed = true;
}

void alias_print_end(struct alias_print *print)
{
    if (print->json)
        puts(print->count == 0 ? "]" : "\n]");
}

void alias_print_answer(struct alias_print *print, const char *asked, struct in_addr alias,
                        const struct ip_address *address)
{
    char text[ADDRESS_TEXT_SIZE];
    address_print(address, text);
    if (print->json) {
        json_object *object = make_object(alias, address);
        json_object_object_add(object, "asked", json_object_new_string(asked));
        print_object(print, object);
        return;
    }
    printf("%-15s  %s", inet_ntoa(alias), text);
    if (strcmp(asked, text) != 0 && strcmp(asked, inet_ntoa(alias)) != 0) {
        fputs("  ", stdout);
        print_harmless(stdout, asked);
    }
    putchar('\n');
}

void alias_print_answer_of(struct alias_print *print, struct in_addr alias, const struct ip_address *address,
                           const char *table)
{
    char text[ADDRESS_TEXT_SIZE];
    if (print->json) {
        json_object *object = make_object(alias, address);
        json_object_object_add(object, "asked", json_object_new_string(inet_ntoa(alias)));
        json_object_object_add(object, "table", json_object_new_string(table));
        print_object(print, object);
        return;
    }
    printf("%-15s  %s  in %s\n", inet_ntoa(alias), address_print(address, text), table);
}

void alias_print_failure(struct alias_print *print, const char *asked, const char *reason)
{
    if (!print->json)
        return;
    json_object *object = json_object_new_object();
    json_object_object_add(object, "asked", json_object_new_string(asked));
    json_object_object_add(object, "error", json_object_new_string(reason));
    print_object(print, object);
}

void alias_print_record(struct alias_print *print, struct in_addr alias, const struct alias_record *record)
{
    char seen[DATE_SIZE], text[ADDRESS_TEXT_SIZE];
    int64_t seen_s = (int64_t)record->seen.minute * HOST_MINUTE_S;
    if (print->json) {
        json_object *object = make_object(alias, &record->address);
        json_object_object_add(object, "kind", json_object_new_string(kind_name(record->kind)));
        json_object_object_add(object, "seen", json_object_new_string(date_print(seen_s, DATE_JSON_MINUTE, seen)));
        json_object_object_add(object, "stale", json_object_new_boolean(is_stale(print, record)));
        print_object(print, object);
        return;
    }
    alias_print_head(print);
    printf("%-15s  %s  %s  %s%s\n", inet_ntoa(alias), kind_name(record->kind), date_print(seen_s, DATE_MINUTE, seen),
           address_print(&record->address, text), is_stale(print, record) ? " (of an earlier boot)" : "");
}
