/* v6shim alias: which IPv4 alias stands for which IPv6 address. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/alias_print.h"
#include "command/common/command.h"
#include "command/common/log_stderr.h"
#include "command/common/options.h"
#include "command/common/state_tables.h"
#include "core/address/literal.h"
#include "core/base/error_text.h"
#include "preload/alias/aliases.h"
#include "preload/state/state_aliases.h"

#define NAME        "alias"
#define REASON_SIZE 1200 /* a state_fault_describe() with a long path */

struct session {
    bool own; /* the table is the user's own, not only read */
    bool add; /* an address without an alias gets one */
    struct alias_print print;
    int status;
    struct state_tables tables;
};

static void print_help(void)
{
    puts("usage: v6shim alias [OPTION]... ADDRESS|NAME...\n"
         "       v6shim alias --list [OPTION]...\n"
         "       v6shim alias --forget [OPTION]... ALIAS|ADDRESS...\n"
         "\n"
         "Says which IPv6 address an alias stands for, and which alias an IPv6 address, or\n"
         "each IPv6 address of a name, has. Nothing is changed by that. What an alias means\n"
         "in the tables of daemons, root is told where its own has nothing.\n"
         "\n"
         "  -a, --add              give an alias to an address that has none\n"
         "  -l, --list             print all aliases that were given\n"
         "      --forget           give these aliases up: another address may get them, so\n"
         "                         stop programs that may still use them before\n"
         "  -u, --user NAME        those of another user, whose table is only read\n"
         "      --pid PID          those of a process's user, with the settings of the process\n"
         "      --state-dir=DIRECTORY and the other settings, as for v6shim run\n"
         "      --json             print JSON\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 all found, 1 something not found, 2 a bad option.");
}

/* --- one question --- */

static void fail(struct session *session, const char *asked, const char *reason)
{
    session->status = EXIT_STATUS_FAILED;
    complain(NAME, "%s: %s", asked, reason);
    alias_print_failure(&session->print, asked, reason);
}

static void fail_state(struct session *session, const char *asked, struct state *table,
                       const struct state_fault *fault)
{
    char reason[REASON_SIZE];
    struct text text = text_on(reason, sizeof reason);
    state_fault_describe(fault, &table->place, state_file_name(table, STATE_ALIASES), &text);
    fail(session, asked, reason);
}

/* Whose alias it is, copied ones too. */
static enum state_answer find_owner(struct in_addr alias, struct ip_address *address, struct state_fault *fault)
{
    struct state *table = aliases_table_of(alias);
    struct alias_record record;
    if (table == NULL)
        return aliases_find_address(alias, address) ? STATE_FOUND : STATE_NOTHING;
    uint32_t offset;
    if (!alias_pool_find(&table->pool, alias, &offset))
        return STATE_NOTHING;
    enum state_answer answer = state_aliases_read(table, offset, false, &record, fault);
    *address = record.address;
    return answer;
}

static const char of_a_process[] =
    "an alias that couldn't be stored: it meant something only in the process that gave it";

/* What other tables of this host say of it: within each of them an alias means one address. */
static bool answer_by_others(struct session *session, struct in_addr alias)
{
    bool answered = false;
    char label[STATE_TABLE_LABEL_SIZE];
    for (unsigned index = 1; index < session->tables.count; index++) {
        struct ip_address address;
        struct state_fault fault = {0};
        struct state *table = &session->tables.list[index];
        if (state_table_read(table, alias, &address, &fault) != STATE_FOUND)
            continue;
        state_table_label(table, label);
        alias_print_answer_of(&session->print, alias, &address, label);
        answered = true;
    }
    return answered;
}

static void answer_of_map(struct session *session, const char *asked, struct in_addr alias)
{
    struct ip_address address;
    struct state_fault fault = {0};
    enum state_answer answer = find_owner(alias, &address, &fault);
    if (answer == STATE_FOUND)
        alias_print_answer(&session->print, asked, alias, &address);
    else if (answer == STATE_FAILED)
        fail_state(session, asked, aliases_table_of(alias), &fault);
    else if (aliases_is_transient(alias))
        fail(session, asked, of_a_process);
    else if (!answer_by_others(session, alias))
        fail(session, asked, "no IPv6 address has this alias of a range of alias-map");
}

