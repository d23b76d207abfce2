/* Answers res_query() and its kin; called by preload/hooks/resolver.c. */
#include "preload/queries/library.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "preload/alias/aliases.h"
#include "preload/base/scratch.h"
#include "preload/queries/answers.h"
#include "preload/queries/queries.h"
#include "preload/system/secret.h"

#define QUESTION_MOST (DNS_HEADER_SIZE + DNS_NAME_MAX + 4)
#define REVERSE_SIZE  (sizeof "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.")

struct library_room {
    struct answers_room answers;
    struct dns_query query;
    struct dns_question question;
    char text[2 * DNS_NAME_MAX + 3];
    uint8_t bytes[DNS_TCP_MAX];
};

int library_call_plainly(const struct library_call *call)
{
    typedef int query(const char *, int, int, unsigned char *, int);
    typedef int query_of(struct __res_state *, const char *, int, int, unsigned char *, int);
    typedef int join(const char *, const char *, int, int, unsigned char *, int);
    typedef int join_of(struct __res_state *, const char *, const char *, int, int, unsigned char *, int);
    const char *name = call->name, *domain = call->domain;
    if (call->which == LIBRARY_QUERYDOMAIN)
        return call->state != NULL
                   ? ((join_of *)call->function)(call->state, name, domain, call->class, call->type, call->answer,
                                                 call->size)
                   : ((join *)call->function)(name, domain, call->class, call->type, call->answer, call->size);
    return call->state != NULL
               ? ((query_of *)call->function)(call->state, name, call->class, call->type, call->answer, call->size)
               : ((query *)call->function)(name, call->class, call->type, call->answer, call->size);
}

/* As resolve_start() has to get it: what isn't searched for ends with a dot. False where it is too long. */
static bool write_name(const struct library_call *call, char *text, size_t size)
{
    size_t length = strnlen(call->name, DNS_NAME_MAX + 1);
    size_t more = call->domain != NULL ? strnlen(call->domain, DNS_NAME_MAX + 1) : 0;
    if (length == 0 || length + more + 3 > size || length > DNS_NAME_MAX || more > DNS_NAME_MAX)
        return false;
    memcpy(text, call->name, length);
    if (more > 0) {
        text[length++] = '.';
        memcpy(text + length, call->domain, more);
        length += more;
    }
    if (call->which != LIBRARY_SEARCH && text[length - 1] != '.')
        text[length++] = '.';
    text[length] = '\0';
    return true;
}

/* The question of that name as a message; 0 where it can't be one. */
static size_t write_question(const char *name, int type, uint8_t bytes[QUESTION_MOST])
{
    struct dns_writer writer = {.bytes = bytes, .room = QUESTION_MOST};
    static const uint8_t counts[] = {0, 1, 0, 0, 0, 0, 0, 0};
    uint16_t id = 0;
    secret_fill(&id, sizeof id);
    dns_put_16(&writer, id);
    dns_put_16(&writer, DNS_FLAG_RECURSE);
    dns_put(&writer, counts, sizeof counts);
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        uint8_t label = (uint8_t)length;
        if (length == 0 || length >= DNS_POINTER >> 2 || strchr(name, '\\') != NULL)
            return 0;
        dns_put(&writer, &label, 1);
        dns_put(&writer, name, length);
        name += length + (name[length] == '.');
    }
    dns_put(&writer, "", 1);
    dns_put_16(&writer, (uint16_t)type);
    dns_put_16(&writer, DNS_CLASS_IN);
    return writer.full ? 0 : writer.length;
}

