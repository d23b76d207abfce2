/* Carries conversations out through the filter of core/ftp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../parsed.h"
#include "ftp_conversation.h"

#define OUTPUT_SIZE 4096

struct output {
    char bytes[OUTPUT_SIZE];
    size_t length;
};

struct ends {
    struct ftp_filter filter;
    struct output to_server, to_client;
    size_t room; /* for a run */
};

struct ftp_setup setup_of(enum ftp_role role, bool nat64)
{
    struct ip_address alias = parsed(PEER_ALIAS), own = parsed(OWN_IPV4);
    return (struct ftp_setup){
        .role = role, .nat64 = nat64, .peer = parsed(PEER), .peer_alias = alias.ipv4, .own = own.ipv4};
}

static void answer(struct ftp_filter *filter)
{
    struct ip_address listener = parsed(LISTENER);
    uint16_t port = filter->request.port;
    if (port == REFUSED_PORT)
        ftp_refuse(filter);
    else
        ftp_answer(filter, &listener, port);
    assert_int_equal(filter->request.kind, FTP_ASKS_NOTHING);
}

static void take_output(struct output *output, const struct ftp_flow *flow)
{
    output->length = (size_t)((char *)flow->output - output->bytes);
    assert_true(output->length < sizeof output->bytes);
}

/* Runs the filter until all of the input is consumed and nothing more comes out. The bytes are in an allocation of
   just their size, so that a sanitizer sees a step beyond. */
static void send_bytes(struct ends *ends, bool by_client, const char *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy + 1, bytes, size);
    struct ftp_flow flow = {.input = copy + 1, .input_size = size}, other = {.input = NULL};
    struct ftp_flow *commands = by_client ? &flow : &other, *replies = by_client ? &other : &flow;
    size_t consumed, came;
    do {
        consumed = flow.input_size;
        commands->output = (uint8_t *)ends->to_server.bytes + ends->to_server.length;
        replies->output = (uint8_t *)ends->to_client.bytes + ends->to_client.length;
        commands->output_room = replies->output_room = ends->room;
        came = ends->to_server.length + ends->to_client.length;
        bool asked = ftp_run(&ends->filter, commands, replies) != FTP_ASKS_NOTHING;
        take_output(&ends->to_server, commands);
        take_output(&ends->to_client, replies);
        if (asked)
            answer(&ends->filter);
        came = ends->to_server.length + ends->to_client.length - came + asked;
    } while (consumed != flow.input_size || came > 0);
    assert_int_equal(flow.input_size, 0);
    free(copy);
}

static void send_text(struct ends *ends, bool by_client, const char *text, size_t cut)
{
    size_t length = text != NULL ? strlen(text) : 0;
    if (cut == 0) {
        for (size_t place = 0; place < length; place++)
            send_bytes(ends, by_client, text + place, 1);
    } else if (length > 0) {
        size_t first = cut < length ? cut : length;
        send_bytes(ends, by_client, text, first);
        send_bytes(ends, by_client, text + first, length - first);
    }
}

static void compare(const struct conversation *conversation, const char *end, struct output *output, const char *want)
{
    output->bytes[output->length] = '\0';
    if (strcmp(output->bytes, want != NULL ? want : "") != 0)
        fail_msg("%s: %s got:\n%s\nand should have got:\n%s", conversation->title, end, output->bytes, want);
    output->length = 0;
}

/* Cut 0 is byte by byte. */
static void carry_out(const struct conversation *conversation, size_t cut, size_t room)
{
    static struct ends ends;
    struct ftp_setup setup = setup_of(conversation->role, conversation->nat64);
    memset(&ends, 0, sizeof ends);
    ends.room = room;
    ftp_start(&ends.filter, &setup);
    for (size_t number = 0; number < EXCHANGES_MAX; number++) {
        const struct exchange *exchange = &conversation->exchanges[number];
        send_text(&ends, true, exchange->from_client, cut);
        send_text(&ends, false, exchange->from_server, cut);
        compare(conversation, "the server", &ends.to_server, exchange->to_server);
        compare(conversation, "the client", &ends.to_client, exchange->to_client);
    }
}

static size_t longest_text(const struct conversation *conversation)
{
    size_t longest = 1;
    for (size_t number = 0; number < EXCHANGES_MAX; number++) {
        const char *texts[] = {conversation->exchanges[number].from_client,
                               conversation->exchanges[number].from_server};
        for (size_t text = 0; text < 2; text++)
            if (texts[text] != NULL && strlen(texts[text]) > longest)
                longest = strlen(texts[text]);
    }
    return longest;
}

void converse(const struct conversation *conversations, size_t count)
{
    for (size_t number = 0; number < count; number++) {
        size_t longest = longest_text(&conversations[number]);
        for (size_t cut = 0; cut <= longest; cut++) {
            carry_out(&conversations[number], cut, 1024);
            carry_out(&conversations[number], cut, 1);
        }
    }
}
