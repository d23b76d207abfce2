/* command/trace/trace_timeline and command/trace/trace_story: what is drawn, to the character, and which attempt has
 * ended how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/trace/story.h"

#define ROWS_MANY 100000

static char *draw(const struct timeline_row *rows, size_t count, size_t limit, unsigned columns)
{
    char *drawn = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&drawn, &length);
    assert_non_null(stream);
    timeline_draw(stream, rows, count, limit, columns);
    fclose(stream);
    return drawn;
}

static void expect(const struct timeline_row *rows, size_t count, unsigned columns, const char *expected)
{
    char *drawn = draw(rows, count, SIZE_MAX, columns);
    assert_string_equal(drawn, expected);
    free(drawn);
}

static void nothing_draws_nothing(void **state)
{
    (void)state;
    expect(NULL, 0, 80, "");
}

static void race(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {0, 20000, TIMELINE_ANSWERED, "look up name", "2 addresses"},
        {20000, 290000, TIMELINE_GIVEN_UP, "2001:db8::1 port 80", "given up"},
        {270000, 290000, TIMELINE_WON, "192.0.2.1 port 80", "won"},
        {290000, 300000, TIMELINE_FAILED, "192.0.2.2 port 80", "ECONNREFUSED"},
    };
    expect(rows, 4, 80,
           "                       0         100       200 ms\n"
           "  look up name         --|                                 20.0 ms  2 addresses\n"
           "  2001:db8::1 port 80    ---------------------------.     270.0 ms  given up\n"
           "  192.0.2.1 port 80                               --*      20.0 ms  won\n"
           "  192.0.2.2 port 80                                 -x     10.0 ms  ECONNREFUSED\n"
           "  | answer   * connected: the winner   x failed   . given up, or closed by the program\n");
}

/* A label that has no room stands above its bar, whole: port 655 is not port 65535. */
static void long_labels(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {0, 20000, TIMELINE_ANSWERED, "look up name", "2 addresses"},
        {20000, 290000, TIMELINE_WON, "2001:db8:1234:5678:9abc:def0:1234:5678 port 65535", "won"},
    };
    char *drawn = draw(rows, 2, SIZE_MAX, 60);
    assert_non_null(strstr(drawn, "  2001:db8:1234:5678:9abc:def0:1234:5678 port 65535\n   "));
    assert_non_null(strstr(drawn, "-*    270.0 ms  won\n"));
    free(drawn);
}

/* A long pause is not drawn: another scale follows. */
static void sections(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {1000, 1000, TIMELINE_CONNECTED, "one", "connected"},
        {5000000, 5000300, TIMELINE_HANDED, "two", ""},
    };
    char *drawn = draw(rows, 2, SIZE_MAX, 60);
    assert_non_null(strstr(drawn, "\n\n"));
    assert_non_null(strstr(drawn, " 1 ms\n") != NULL ? drawn : strstr(drawn, " 1.000 ms\n"));
    assert_non_null(strstr(drawn, "5000.000"));
    assert_non_null(strstr(drawn, "0.3 ms\n"));
    assert_non_null(strstr(drawn, "+ connected   > went on"));
    free(drawn);
}

static void limits(void **state)
{
    (void)state;
    struct timeline_row *rows = calloc(ROWS_MANY, sizeof *rows);
    assert_non_null(rows);
    for (int i = 0; i < ROWS_MANY; i++) {
        rows[i].start_us = i;
        rows[i].end_us = (int64_t)i * i;
        rows[i].ending = (enum timeline_ending)(i % TIMELINE_ENDING_COUNT);
        memset(rows[i].label, 'l', sizeof rows[i].label - 1);
        memset(rows[i].note, 'n', (size_t)(i % TIMELINE_NOTE_SIZE));
        if (rows[i].end_us < rows[i].start_us)
            rows[i].end_us = rows[i].start_us;
    }
    for (unsigned columns = 0; columns < 1000; columns += 37) {
        char *drawn = draw(rows, ROWS_MANY, 50, columns);
        assert_non_null(strstr(drawn, "...and 99950 more\n"));
        free(drawn);
    }
    /* No time at all, and all that there is. */
    const struct timeline_row extremes[] = {{0, 0, TIMELINE_WON, "", ""},
                                            {0, INT64_MAX / 1000, TIMELINE_WON, "", ""}};
    free(draw(extremes, 1, SIZE_MAX, 80));
    free(draw(extremes, 2, SIZE_MAX, 80));
    free(rows);
}

/* --- the story --- */

static struct story story;

