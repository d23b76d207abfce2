/* v6shim history: the addresses that lost a race lately and are therefore tried after others. */
#include "config.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/date.h"
#include "command/common/log_stderr.h"
#include "command/common/options.h"
#include "command/common/state_user.h"
#include "core/base/slot.h"
#include "core/race/outcome.h"
#include "preload/base/clock.h"
#include "preload/state/state.h"

#define NAME         "history"
#define REASON_SIZE  1200 /* a state_fault_describe() with a long path */
#define NETWORK_SIZE (ADDRESS_TEXT_SIZE + 4)

#define SLOTS_AT_ONCE 64u
_Static_assert(STATE_HISTORY_SLOTS % SLOTS_AT_ONCE == 0, "the file is read in whole pages");

struct session {
    bool clear, json;
    struct state_user user;
    uint64_t now_s;
    unsigned count;
    struct entry {
        uint32_t slot;
        struct outcome outcome;
    } entries[STATE_HISTORY_SLOTS];
};

static void print_help(void)
{
    puts("usage: v6shim history [OPTION]...\n"
         "\n"
         "Prints the addresses that lost a race against another address of the same name,\n"
         "and on which network: until the time shown they are tried after the others.\n"
         "\n"
         "      --clear            forget them all, so that each is tried in its turn again\n"
         "  -u, --user NAME        those of another user, whose table is only read\n"
         "      --pid PID          those of a process's user, with the settings of the process\n"
         "      --state-dir=DIRECTORY and the other settings, as for v6shim run\n"
         "      --json             print JSON\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 done, 1 the table can't be read or written, 2 a bad option.");
}

static int fail(const struct state_fault *fault)
{
    char reason[REASON_SIZE];
    struct text text = text_on(reason, sizeof reason);
    state_fault_describe(fault, &state_current()->place, state_file_name(state_current(), STATE_HISTORY), &text);
    complain(NAME, "%s", reason);
    return EXIT_STATUS_FAILED;
}

/* --- reading --- */

static void take_slot(struct session *session, const struct state_file *file, uint32_t number, const uint8_t *slot)
{
    struct entry *entry = &session->entries[session->count];
    struct outcome *outcome = &entry->outcome;
    entry->slot = number;
    if (slot_check(slot, STATE_HISTORY_SLOT_SIZE, file->seal, number) == SLOT_GOOD &&
        outcome_decode(slot + SLOT_CHECKSUM_SIZE, outcome) && outcome->address.family != AF_UNSPEC &&
        outcome_counts(outcome, &outcome->address, &outcome->network, session->now_s))
        session->count++;
}

static int newest_first(const void *left, const void *right)
{
    const struct entry *one = left, *other = right;
    if (one->outcome.time_s != other->outcome.time_s)
        return one->outcome.time_s < other->outcome.time_s ? 1 : -1;
    return one->slot < other->slot ? -1 : one->slot > other->slot;
}

/* All that still counts. No table yet is an empty one. */
static int read_all(struct session *session)
{
    struct state_format format = state_format(state_current(), STATE_HISTORY);
    struct state_fault fault = {0};
    struct state_file file;
    uint8_t slots[SLOTS_AT_ONCE * STATE_HISTORY_SLOT_SIZE];
    bool read = true;
    session->now_s = (uint64_t)clock_calendar_s();
    if (!state_file_open(&file, &state_current()->place, &format, STATE_READ, &fault))
        return fault.reason == STATE_ABSENT ? EXIT_STATUS_OK : fail(&fault);
    for (uint32_t first = 0; read && first < STATE_HISTORY_SLOTS; first += SLOTS_AT_ONCE) {
        read = state_file_read(&file, first, SLOTS_AT_ONCE, slots, &fault);
        for (uint32_t i = 0; read && i < SLOTS_AT_ONCE; i++)
            take_slot(session, &file, first + i, slots + (size_t)i * STATE_HISTORY_SLOT_SIZE);
    }
    state_file_close(&file);
    qsort(session->entries, session->count, sizeof session->entries[0], newest_first);
    return read ? EXIT_STATUS_OK : fail(&fault);
}

/* --- forgetting --- */

/* As preload/connect/history.c writes of one that has won after all. */
static int clear_all(struct session *session)
{
    for (unsigned i = 0; i < session->count; i++) {
        uint8_t payload[OUTCOME_SIZE];
        struct outcome nothing = session->entries[i].outcome;
        nothing.address = (struct ip_address){.family = AF_UNSPEC};
        outcome_encode(&nothing, payload);
        if (!state_slot_write(state_current(), STATE_HISTORY, STATE_WRITE, session->entries[i].slot, payload))
            return EXIT_STATUS_FAILED; /* state_slot_write has said why */
    }
    return EXIT_STATUS_OK;
}