static void answer_alias(struct session *session, const char *asked, struct in_addr alias)
{
    const struct alias_pool *pool = &state_current()->pool;
    if (aliases_is_mapped(alias)) {
        answer_of_map(session, asked, alias);
        return;
    }
    uint32_t offset;
    if (!alias_pool_find(pool, alias, &offset)) {
        char reason[REASON_SIZE];
        snprintf(reason, sizeof reason, "not an alias: those are in %s/%d", inet_ntoa(alias_pool_address(pool, 0)),
                 33 - ffs((int)pool->count));
        fail(session, asked, reason);
        return;
    }
    struct alias_record record;
    struct state_fault fault = {0};
    enum state_answer answer = STATE_NOTHING;
    if (offset == ALIAS_NOBODY) {
        fail(session, asked, "the first address of the pool means nobody");
        return;
    }
    if (!alias_pool_is_stored(pool, offset)) {
        fail(session, asked, of_a_process);
        return;
    }
    answer = state_aliases_read(state_current(), offset, false, &record, &fault);
    if (answer == STATE_FOUND)
        alias_print_answer(&session->print, asked, alias, &record.address);
    else if (answer == STATE_FAILED)
        fail_state(session, asked, state_current(), &fault);
    else if (!answer_by_others(session, alias))
        fail(session, asked, "no IPv6 address has this alias");
}

/* An address that was found to have none: because it has none, or since nobody can say. */
static void fail_address(struct session *session, const char *asked, const struct ip_address *address,
                         const struct state_fault *fault)
{
    if (fault->reason == STATE_NONE || fault->reason == STATE_ABSENT)
        fail(session, asked, "this address has no alias");
    else
        fail_state(session, asked, aliases_table_for(address), fault);
}

/* An address of a network of alias-map. */
static void answer_mapped(struct session *session, const char *asked, const struct ip_address *address)
{
    struct in_addr alias;
    struct state_fault fault;
    bool known = aliases_peek(address, &alias, &fault);
    if (!known && session->add) {
        alias = aliases_of(address, ALIAS_NAME);
        known = true;
    }
    if (known)
        alias_print_answer(&session->print, asked, alias, address);
    else
        fail_address(session, asked, address, &fault);
}

static void answer_address(struct session *session, const char *asked, const struct ip_address *address)
{
    struct alias_search search = {.address = *address, .kind = ALIAS_NAME};
    struct state_fault fault = {0};
    uint32_t offset;
    if (address->family == AF_INET || address_is_mapped(address)) {
        fail(session, asked, "an IPv4 address: programs see it as it is");
        return;
    }
    if (address_is_loopback(address)) {
        fail(session, asked, "the loopback address: programs see it as 127.0.0.1");
        return;
    }
    if (aliases_maps(address)) {
        answer_mapped(session, asked, address);
        return;
    }
    enum state_answer answer =
        (session->add ? state_aliases_allot : state_aliases_find)(state_current(), &search, &offset, &fault);
    if (answer == STATE_FOUND)
        alias_print_answer(&session->print, asked, alias_pool_address(&state_current()->pool, offset), address);
    else if (answer == STATE_FAILED && fault.reason != STATE_ABSENT)
        fail_state(session, asked, state_current(), &fault);
    else
        fail(session, asked,
             session->add
                 ? "the table has no room for this address (--forget makes room, a larger alias-pool has more)"
             : session->own ? "this address has no alias (--add gives it one)"
                            : "this address has no alias");
}

static bool has_ipv4(const char *name)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return false;
    freeaddrinfo(list);
    return true;
}

static const char *reason_of_lookup(const char *asked, int error)
{
    if (error == EAI_SYSTEM)
        return error_words(errno);
    return error != EAI_AGAIN && has_ipv4(asked) ? "has no IPv6 address, so nothing stands for it"
                                                 : gai_strerror(error);
}

static void answer_name(struct session *session, const char *asked)
{
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM}, *list;
    int error = getaddrinfo(asked, NULL, &hints, &list);
    if (error != 0) {
        fail(session, asked, reason_of_lookup(asked, error));
        return;
    }
    for (const struct addrinfo *entry = list; entry != NULL; entry = entry->ai_next) {
        struct ip_address address;
        if (address_from_sockaddr(entry->ai_addr, entry->ai_addrlen, &address, NULL))
            answer_address(session, asked, &address);
    }
    freeaddrinfo(list);
}

static void answer(struct session *session, const char *asked)
{
    struct in_addr alias;
    struct literal literal;
    if (literal_parse_ipv4(asked, &alias)) {
        answer_alias(session, asked, alias);
        return;
    }
    if (!literal_parse(asked, &literal)) {
        answer_name(session, asked);
        return;
    }
    if (literal.zone[0] != '\0') {
        literal.address.scope = if_nametoindex(literal.zone);
        if (literal.address.scope == 0) {
            fail(session, asked, "there is no such interface");
            return;
        }
    }
    answer_address(session, asked, &literal.address);
}

/* --- giving aliases up --- */

/* The alias in question: it, or that of an address. False after a complaint. */
static bool find_alias(struct session *session, const char *asked, struct in_addr *alias)
{
    struct literal literal;
    struct state_fault fault;
    if (literal_parse_ipv4(asked, alias))
        return true;
    if (!literal_parse(asked, &literal) || literal.address.family != AF_INET6) {
        fail(session, asked, "neither an alias nor an IPv6 address");
        return false;
    }
    literal.address.scope = literal.zone[0] != '\0' ? if_nametoindex(literal.zone) : 0;
    if (aliases_peek(&literal.address, alias, &fault))
        return true;
    fail_address(session, asked, &literal.address, &fault);
    return false;
}