static struct story_facts tell(int64_t time_us, enum event_type type, int fd, const char *candidate,
                               enum trace_result result)
{
    struct trace_event event = {
        .type = type, .time_us = 1000 + time_us, .pid = 7, .fd = fd, .port = 80, .result = result};
    struct story_facts facts;
    snprintf(type == EVENT_LOOKUP || type == EVENT_ANSWER ? event.name : event.candidates[0], ADDRESS_TEXT_SIZE, "%s",
             candidate);
    event.candidate_count = candidate[0] != '\0';
    story_take(&story, &event, &facts);
    return facts;
}

static void expect_row(size_t place, int64_t start_us, int64_t end_us, enum timeline_ending ending, const char *label)
{
    assert_true(place < story.count);
    assert_int_equal(story.rows[place].start_us, start_us);
    assert_int_equal(story.rows[place].end_us, end_us);
    assert_int_equal(story.rows[place].ending, ending);
    assert_string_equal(story.rows[place].label, label);
}

static void story_of_a_race(void **state)
{
    (void)state;
    story_begin(&story, 1000, 7);
    tell(0, EVENT_LOOKUP, EVENT_NO_FD, "name", TRACE_NO_RESULT);
    assert_int_equal(tell(30, EVENT_ANSWER, EVENT_NO_FD, "name", TRACE_NO_RESULT).took_us, 30);
    tell(40, EVENT_ATTEMPT, 3, "::1", TRACE_STARTED);
    tell(45, EVENT_ATTEMPT, 4, "::1", TRACE_STARTED); /* another descriptor's */
    tell(290, EVENT_ATTEMPT, 3, "192.0.2.1", TRACE_STARTED);
    assert_int_equal(tell(300, EVENT_ATTEMPT, 3, "192.0.2.1", TRACE_OK).took_us, 10);
    struct story_facts won = tell(301, EVENT_WON, 3, "192.0.2.1", TRACE_NO_RESULT);
    assert_int_equal(won.took_us, 261);
    assert_int_equal(won.given_up, 1);
    assert_int_equal(tell(400, EVENT_CANCELLED, 4, "", TRACE_NO_RESULT).given_up, 1);
    expect_row(0, 0, 30, TIMELINE_ANSWERED, "look up name");
    expect_row(1, 40, 301, TIMELINE_GIVEN_UP, "::1 port 80");
    expect_row(2, 45, 400, TIMELINE_GIVEN_UP, "::1 port 80");
    expect_row(3, 290, 300, TIMELINE_WON, "192.0.2.1 port 80");
    story_free(&story);
}

static void story_of_failures(void **state)
{
    (void)state;
    story_begin(&story, 1000, 8); /* another process than the program's own */
    assert_int_equal(tell(10, EVENT_ATTEMPT, 3, "::1", TRACE_FAILED).took_us, 0); /* at once */
    tell(20, EVENT_ATTEMPT, 3, "::2", TRACE_STARTED);
    tell(30, EVENT_ATTEMPT, 3, "::3", TRACE_STARTED);
    assert_int_equal(tell(50, EVENT_INTERRUPTED, 3, "::2", TRACE_NO_RESULT).given_up, 1);
    tell(60, EVENT_ATTEMPT, 5, "::4", TRACE_STARTED);
    story_end(&story, 1090);
    expect_row(0, 10, 10, TIMELINE_FAILED, "[7] ::1 port 80");
    expect_row(1, 20, 50, TIMELINE_HANDED, "[7] ::2 port 80");
    expect_row(2, 30, 50, TIMELINE_GIVEN_UP, "[7] ::3 port 80");
    expect_row(3, 60, 90, TIMELINE_GIVEN_UP, "[7] ::4 port 80");
    story_free(&story);
}

/* The number of a descriptor is used again: the earlier connection is not counted to the later one. */
static void story_of_one_number_twice(void **state)
{
    (void)state;
    story_begin(&story, 1000, 7);
    tell(0, EVENT_ATTEMPT, 3, "::1", TRACE_STARTED);
    tell(5, EVENT_ATTEMPT, 3, "::1", TRACE_OK);
    tell(100, EVENT_ATTEMPT, 3, "::2", TRACE_STARTED);
    tell(103, EVENT_ATTEMPT, 3, "::2", TRACE_OK);
    assert_int_equal(tell(103, EVENT_WON, 3, "::2", TRACE_NO_RESULT).took_us, 3);
    expect_row(0, 0, 5, TIMELINE_CONNECTED, "::1 port 80");
    expect_row(1, 100, 103, TIMELINE_WON, "::2 port 80");
    story_free(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_draws_nothing),
        cmocka_unit_test(race),
        cmocka_unit_test(long_labels),
        cmocka_unit_test(sections),
        cmocka_unit_test(limits),
        cmocka_unit_test(story_of_a_race),
        cmocka_unit_test(story_of_failures),
        cmocka_unit_test(story_of_one_number_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