/* --- printing --- */

static const char *network_text(const struct ip_address *network, char text[NETWORK_SIZE])
{
    char address[ADDRESS_TEXT_SIZE];
    snprintf(text, NETWORK_SIZE, "%s/%u", address_print(network, address), outcome_network_length(network));
    return text;
}

static void print_json(const struct session *session)
{
    char text[NETWORK_SIZE > DATE_SIZE ? NETWORK_SIZE : DATE_SIZE];
    json_object *list = json_object_new_array();
    for (unsigned i = 0; i < session->count; i++) {
        const struct outcome *outcome = &session->entries[i].outcome;
        json_object *object = json_object_new_object();
        json_object_object_add(object, "address", json_object_new_string(address_print(&outcome->address, text)));
        json_object_object_add(object, "network", json_object_new_string(network_text(&outcome->network, text)));
        json_object_object_add(object, "winner", json_object_new_string(address_print(&outcome->winner, text)));
        json_object_object_add(object, "lost",
                               json_object_new_string(date_print((int64_t)outcome->time_s, DATE_JSON_SECOND, text)));
        json_object_object_add(object, "until",
                               json_object_new_string(date_print((int64_t)(outcome->time_s + outcome->lifetime_s),
                                                                 DATE_JSON_SECOND, text)));
        json_object_array_add(list, object);
    }
    puts(session->count == 0
             ? "[]"
             : json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(list);
}

static int widest(const struct session *session, const struct ip_address *(*of)(const struct outcome *), int least)
{
    char text[ADDRESS_TEXT_SIZE];
    for (unsigned i = 0; i < session->count; i++) {
        int width = (int)strlen(address_print(of(&session->entries[i].outcome), text));
        if (width > least)
            least = width;
    }
    return least;
}

static const struct ip_address *loser_of(const struct outcome *outcome)
{
    return &outcome->address;
}

static const struct ip_address *winner_of(const struct outcome *outcome)
{
    return &outcome->winner;
}

static void print_table(const struct session *session)
{
    char loser[ADDRESS_TEXT_SIZE], winner[ADDRESS_TEXT_SIZE], network[NETWORK_SIZE], lost[DATE_SIZE],
        until[DATE_SIZE];
    int loser_width = widest(session, loser_of, (int)strlen("ADDRESS"));
    int winner_width = widest(session, winner_of, (int)strlen("LOST TO"));
    printf("%-*s  %-*s  %-8s  %-8s  %s\n", loser_width, "ADDRESS", winner_width, "LOST TO", "LOST AT", "UNTIL",
           "ON NETWORK");
    for (unsigned i = 0; i < session->count; i++) {
        const struct outcome *outcome = &session->entries[i].outcome;
        printf("%-*s  %-*s  %s  %s  %s\n", loser_width, address_print(&outcome->address, loser), winner_width,
               address_print(&outcome->winner, winner), date_print((int64_t)outcome->time_s, DATE_OF_DAY, lost),
               date_print((int64_t)(outcome->time_s + outcome->lifetime_s), DATE_OF_DAY, until),
               network_text(&outcome->network, network));
    }
}

/* --- arguments --- */

/* Returns -1 to go on, else the exit status. */
static int take_options(int argc, char **argv, struct session *session)
{
    const struct command_option options[] = {{"clear", 0, &session->clear, NULL},
                                             {"user", 'u', NULL, &session->user.name},
                                             {"pid", 0, NULL, &session->user.pid},
                                             {"json", 0, &session->json, NULL},
                                             {0}};
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    if (optind < argc) {
        complain(NAME, "takes no argument, found %s; see v6shim history --help", argv[optind]);
        return EXIT_STATUS_USAGE;
    }
    if (session->clear && (!state_user_is_own(&session->user) || session->json)) {
        complain(NAME, session->json ? "--clear prints nothing that --json could shape"
                                     : "--clear is for one's own history: another user's is only read");
        return EXIT_STATUS_USAGE;
    }
    return -1;
}

int history_command(int argc, char **argv)
{
    static struct session session;
    int status = take_options(argc, argv, &session);
    if (status != -1)
        return status;
    log_stderr_as(NAME);
    session.user.only_reads = !session.clear;
    status = state_user_open(NAME, &session.user);
    if (status == EXIT_STATUS_OK)
        status = read_all(&session);
    if (status != EXIT_STATUS_OK)
        return status;
    if (session.clear)
        return clear_all(&session);
    if (session.json)
        print_json(&session);
    else
        print_table(&session);
    return EXIT_STATUS_OK;
}