static void forget(struct session *session, const char *asked)
{
    struct in_addr alias;
    struct ip_address address;
    struct state_fault fault = {0};
    if (!find_alias(session, asked, &alias))
        return;
    enum state_answer answer = find_owner(alias, &address, &fault);
    bool known = answer == STATE_FOUND;
    if (answer != STATE_FAILED)
        answer = aliases_forget(alias, &fault);
    if (answer == STATE_FAILED)
        fail_state(session, asked, aliases_table_of(alias), &fault);
    else if (answer == STATE_NOTHING && aliases_contains(alias) && aliases_is_transient(alias))
        fail(session, asked, of_a_process);
    else if (answer == STATE_NOTHING && known)
        fail(session, asked, "alias-map copies this address: there is nothing to forget");
    else if (answer == STATE_NOTHING)
        fail(session, asked, "no IPv6 address has this alias");
    else if (known)
        alias_print_answer(&session->print, asked, alias, &address);
}

/* --- the list --- */

struct listing {
    struct session *session;
    struct alias_pool pool;
};

static bool list_record(void *context, uint32_t offset, const struct alias_record *record)
{
    struct listing *listing = context;
    alias_print_record(&listing->session->print, alias_pool_address(&listing->pool, offset), record);
    return !ferror(stdout);
}

/* The table is good to be read, but programs may be kept from it by its key: what they say is said here, too. */
static void tell_private(void)
{
    struct state *state = state_current();
    struct state_format format = state_format(state, STATE_ALIASES);
    struct state_file file;
    struct state_fault fault = {0};
    if (state_file_open(&file, &state->place, &format, STATE_READ, &fault)) {
        state_file_close(&file);
        return;
    }
    if (fault.reason == STATE_ABSENT)
        return;
    char reason[REASON_SIZE];
    struct text text = text_on(reason, sizeof reason);
    state_fault_describe(&fault, &state->place, state_file_name(state, STATE_ALIASES), &text);
    complain(NAME, "aliases are private to each process: %s", reason);
}

/* No table yet is an empty one. */
static void list_all(struct session *session)
{
    struct listing listing = {.session = session};
    struct state_fault fault = {0};
    if (state_aliases_each(state_current(), &listing.pool, list_record, &listing, &fault) == STATE_FAILED) {
        fail_state(session, "--list", state_current(), &fault);
        return;
    }
    alias_print_head(&session->print);
    tell_private();
}

/* --- arguments --- */

struct arguments {
    bool add, list, forget, json;
    struct state_user user;
};

/* Returns -1 to go on, else the exit status. */
static int take_options(int argc, char **argv, struct arguments *arguments)
{
    const struct command_option options[] = {{"add", 'a', &arguments->add, NULL},
                                             {"list", 'l', &arguments->list, NULL},
                                             {"forget", 0, &arguments->forget, NULL},
                                             {"user", 'u', NULL, &arguments->user.name},
                                             {"pid", 0, NULL, &arguments->user.pid},
                                             {"json", 0, &arguments->json, NULL},
                                             {0}};
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    if (arguments->add + arguments->list + arguments->forget > 1) {
        complain(NAME, "of --add, --list and --forget only one is possible; see v6shim alias --help");
        return EXIT_STATUS_USAGE;
    }
    if (arguments->list == (optind < argc)) {
        complain(NAME, arguments->list ? "--list takes no address; see v6shim alias --help"
                                       : "which address or name? see v6shim alias --help");
        return EXIT_STATUS_USAGE;
    }
    if ((arguments->add || arguments->forget) && !state_user_is_own(&arguments->user)) {
        complain(NAME, "--%s changes a table, and that of --user or --pid is only read: run it as that user",
                 arguments->add ? "add" : "forget");
        return EXIT_STATUS_USAGE;
    }
    return -1;
}

int alias_command(int argc, char **argv)
{
    static struct session session;
    struct arguments arguments = {0};
    int status = take_options(argc, argv, &arguments);
    if (status != -1)
        return status;
    log_stderr_as(NAME);
    session.add = arguments.add;
    arguments.user.only_reads = !arguments.add && !arguments.forget;
    status = state_user_open(NAME, &arguments.user);
    if (status != EXIT_STATUS_OK)
        return status;
    session.own = state_user_is_own(&arguments.user) && !state_current()->place.read_only;
    state_tables_find(&session.tables, &arguments.user);
    alias_print_begin(&session.print, arguments.json);
    if (arguments.list)
        list_all(&session);
    for (int place = optind; place < argc; place++)
        (arguments.forget ? forget : answer)(&session, argv[place]);
    alias_print_end(&session.print);
    return session.status;
}
