/* core/ftp: long lines, back pressure, full queues, the ends of both flows, urgent bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ftp_conversation.h"

#define LONG_LINE 65536

static struct ftp_filter filter;

static void start(enum ftp_role role)
{
    struct ftp_setup setup = setup_of(role, false);
    ftp_start(&filter, &setup);
}

/* What a run makes of one flow's input. */
struct result {
    char output[512], other[512];
    size_t left, length, other_length;
    bool ended, other_ended;
};

static struct result run(bool by_client, const char *text, size_t room, bool ends)
{
    struct result result = {.left = 0};
    struct ftp_flow flow = {.input = (const uint8_t *)text,
                            .input_size = strlen(text),
                            .input_ended = ends,
                            .output = (uint8_t *)result.output,
                            .output_room = room};
    struct ftp_flow other = {.output = (uint8_t *)result.other, .output_room = sizeof result.other - 1};
    if (by_client)
        ftp_run(&filter, &flow, &other);
    else
        ftp_run(&filter, &other, &flow);
    result.left = flow.input_size;
    result.length = room - flow.output_room;
    result.other_length = sizeof result.other - 1 - other.output_room;
    result.ended = flow.output_ended;
    result.other_ended = other.output_ended;
    return result;
}

static char *long_line(const char *before, const char *after)
{
    char *line = malloc(LONG_LINE + strlen(before) + strlen(after) + 1);
    assert_non_null(line);
    strcpy(line, before);
    memset(line + strlen(before), 'x', LONG_LINE);
    strcpy(line + strlen(before) + LONG_LINE, after);
    return line;
}

/* Sends all of it in pieces; what comes out must be the same. */
static void goes_through(bool by_client, const char *text)
{
    char *output = malloc(strlen(text) + FTP_HELD_SIZE);
    assert_non_null(output);
    struct ftp_flow flow = {.input = (const uint8_t *)text, .output = (uint8_t *)output};
    struct ftp_flow other = {.input = NULL};
    for (size_t left = strlen(text); left > 0; left -= flow.input_size) {
        size_t piece = left < 1000 ? left : 1000;
        const uint8_t *before = flow.input;
        flow.input_size = piece;
        flow.output_room = piece + FTP_HELD_SIZE;
        ftp_run(&filter, by_client ? &flow : &other, by_client ? &other : &flow);
        assert_int_equal(flow.input - before, piece);
        flow.input_size = piece;
    }
    *flow.output = '\0';
    assert_string_equal(output, text);
    free(output);
}

static void test_long_lines(void **state)
{
    (void)state;
    char *command = long_line("STOR ", "\r\n"), *reply = long_line("220 ", "\r\n"),
         *port = long_line("PORT ", "\r\n"), *inner = long_line("211-", "\r\n211 end\r\n");
    start(FTP_CLIENT);
    goes_through(false, reply);
    goes_through(true, command);
    goes_through(true, port);
    goes_through(false, inner);
    goes_through(false, "501 no\r\n");
    assert_int_equal(ftp_queue_next(&filter.queue), FTP_OWES_NOTHING);
    free(command);
    free(reply);
    free(port);
    free(inner);
}

/* A reply that is replaced can be as long; a command that must not go on as it is isn't let through by its length. */
static void test_long_lines_that_are_changed(void **state)
{
    (void)state;
    char *port = long_line("EPRT |2|" PEER "|5282|", "\r\n"), *reply = long_line("229 ", "(|||16384|)\r\n");
    struct ftp_flow commands = {.input = NULL}, replies = {.input = NULL};
    char output[128];
    start(FTP_SERVER);
    run(false, "220 ready\r\n", 100, false);
    commands = (struct ftp_flow){.input = (uint8_t *)port, .input_size = strlen(port), .output_room = 1};
    commands.output = (uint8_t *)output;
    replies = (struct ftp_flow){.output = (uint8_t *)output + 1, .output_room = sizeof output - 1};
    ftp_run(&filter, &commands, &replies);
    assert_int_equal(commands.input_size, 0);
    assert_int_equal(commands.output_room, 1);
    assert_memory_equal(output + 1, "501 Syntax", 10);

    start(FTP_CLIENT);
    run(false, "220 ready\r\n", 100, false);
    run(true, "PASV\r\n", 100, false);
    commands = (struct ftp_flow){.input = NULL};
    replies = (struct ftp_flow){.input = (uint8_t *)reply, .input_size = strlen(reply)};
    replies.output = (uint8_t *)output;
    replies.output_room = sizeof output;
    ftp_run(&filter, &commands, &replies);
    assert_int_equal(replies.input_size, 0);
    static const char wanted[] = "227 Entering Passive Mode (" NAMES_ALIAS ",64,0).\r\n";
    assert_int_equal(sizeof output - replies.output_room, sizeof wanted - 1);
    assert_memory_equal(output, wanted, sizeof wanted - 1);
    free(port);
    free(reply);
}

