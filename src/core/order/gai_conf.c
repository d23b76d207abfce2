/* Reads gai.conf(5) as glibc does; called by preload/resolve/preference.c. */
#include "core/order/gai_conf.h"

#include <arpa/inet.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#define IPV6_BITS             128
#define NUMBER_WANTED         "a number from 0 to 2147483647"
#define IPV6_LENGTH_WANTED    "a prefix length from 0 to 128"
#define MAPPED_LENGTH_WANTED  "a prefix length from 96 to 128"
#define IPV4_LENGTH_WANTED    "a prefix length from 0 to 32"
#define IPV6_PREFIX_WANTED    "an IPv6 prefix such as 2001:db8::/32 (for IPv4: ::ffff:0:0/96)"
#define IPV4_PREFIX_WANTED    "an IPv4 prefix such as 169.254.0.0/16 or ::ffff:169.254.0.0/112"
#define LENGTH_MISSING_WANTED "\"/length\" after the address (taken as the whole address; glibc reads this by chance)"

/* Points into the text; one of length 0 stands at the end of its line. */
struct word {
    const char *text;
    size_t length;
};

struct parser {
    struct policy *policy;
    bool takes_tables;
    const char *line_start, *position, *line_end; /* line_end: the newline, '#' or NUL */
    struct gai_conf_problem problem;              /* of this line; expected == NULL: none */
};

static bool is_space(char character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

static struct word next_word(struct parser *parser)
{
    while (parser->position < parser->line_end && is_space(*parser->position))
        parser->position++;
    struct word word = {parser->position, 0};
    while (parser->position < parser->line_end && !is_space(*parser->position))
        parser->position++;
    word.length = (size_t)(parser->position - word.text);
    return word;
}

static bool word_is(struct word word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.text, text, word.length) == 0;
}

/* Keeps the first problem of the line, but one that voids the line is kept over one that does not. */
static void note(struct parser *parser, struct word found, const char *expected, bool applied)
{
    struct gai_conf_problem *problem = &parser->problem;
    if (problem->expected != NULL && (applied || !problem->applied))
        return;
    problem->column = (unsigned)(found.text - parser->line_start) + 1;
    problem->expected = expected;
    problem->found = found.text;
    problem->found_length = found.length;
    problem->applied = applied;
}

/* As strtoul reads it: a plus sign is allowed. An empty word is 0 to glibc, so that is applied and only noted. */
static int parse_number(struct parser *parser, struct word word, int minimum, int maximum, const char *expected)
{
    size_t start = word.length > 1 && word.text[0] == '+' ? 1 : 0;
    int value = 0;
    bool good = true;
    for (size_t index = start; index < word.length && good; index++) {
        int digit = word.text[index] - '0';
        good = digit >= 0 && digit <= 9 && value <= (maximum - digit) / 10;
        if (good)
            value = value * 10 + digit;
    }
    if (!good || value < minimum)
        note(parser, word, expected, false);
    else if (word.length == 0)
        note(parser, word, expected, true);
    return value;
}

/* Reads "address[/length]" into a row; only scopev4 (`ipv4`) takes IPv4. Problems are noted. */
static void parse_prefix(struct parser *parser, struct word word, bool ipv4, struct policy_row *row)
{
    const char *slash = memchr(word.text, '/', word.length);
    size_t address_length = slash != NULL ? (size_t)(slash - word.text) : word.length;
    char text[INET6_ADDRSTRLEN] = "";
    struct in_addr dotted;
    if (address_length < sizeof text)
        memcpy(text, word.text, address_length);

    int minimum = ipv4 ? POLICY_IPV4_BITS_BEFORE : 0, maximum = IPV6_BITS, offset = 0;
    const char *length_wanted = ipv4 ? MAPPED_LENGTH_WANTED : IPV6_LENGTH_WANTED;
    bool good = inet_pton(AF_INET6, text, &row->prefix) == 1;
    if (good && ipv4) {
        good = IN6_IS_ADDR_V4MAPPED(&row->prefix);
    } else if (!good && ipv4 && inet_pton(AF_INET, text, &dotted) == 1) {
        good = true;
        row->prefix = address_map(dotted).ipv6;
        offset = POLICY_IPV4_BITS_BEFORE;
        minimum = 0;
        maximum = IPV6_BITS - offset;
        length_wanted = IPV4_LENGTH_WANTED;
    }
    if (!good) {
        note(parser, word, ipv4 ? IPV4_PREFIX_WANTED : IPV6_PREFIX_WANTED, false);
        return;
    }
    row->length = IPV6_BITS;
    if (slash == NULL) {
        note(parser, word, LENGTH_MISSING_WANTED, true);
        return;
    }
    struct word length = {slash + 1, word.length - address_length - 1};
    row->length = (uint8_t)(offset + parse_number(parser, length, minimum, maximum, length_wanted));
}

static bool is_void(const struct parser *parser)
{
    return parser->problem.expected != NULL && !parser->problem.applied;
}

static void add_row(struct parser *parser, struct policy_table *table, struct word prefix,
                    const struct policy_row *row)
{
    const struct policy_row *same = policy_table_cover(table, &row->prefix, row->length);
    if (same != NULL && same->length == row->length)
        note(parser, prefix, "a prefix that no earlier line has (the earlier line counts)", false);
    else if (table->count == POLICY_ROWS_MAX - 1) /* the last place is for a default row */
        note(parser, prefix, "no more than 63 lines of one kind", false);
    else
        policy_table_add(table, &row->prefix, row->length, row->value);
}

