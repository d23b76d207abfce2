/* gai.conf text: whatever it holds, the policy made of it is usable and the reports point into it. */
#include "core/order/gai_conf.h"
#include "core/order/selection.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX (2 * POLICY_ROWS_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    const char *start, *end;
    unsigned last_line, reports;
};

static void require(bool held)
{
    if (!held)
        abort();
}

static void check_report(const struct gai_conf_problem *problem, void *context)
{
    struct text *text = context;
    require(problem->line > text->last_line && problem->column > 0 && strlen(problem->expected) > 0);
    require(problem->found >= text->start && problem->found + problem->found_length <= text->end);
    require(problem->found - text->start + 1 >= problem->column);
    text->last_line = problem->line;
    text->reports++;
}

static void check_table(const struct policy_table *table, unsigned default_length)
{
    require(table->count > 0 && table->count <= POLICY_ROWS_MAX);
    require(table->rows[table->count - 1].length == default_length);
    for (size_t row = 0; row < table->count; row++) {
        require(table->rows[row].value >= 0);
        require(row == 0 || table->rows[row - 1].length >= table->rows[row].length);
        require(policy_table_cover(table, &table->rows[row].prefix, table->rows[row].length) == &table->rows[row]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {(const char *)data, (const char *)data + size, 0, 0};
    struct policy policy;
    struct policy_line lines[LINES_MAX];
    struct selection_place places[2];
    struct selection_candidate candidates[2] = {{.has_source = true}, {.has_source = true}};

    size_t problems = gai_conf_parse_table(&policy, text.start, size, check_report, &text);
    require(problems == text.reports);
    check_table(&policy.labels, 0);
    check_table(&policy.precedences, 0);
    text = (struct text){text.start, text.end, 0, 0};
    problems = gai_conf_parse(&policy, text.start, size, check_report, &text);
    require(problems == text.reports);
    check_table(&policy.labels, 0);
    check_table(&policy.precedences, 0);
    check_table(&policy.scopes, POLICY_IPV4_BITS_BEFORE);

    struct in6_addr ipv6 = in6addr_any;
    struct in_addr ipv4 = {htonl(INADDR_LOOPBACK)};
    memcpy(&ipv6, data, size < sizeof ipv6 ? size : sizeof ipv6);
    candidates[0].destination = address_ipv6(&ipv6, 0);
    candidates[0].source = address_ipv6(&in6addr_loopback, 0);
    candidates[1].destination = candidates[1].source = address_ipv4(ipv4);
    require(policy_table_match(&policy.labels, &candidates[0].destination) != NULL);
    require(policy_table_match(&policy.scopes, &candidates[1].destination) != NULL);
    selection_sort(&policy, candidates, 2, places);
    require(places[0].index + places[1].index == 1);

    size_t count = policy_lines(&policy, lines, LINES_MAX);
    require(count >= policy.labels.count && count >= policy.precedences.count);
    for (size_t line = 1; line < count; line++)
        require(lines[line - 1].precedence >= lines[line].precedence);
    return 0;
}