/* Blanks and telnet commands are held before a command, too: a server's client can't hide one behind them. */
static void test_long_beginnings(void **state)
{
    (void)state;
    char line[300];
    static const char ending[] = "PORT 1,2,3,4,5,6\r\nNOOP\r\n";
    for (size_t blanks = FTP_HELD_SIZE - 30; blanks <= FTP_HELD_SIZE + 1; blanks++) {
        memset(line, ' ', blanks);
        memcpy(line + blanks, ending, sizeof ending);
        start(FTP_SERVER);
        run(false, "220 ready\r\n", 100, false);
        struct result result = run(true, line, 100, false);
        assert_int_equal(result.left, 0);
        assert_int_equal(result.length, 6);
        assert_memory_equal(result.output, "NOOP\r\n", 6);
        assert_memory_equal(result.other, "501 ", 4);
        assert_int_equal(ftp_queue_next(&filter.queue), FTP_OWES_ANY);
        start(FTP_CLIENT);
        memset(line, ' ', blanks);
        memcpy(line + blanks, "NOOP\r\n", 7);
        goes_through(true, line);
    }
}

static void test_back_pressure(void **state)
{
    (void)state;
    start(FTP_CLIENT);
    struct result result = run(true, "NOOP\r\n", 0, false);
    assert_int_equal(result.left, 6);
    result = run(true, "NOOP\r\nNOOP\r\n", 7, false);
    assert_int_equal(result.length, 7);
    assert_int_equal(result.left, 1); /* what shows the verb is held; the rest of the line waits outside */
    result = run(true, "\n", 20, false);
    assert_memory_equal(result.output, "OOP\r\n", 5);
    assert_int_equal(result.length, 5);
}

/* Commands that we changed are bounded; others aren't. */
static void test_full_queue(void **state)
{
    (void)state;
    start(FTP_CLIENT);
    run(false, "220 ready\r\n", 100, false);
    for (unsigned count = 0; count < 1000; count++)
        assert_int_equal(run(true, "NOOP\r\n", 100, false).left, 0);
    for (unsigned count = 0; count < FTP_QUEUE_MAX; count++)
        assert_int_equal(run(true, "PASV\r\n", 100, false).left, 0);
    assert_int_equal(run(true, "NOOP\r\n", 100, false).left, 6);
    for (unsigned count = 0; count < 1000; count++)
        assert_int_equal(run(false, "200 ok\r\n", 100, false).length, 8);
    assert_int_equal(run(true, "NOOP\r\n", 100, false).left, 6);
    assert_memory_equal(run(false, "229 (|||1|)\r\n", 100, false).output, "227", 3);
    assert_int_equal(run(true, "NOOP\r\n", 100, false).left, 0);
}