static void parse_row(struct parser *parser, struct policy_table *table, bool ipv4)
{
    struct policy_row row = {.length = 0};
    struct word prefix = next_word(parser);
    parse_prefix(parser, prefix, ipv4, &row);
    row.value = parse_number(parser, next_word(parser), 0, INT_MAX, NUMBER_WANTED);
    if (!is_void(parser))
        add_row(parser, table, prefix, &row);
}

static bool has_colon(struct word word)
{
    return memchr(word.text, ':', word.length) != NULL;
}

/* Prefix, precedence and label, as `v6shim policy` and RFC 6724 have them; or with the prefix last, as netsh does. */
static void parse_table_row(struct parser *parser, struct word first)
{
    struct word second = next_word(parser), third = next_word(parser);
    bool prefix_is_last = !has_colon(first) && has_colon(third);
    struct word prefix = prefix_is_last ? third : first;
    struct policy_row row = {.length = 0};
    parse_prefix(parser, prefix, false, &row);
    int precedence = parse_number(parser, prefix_is_last ? first : second, 0, INT_MAX, NUMBER_WANTED);
    int label = parse_number(parser, prefix_is_last ? second : third, 0, INT_MAX, NUMBER_WANTED);
    if (third.length == 0)
        note(parser, third, "a prefix, its precedence and its label", false);
    if (is_void(parser))
        return;
    row.value = precedence;
    add_row(parser, &parser->policy->precedences, prefix, &row);
    row.value = label;
    add_row(parser, &parser->policy->labels, prefix, &row);
}

/* Headings of such a table, and lines of dashes below them. */
static bool is_heading(struct parser *parser, struct word word)
{
    static const char columns[][sizeof "precedence"] = {"prefix", "precedence", "label"};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (word.length == strlen(columns[i]) && strncasecmp(word.text, columns[i], word.length) == 0) {
            /* `label` and `precedence` in small letters are keywords where a prefix comes next */
            const char *before = parser->position;
            bool is_row = has_colon(next_word(parser));
            parser->position = before;
            return !is_row;
        }
    size_t dashes = 0;
    while (dashes < word.length && word.text[dashes] == '-')
        dashes++;
    return dashes == word.length;
}

static bool is_table_row(struct word word)
{
    return has_colon(word) || (word.text[0] >= '0' && word.text[0] <= '9');
}

static void parse_reload(struct parser *parser)
{
    struct word value = next_word(parser);
    parser->policy->reload = word_is(value, "yes");
    if (!parser->policy->reload && !word_is(value, "no"))
        note(parser, value, "yes or no (anything but yes is no)", true);
}

static void parse_line(struct parser *parser)
{
    struct policy *policy = parser->policy;
    struct word keyword = next_word(parser);
    parser->problem.expected = NULL;
    if (keyword.length == 0)
        return;
    if (parser->takes_tables && is_heading(parser, keyword))
        return;
    if (parser->takes_tables && is_table_row(keyword)) {
        parse_table_row(parser, keyword);
    } else if (word_is(keyword, "label")) {
        parse_row(parser, &policy->labels, false);
    } else if (word_is(keyword, "precedence")) {
        parse_row(parser, &policy->precedences, false);
    } else if (word_is(keyword, "scopev4")) {
        parse_row(parser, &policy->scopes, true);
    } else if (word_is(keyword, "reload")) {
        parse_reload(parser);
    } else {
        note(parser, keyword,
             parser->takes_tables ? "label, precedence, scopev4, reload, or a row of a table"
                                  : "label, precedence, scopev4 or reload",
             false);
        return;
    }
    struct word rest = next_word(parser);
    if (rest.length > 0)
        note(parser, rest, "the end of the line (what follows is passed over)", true);
}

/* The end of what counts on a line: a comment, or a NUL byte, where glibc's reader stops too. */
static const char *content_end(const char *start, const char *newline)
{
    const char *end = start;
    while (end < newline && *end != '#' && *end != '\0')
        end++;
    return end;
}

static size_t parse(struct parser *parser, const char *text, size_t length, gai_conf_report *report, void *context)
{
    struct policy *policy = parser->policy;
    const char *start = text, *end = text + length;
    size_t problems = 0;
    memset(policy, 0, sizeof *policy);
    policy->rules = POLICY_RULES_GLIBC;
    for (unsigned number = 1; start < end; number++) {
        const char *newline = memchr(start, '\n', (size_t)(end - start));
        if (newline == NULL)
            newline = end;
        parser->line_start = parser->position = start;
        parser->line_end = content_end(start, newline);
        parse_line(parser);
        if (parser->problem.expected != NULL) {
            parser->problem.line = number;
            problems++;
            if (report != NULL)
                report(&parser->problem, context);
        }
        start = newline < end ? newline + 1 : end;
    }
    policy_complete(policy);
    return problems;
}

size_t gai_conf_parse(struct policy *policy, const char *text, size_t length, gai_conf_report *report, void *context)
{
    return parse(&(struct parser){.policy = policy}, text, length, report, context);
}

size_t gai_conf_parse_table(struct policy *policy, const char *text, size_t length, gai_conf_report *report,
                            void *context)
{
    return parse(&(struct parser){.policy = policy, .takes_tables = true}, text, length, report, context);
}
