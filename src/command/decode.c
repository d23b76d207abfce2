/* v6shim decode: a filter that puts IPv6 addresses in the place of aliases in any text. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/log_stderr.h"
#include "command/common/options.h"
#include "command/common/state_tables.h"
#include "core/base/error_text.h"
#include "preload/alias/aliases.h"
#include "preload/base/clock.h"

#define NAME "decode"

/* What stays as it is in all files, though it is in the range of aliases: those that no table ever has, those that
   none of ours has, and those of which two say different things. */
static unsigned long transient, unknown, disputed;

static struct state_tables tables;
static unsigned long decoded[STATE_TABLES_MAX]; /* by each table */
static char dispute[STATE_TABLE_LABEL_SIZE * 2 + ADDRESS_TEXT_SIZE * 3];

/* What was found a moment ago: a log has the same peer in line after line, and each table is a dozen system calls. */
#define RECENT    1024u
#define RECENT_MS 60000
static struct recent {
    struct in_addr alias;
    struct ip_address address;
    unsigned table;
    int64_t until_ms;
} recent[RECENT];

/* A run of digits and dots, and what stands before it. */
struct scanner {
    FILE *to;
    char number[INET_ADDRSTRLEN + 1]; /* an address and a dot; not NUL-terminated */
    size_t length;
    bool too_long; /* the run is no address; it has been passed on as far as it was seen */
    bool in_word;  /* what stands before the run belongs to it: v1.2.3.4 */
};

static void print_help(void)
{
    puts("usage: v6shim decode [OPTION]... [FILE]...\n"
         "\n"
         "Copies text, such as the log of an old daemon, and writes the IPv6 address in the\n"
         "place of each alias in it. Everything else stays as it is, byte for byte; so do\n"
         "aliases that can't be decoded, with a line on standard error. Without a file, or\n"
         "where it is -, standard input is read.\n"
         "\n"
         "Root's own aliases are looked up first, then those of daemons: which root has\n"
         "started and which became another user, and services that v6shim enable has made a\n"
         "state directory for. What two of them say differently stays as it is.\n"
         "\n"
         "  -u, --user NAME        by the aliases of another user, whose table is only read\n"
         "      --pid PID          by those of a process's user, with the settings of the process\n"
         "      --state-dir=DIRECTORY and the other settings, as for v6shim run\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0, or 1 where a file could not be read or an alias not be decoded, 2 a\n"
         "bad option.");
}

static bool is_word(int character)
{
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') || character == '_';
}

static void note_dispute(struct in_addr alias, unsigned table, const struct ip_address *address, unsigned other,
                         const struct ip_address *other_address)
{
    char here[STATE_TABLE_LABEL_SIZE], there[STATE_TABLE_LABEL_SIZE], text[ADDRESS_TEXT_SIZE],
        other_text[ADDRESS_TEXT_SIZE];
    if (disputed++ > 0)
        return;
    state_table_label(&tables.list[table], here);
    state_table_label(&tables.list[other], there);
    snprintf(dispute, sizeof dispute, "%s is %s in %s, and %s in %s", inet_ntoa(alias), address_print(address, text),
             here, address_print(other_address, other_text), there);
}

/* Asks each table; false where none has it, or two disagree. */
static bool ask_tables(struct in_addr alias, struct recent *answer)
{
    bool found = false;
    for (unsigned table = 0; table < tables.count; table++) {
        struct ip_address address;
        struct state_fault fault = {0};
        enum state_answer said = state_table_read(&tables.list[table], alias, &address, &fault);
        if (said == STATE_FAILED)
            state_tell(&tables.list[table], STATE_ALIASES, &fault);
        if (said != STATE_FOUND)
            continue;
        if (found && !address_equal(&address, &answer->address)) {
            note_dispute(alias, answer->table, &answer->address, table, &address);
            answer->until_ms = 0;
            return false;
        }
        if (!found)
            *answer = (struct recent){alias, address, table, clock_now_ms() + RECENT_MS};
        found = true;
    }
    unknown += !found;
    return found;
}

static bool find_address(struct in_addr alias, struct ip_address *address)
{
    struct recent *slot = &recent[ntohl(alias.s_addr) % RECENT];
    if (aliases_table_of(alias) == NULL)
        return aliases_find_address(alias, address);
    if (aliases_is_transient(alias)) {
        transient++;
        return false;
    }
    if ((slot->alias.s_addr != alias.s_addr || slot->until_ms <= clock_now_ms()) && !ask_tables(alias, slot))
        return false;
    *address = slot->address;
    decoded[slot->table]++;
    return true;
}