static void test_ends(void **state)
{
    (void)state;
    start(FTP_CLIENT);
    struct result result = run(false, "220 ready\r\n22", 100, true);
    assert_int_equal(result.length, 13);
    assert_true(result.ended);
    assert_false(result.other_ended);
    result = run(true, "PASV", 3, true); /* without an end it isn't a command yet, and goes as it is */
    assert_int_equal(result.left, 0);
    assert_false(result.ended);
    assert_memory_equal(result.output, "PAS", 3);
    result = run(true, "", 3, true);
    assert_int_equal(result.output[0], 'V');
    assert_true(result.ended);

    start(FTP_SERVER);
    result = run(true, "NOOP\r\nPORT 1,2,3,4,5,6", 100, true); /* the program could take it for one */
    assert_int_equal(result.length, 6);
    assert_true(result.ended);

    start(FTP_CLIENT);
    run(false, "220 ready\r\n", 100, false);
    result = run(true, "PORT 1,2,3,4,5,6\r\n", 100, true);
    assert_int_equal(filter.request.kind, FTP_ASKS_LISTENER);
    assert_false(result.ended); /* while the caller is asked */
    ftp_refuse(&filter);
    result = run(true, "", 100, true);
    assert_true(result.ended);
    assert_memory_equal(result.other, "500 ", 4);
}

static void test_end_while_asked(void **state)
{
    (void)state;
    start(FTP_SERVER);
    run(true, "EPSV\r\n", 100, true);
    struct result result = run(false, "220 ready\r\n227 (192,0,2,7,64,0)\r\n", 100, true);
    assert_int_equal(filter.request.kind, FTP_ASKS_SERVICE);
    assert_int_equal(filter.request.port, 16384);
    assert_false(result.ended);
    ftp_answer(&filter, NULL, 5282);
    result = run(false, "", 100, true);
    assert_true(result.ended);
    assert_memory_equal(result.output, "229 Entering Extended Passive Mode (|||5282|)\r\n", result.length);
}

/* No PASV goes out behind the end of the commands. */
static void test_end_before_a_refusal(void **state)
{
    (void)state;
    start(FTP_CLIENT);
    run(false, "220 ready\r\n", 100, false);
    assert_true(run(true, "PASV\r\n", 100, true).ended);
    struct result result = run(false, "500 no\r\n", 100, false);
    assert_int_equal(result.other_length, 0);
    assert_memory_equal(result.output, "502", 3);
}

/* Each byte of a telnet command at the start of a line goes out at once, so that the mark stays on it. */
static void test_urgent_bytes(void **state)
{
    (void)state;
    start(FTP_CLIENT);
    static const char *const bytes[] = {"\377", "\364", "\377", "\362"};
    for (size_t place = 0; place < 4; place++) {
        struct result result = run(true, bytes[place], 10, false);
        assert_int_equal(result.length, 1);
        assert_int_equal(result.output[0], bytes[place][0]);
    }
}

static void test_answers(void **state)
{
    (void)state;
    struct ip_address ipv4 = {.family = AF_INET};
    start(FTP_CLIENT);
    run(false, "220 ready\r\n", 100, false);
    ftp_answer(&filter, &ipv4, 1); /* nothing was asked */
    assert_int_equal(run(true, "", 100, false).length, 0);
    run(true, "PORT 192,0,2,7,24,131\r\nNOOP\r\n", 100, false);
    assert_int_equal(filter.request.port, 6275);
    assert_int_equal(ntohl(filter.request.address.s_addr), 0xc0000207);
    assert_int_equal(run(true, "NOOP\r\n", 100, false).left, 6);
    ftp_answer(&filter, &ipv4, 1); /* no IPv6 address */
    assert_memory_equal(run(true, "", 100, false).other, "500 Active", 10);
}

static void test_transparent(void **state)
{
    (void)state;
    start(FTP_CLIENT);
    run(false, "220 ready\r\n", 100, false);
    run(true, "AUTH TLS\r\nPA", 100, false);
    assert_false(ftp_is_transparent(&filter));
    struct result result = run(false, "234 go\r\n", 100, false);
    assert_memory_equal(result.other, "PA", 2); /* what was held of the commands */
    assert_true(ftp_is_transparent(&filter));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_lines),           cmocka_unit_test(test_long_lines_that_are_changed),
        cmocka_unit_test(test_long_beginnings),      cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_full_queue),           cmocka_unit_test(test_ends),
        cmocka_unit_test(test_end_before_a_refusal), cmocka_unit_test(test_end_while_asked),
        cmocka_unit_test(test_urgent_bytes),         cmocka_unit_test(test_answers),
        cmocka_unit_test(test_transparent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