/* What the program would have sent, of what came. */
static bool read_answer(const uint8_t *bytes, size_t length, struct library_room *room)
{
    struct dns_reader reader = {.message = bytes, .length = length};
    struct dns_header header;
    struct dns_query *query = &room->query;
    memset(query, 0, sizeof *query);
    if (!dns_read_header(&reader, &header) || header.questions != 1 ||
        !dns_read_name(&reader, &query->question.name) || !dns_read_16(&reader, &query->question.type) ||
        query->question.type != DNS_TYPE_A)
        return false;
    query->task = DNS_WANTS_ADDRESSES;
    query->id = header.id;
    query->flags = header.flags & (DNS_FLAG_RECURSE | DNS_FLAG_UNCHECKED);
    if (!dns_reply_read(bytes, length, query->id, &query->question, &room->answers.answer))
        return false;
    query->has_edns = room->answers.answer.edns != NULL;
    return true;
}

/* The result goes to the program, as much of it as it has room for. */
static int hand_out(const struct library_room *room, size_t length, unsigned char *answer, int size)
{
    size_t most = size > 0 ? (size_t)size : 0;
    memcpy(answer, room->answers.result, length < most ? length : most);
    return (int)length;
}

/* Waits for the other half, and adds it. `answered`: there is an answer, which was read. 0 where nothing is to be
   added. */
static size_t add_half(struct resolve_half *half, const uint8_t *bytes, size_t length, enum resolve_outcome outcome,
                       struct library_room *room)
{
    bool found = resolve_wait(half, outcome);
    if (!found)
        return 0;
    struct answers_message answer = {bytes, length, room->query.id, &room->query.question};
    return answers_with_hostent(&room->query, &answer, resolve_hostent(half), &room->answers);
}

static enum resolve_outcome outcome_of(bool read, const struct library_room *room, int host_error)
{
    if (read && room->answers.answer.count > 0)
        return RESOLVE_FOUND;
    if (read)
        return room->answers.answer.code == DNS_CODE_SERVER_FAIL ? RESOLVE_UNANSWERED : RESOLVE_ABSENT;
    return host_error == HOST_NOT_FOUND || host_error == NO_DATA ? RESOLVE_ABSENT : RESOLVE_UNANSWERED;
}

static int ask_for_addresses(const struct library_call *call, struct library_room *room)
{
    int saved = errno;
    uint8_t bytes[QUESTION_MOST];
    if (!write_name(call, room->text, sizeof room->text))
        return library_call_plainly(call);
    struct resolve_half *half = resolve_start(room->text, NULL, NULL);
    int got = library_call_plainly(call);
    int error = errno, host_error = call->state != NULL ? call->state->res_h_errno : h_errno;
    bool read = got > 0 && got <= call->size && read_answer(call->answer, (size_t)got, room);
    size_t made = 0;
    if (read) {
        made = add_half(half, call->answer, (size_t)got, outcome_of(true, room, 0), room);
    } else if (got < 0 && write_question(room->text, DNS_TYPE_A, bytes) > 0 &&
               dns_query_read(bytes, write_question(room->text, DNS_TYPE_A, bytes), &room->query) != DNS_PASS) {
        made = add_half(half, NULL, 0, outcome_of(false, room, host_error), room);
    }
    resolve_end(half);
    errno = made > 0 ? saved : error;
    h_errno = made > 0 ? NETDB_SUCCESS : host_error;
    if (call->state != NULL)
        call->state->res_h_errno = made > 0 ? NETDB_SUCCESS : host_error;
    return made > 0 ? hand_out(room, made, call->answer, call->size) : got;
}