/* The end of a run. Dots at its end belong to the sentence; a letter behind it makes it part of a word. */
static void end_run(struct scanner *scanner, int next)
{
    char copy[INET_ADDRSTRLEN], text[ADDRESS_TEXT_SIZE];
    struct in_addr alias;
    struct ip_address ipv6;
    size_t dots = 0, length = scanner->length;
    while (length > 0 && scanner->number[length - 1] == '.') {
        length--;
        dots++;
    }
    bool fits = length < sizeof copy;
    memcpy(copy, scanner->number, fits ? length : 0);
    copy[fits ? length : 0] = '\0';
    bool whole = !scanner->in_word && !scanner->too_long && !is_word(next);
    bool ours = whole && inet_pton(AF_INET, copy, &alias) == 1 && aliases_contains(alias);
    if (ours && find_address(alias, &ipv6))
        fputs(address_print(&ipv6, text), scanner->to);
    else
        fwrite(scanner->number, 1, length, scanner->to);
    while (dots-- > 0)
        putc('.', scanner->to);
    scanner->length = 0;
    scanner->too_long = false;
}

static void take(struct scanner *scanner, int character)
{
    bool digit = character >= '0' && character <= '9', dot = character == '.';
    bool second_dot = dot && scanner->length > 0 && scanner->number[scanner->length - 1] == '.';
    if (digit || (dot && !second_dot && (scanner->length > 0 || scanner->too_long))) {
        if (scanner->length == sizeof scanner->number) {
            fwrite(scanner->number, 1, scanner->length, scanner->to);
            scanner->length = 0;
            scanner->too_long = true;
        }
        scanner->number[scanner->length++] = (char)character;
        return;
    }
    end_run(scanner, character);
    scanner->in_word = (is_word(character) && character != ':') || dot;
    putc(character, scanner->to);
}

static bool copy(FILE *from)
{
    struct scanner scanner = {.to = stdout};
    int character;
    while ((character = getc(from)) != EOF) {
        take(&scanner, character);
        if (character == '\n')
            scanner.in_word = false;
    }
    end_run(&scanner, ' ');
    return !ferror(from);
}

static int copy_file(const char *name)
{
    bool standard = strcmp(name, "-") == 0;
    FILE *file = standard ? stdin : fopen(name, "re");
    if (file == NULL || !copy(file)) {
        complain(NAME, "cannot read %s: %s", standard ? "standard input" : name, error_words(errno));
        if (file != NULL && !standard)
            fclose(file);
        return EXIT_STATUS_FAILED;
    }
    if (!standard)
        fclose(file);
    return EXIT_STATUS_OK;
}

/* An alias means one address only within one table: whose it was, where that is not the one that is expected. */
static void tell_tables(void)
{
    char label[STATE_TABLE_LABEL_SIZE];
    for (unsigned table = 1; table < tables.count; table++) {
        if (decoded[table] == 0)
            continue;
        state_table_label(&tables.list[table], label);
        complain(NAME, "decoded %lu by the aliases in %s", decoded[table], label);
    }
}

/* What stays as it is looks like an alias all the same: say why. */
static bool tell_left(void)
{
    if (disputed > 0)
        complain(NAME, "left %lu as %s: %s; --user or --state-dir says whose log it is", disputed,
                 disputed == 1 ? "it is" : "they are", dispute);
    if (unknown > 0)
        complain(NAME, "left %lu as %s: no IPv6 address has %s in %s (--user, --pid or --state-dir name another)",
                 unknown, unknown == 1 ? "it is" : "they are", unknown == 1 ? "that alias" : "those aliases",
                 tables.count > 1 ? "these tables" : "this table");
    if (transient > 0)
        complain(NAME,
                 "left %lu as %s: aliases that couldn't be stored meant something only in the process that gave them",
                 transient, transient == 1 ? "it is" : "they are");
    return unknown + transient + disputed > 0;
}

int decode_command(int argc, char **argv)
{
    struct state_user user = {.only_reads = true};
    const struct command_option options[] = {{"user", 'u', NULL, &user.name}, {"pid", 0, NULL, &user.pid}, {0}};
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    log_stderr_as(NAME);
    status = state_user_open(NAME, &user);
    if (status != EXIT_STATUS_OK)
        return status;
    state_tables_find(&tables, &user);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* it may stand behind tail -f */
    if (optind == argc)
        status = copy_file("-");
    for (int place = optind; place < argc; place++)
        if (copy_file(argv[place]) != EXIT_STATUS_OK)
            status = EXIT_STATUS_FAILED;
    tell_tables();
    return tell_left() && status == EXIT_STATUS_OK ? EXIT_STATUS_FAILED : status;
}