/* As text for res_query(). */
static void write_reverse(const struct ip_address *address, char text[REVERSE_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t length = 0;
    for (size_t i = sizeof address->ipv6.s6_addr; i > 0; i--) {
        text[length++] = digits[address->ipv6.s6_addr[i - 1] & 0xf];
        text[length++] = '.';
        text[length++] = digits[address->ipv6.s6_addr[i - 1] >> 4];
        text[length++] = '.';
    }
    memcpy(text + length, "ip6.arpa.", sizeof "ip6.arpa.");
}

static int ask_for_name(const struct library_call *call, struct library_room *room)
{
    uint8_t bytes[QUESTION_MOST], other[DNS_NAME_QUERY_MAX];
    char text[REVERSE_SIZE];
    struct ip_address address;
    struct library_call reverse = *call;
    struct dns_query *query = &room->query;
    size_t length = call->which == LIBRARY_QUERYDOMAIN ? 0 : write_question(call->name, DNS_TYPE_PTR, bytes);
    if (length == 0 || dns_query_read(bytes, length, query) != DNS_WANTS_NAME || !aliases_contains(query->address) ||
        !aliases_find_address(query->address, &address) ||
        dns_query_for_name(query, &address, query->id, other, sizeof other, &room->question) == 0)
        return library_call_plainly(call);
    write_reverse(&address, text);
    reverse.name = text;
    reverse.answer = room->bytes;
    reverse.size = sizeof room->bytes;
    int got = library_call_plainly(&reverse);
    if (got < DNS_HEADER_SIZE || got > reverse.size)
        return got;
    query->id = dns_get_16(room->bytes);
    struct answers_message name = {room->bytes, (size_t)got, query->id, &room->question};
    size_t made = answers_with_name(query, &name, DNS_TCP_MAX, &room->answers);
    return made > 0 ? hand_out(room, made, call->answer, call->size) : -1;
}

int library_ask(const struct library_call *call)
{
    SCRATCH(struct library_room, room);
    if (room == NULL || call->class != DNS_CLASS_IN || call->name == NULL || call->answer == NULL ||
        (call->which == LIBRARY_QUERYDOMAIN && call->domain == NULL))
        return library_call_plainly(call);
    if (call->type == DNS_TYPE_AAAA)
        queries_note_aaaa();
    if (!queries_are_wanted())
        return library_call_plainly(call);
    if (call->type == DNS_TYPE_A)
        return ask_for_addresses(call, room);
    return call->type == DNS_TYPE_PTR ? ask_for_name(call, room) : library_call_plainly(call);
}

static int send_for_addresses(library_send *function, const unsigned char *question, int length,
                              unsigned char *answer, int size, struct library_room *room)
{
    int saved = errno;
    if (!answers_name_text(&room->query.question.name, room->text))
        return function(question, length, answer, size);
    memcpy(room->text + strlen(room->text), ".", sizeof ".");
    struct resolve_half *half = resolve_start(room->text, NULL, NULL);
    int got = function(question, length, answer, size), error = errno;
    size_t made = 0;
    if (got > 0 && got <= size &&
        dns_reply_read(answer, (size_t)got, room->query.id, &room->query.question, &room->answers.answer))
        made = add_half(half, answer, (size_t)got, outcome_of(true, room, 0), room);
    resolve_end(half);
    errno = made > 0 ? saved : error;
    return made > 0 ? hand_out(room, made, answer, size) : got;
}

int library_send_question(library_send *function, const unsigned char *question, int length, unsigned char *answer,
                          int size)
{
    struct ip_address address;
    uint8_t other[DNS_NAME_QUERY_MAX];
    SCRATCH(struct library_room, room);
    if (room == NULL || question == NULL || length < 0 || answer == NULL || !queries_are_wanted())
        return function(question, length, answer, size);
    struct dns_query *query = &room->query;
    enum dns_task task = dns_query_read(question, (size_t)length, query);
    if (task == DNS_WANTS_ADDRESSES)
        return send_for_addresses(function, question, length, answer, size, room);
    size_t written =
        task == DNS_WANTS_NAME && aliases_contains(query->address) && aliases_find_address(query->address, &address)
            ? dns_query_for_name(query, &address, query->id, other, sizeof other, &room->question)
            : 0;
    if (written == 0)
        return function(question, length, answer, size);
    int got = function(other, (int)written, room->bytes, sizeof room->bytes);
    if (got < DNS_HEADER_SIZE || got > (int)sizeof room->bytes)
        return got;
    struct answers_message name = {room->bytes, (size_t)got, query->id, &room->question};
    size_t made = answers_with_name(query, &name, DNS_TCP_MAX, &room->answers);
    return made > 0 ? hand_out(room, made, answer, size) : -1;
}
