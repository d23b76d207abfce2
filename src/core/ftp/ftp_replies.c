/* Changes an FTP server's replies, and gives our own in their turn; called by core/ftp/ftp_filter.c. */
#include "core/ftp/ftp_lines.h"

#include <string.h>

#define CODE_LENGTH  3
#define START_LENGTH 4 /* the code, and what says whether more lines follow */

/* What becomes of the reply that is being read. */
enum fate {
    FATE_PASSES,     /* it goes out, and a command is still without its final reply */
    FATE_ENDS,       /* it goes out, and is the final one */
    FATE_SECURES,    /* it goes out, and the bytes after it are none of FTP's */
    FATE_PASSIVE,    /* 227 is given in its place */
    FATE_SERVES,     /* 229 is given in its place */
    FATE_NO_PASSIVE, /* a refusal that we explain */
    FATE_NO_ACTIVE,
};

/* A final reply that belongs to a transfer: never the answer to one of the commands that we changed. */
static bool is_of_transfer(unsigned code)
{
    return code == 225 || code == 226 || code == 250 || code == 426;
}

/* The server doesn't know the command, or not this form of it (RFC 2428 section 2 for 522). */
static bool is_refusal(unsigned code)
{
    return code == 500 || code == 501 || code == 502 || code == 504 || code == 522;
}

static bool is_security(unsigned code)
{
    return code == 232 || code == 234 || code == 334 || code == 335 || code == 336;
}

/* Codes that say for themselves which command they answer. */
static void find_command(struct ftp_filter *filter, unsigned code)
{
    struct ftp_queue *queue = &filter->queue;
    if (code == 234 || code == 334) {
        ftp_queue_advance(queue, FTP_OWES_SECURITY, FTP_OWES_SECURITY);
    } else if (filter->setup.role == FTP_SERVER) {
        if (code == 227)
            ftp_queue_advance(queue, FTP_OWES_227_FOR_EPSV, FTP_OWES_OWN);
    } else if (code == 229) {
        ftp_queue_advance(queue, FTP_OWES_229_FOR_PASV, FTP_OWES_OWN);
    } else if (code == 227) {
        ftp_queue_advance(queue, FTP_OWES_227_AGAIN, FTP_OWES_229_FOR_PASV);
    }
}

static enum fate fate_of(struct ftp_filter *filter, unsigned code)
{
    if (code < 200)
        return FATE_PASSES;
    find_command(filter, code);
    unsigned owed = ftp_queue_next(&filter->queue);
    if (owed > FTP_OWES_ANY && is_of_transfer(code))
        return FATE_PASSES;
    switch (owed) {
    case FTP_OWES_NOTHING:
        return FATE_PASSES;
    case FTP_OWES_229_FOR_PASV:
    case FTP_OWES_227_AGAIN:
        if (code == 227 || code == 229)
            return FATE_PASSIVE;
        return is_refusal(code) ? FATE_NO_PASSIVE : FATE_ENDS;
    case FTP_OWES_200_FOR_PORT:
        return is_refusal(code) ? FATE_NO_ACTIVE : FATE_ENDS;
    case FTP_OWES_227_FOR_EPSV:
        return code == 227 ? FATE_SERVES : FATE_ENDS;
    case FTP_OWES_SECURITY:
        return is_security(code) ? FATE_SECURES : FATE_ENDS;
    default:
        return FATE_ENDS;
    }
}

static bool goes_out(const struct ftp_filter *filter)
{
    return filter->reply.fate <= FATE_SECURES;
}

/* A reply of ours stands in the place of the server's. Telnet commands of the last line are pending already. */
static void give(struct ftp_filter *filter, const struct text *line)
{
    ftp_end_line(&filter->replies, line, true);
}

static void give_text(struct ftp_filter *filter, enum ftp_local reply)
{
    struct text line = ftp_begin_line(&filter->replies);
    text_add(&line, ftp_local_reply(reply));
    give(filter, &line);
}

bool ftp_give_local(struct ftp_filter *filter)
{
    unsigned owed = ftp_queue_next(&filter->queue);
    if (owed < FTP_OWES_LOCAL_REPLIES || filter->reply.inside || filter->replies.state != FTP_READS_START)
        return false;
    ftp_queue_drop(&filter->queue);
    filter->replies.pending_length = filter->replies.pending_sent = 0;
    give_text(filter, owed - FTP_OWES_LOCAL_REPLIES);
    return true;
}

static void give_passive(struct ftp_filter *filter)
{
    const struct ftp_scan *scan = &filter->reply.scan;
    struct ftp_endpoint endpoint = {.address = filter->setup.peer_alias};
    if (filter->reply.code == 229 && scan->has_port) {
        endpoint.port = scan->port;
    } else if (filter->reply.code == 227 && scan->has_endpoint) {
        endpoint.port = scan->endpoint.port;
    } else {
        give_text(filter, FTP_LOCAL_UNREADABLE);
        return;
    }
    struct text line = ftp_begin_line(&filter->replies);
    text_add(&line, "227 Entering Passive Mode (");
    ftp_add_endpoint(&line, &endpoint);
    text_add(&line, ").");
    give(filter, &line);
}

static void ask_service(struct ftp_filter *filter)
{
    const struct ftp_scan *scan = &filter->reply.scan;
    in_addr_t address = scan->endpoint.address.s_addr;
    if (!scan->has_endpoint) {
        give_text(filter, FTP_LOCAL_UNREADABLE);
    } else if (address != filter->setup.own.s_addr && address != htonl(INADDR_ANY)) {
        give_text(filter, FTP_LOCAL_NO_SERVICE);
    } else {
        filter->request = (struct ftp_request){
            .kind = FTP_ASKS_SERVICE, .address = scan->endpoint.address, .port = scan->endpoint.port};
        filter->replies.state = FTP_WAITS;
    }
}

void ftp_answer_service(struct ftp_filter *filter, uint16_t port)
{
    struct ftp_channel *channel = &filter->replies;
    ftp_next_line(channel);
    channel->pending_length = channel->pending_sent = 0;
    if (port == 0) {
        give_text(filter, FTP_LOCAL_NO_SERVICE);
        return;
    }
    struct text line = ftp_begin_line(channel);
    text_add(&line, "229 Entering Extended Passive Mode (|||");
    text_add_unsigned(&line, port);
    text_add(&line, "|)");
    give(filter, &line);
}

/* Whether a command of ours can go out now: the client is between two lines, and has sent nothing since. */
static bool client_is_quiet(const struct ftp_filter *filter)
{
    const struct ftp_channel *commands = &filter->commands;
    return ftp_queue_next(&filter->queue) == FTP_OWES_NOTHING && commands->state == FTP_READS_START &&
           commands->held_length == 0 && commands->telnet == FTP_TELNET_NONE &&
           commands->pending_length == commands->pending_sent && !commands->ended;
}

static void refuse_passive(struct ftp_filter *filter, unsigned owed)
{
    if (owed != FTP_OWES_229_FOR_PASV || filter->reply.code == 522 || !client_is_quiet(filter)) {
        give_text(filter, FTP_LOCAL_NO_PASSIVE);
        return;
    }
    struct ftp_channel *commands = &filter->commands;
    commands->pending_length = commands->pending_sent = 0;
    struct text line = ftp_begin_line(commands);
    text_add(&line, "PASV");
    ftp_end_line(commands, &line, true);
    ftp_queue_add(&filter->queue, FTP_OWES_227_AGAIN);
}

/* The last line of a reply has been read. */
static void finish_reply(struct ftp_filter *filter)
{
    unsigned owed = ftp_queue_next(&filter->queue);
    filter->reply.inside = false;
    if (filter->reply.fate != FATE_PASSES)
        ftp_queue_drop(&filter->queue);
    switch (filter->reply.fate) {
    case FATE_SECURES:
        filter->transparent = true;
        filter->queue = (struct ftp_queue){.count = 0}; /* no text of ours among what follows */
        break;
    case FATE_PASSIVE:
        give_passive(filter);
        break;
    case FATE_SERVES:
        ask_service(filter);
        break;
    case FATE_NO_PASSIVE:
        refuse_passive(filter, owed);
        break;
    case FATE_NO_ACTIVE:
        give_text(filter, FTP_LOCAL_NO_ACTIVE);
        break;
    default:
        break;
    }
}

static void end_line(struct ftp_filter *filter)
{
    ftp_next_line(&filter->replies);
    if (filter->reply.last_line)
        finish_reply(filter);
}

/* Three digits, the first one from 1 to 6 (RFC 2228 has 6); else 0. */
static unsigned read_code(const char *text, size_t length)
{
    unsigned code = 0;
    if (length < CODE_LENGTH || text[0] < '1' || text[0] > '6')
        return 0;
    for (size_t place = 0; place < CODE_LENGTH; place++) {
        if (text[place] < '0' || text[place] > '9')
            return 0;
        code = code * 10 + (unsigned)(text[place] - '0');
    }
    return code;
}

/* The first bytes of a line are held: they say what becomes of it. */
static void judge_line(struct ftp_filter *filter)
{
    struct ftp_reply *reply = &filter->reply;
    char text[FTP_HELD_SIZE];
    size_t length = ftp_held_text(&filter->replies, text);
    unsigned code = read_code(text, length);
    bool was_inside = reply->inside;
    if (was_inside) {
        reply->last_line = code == reply->code && length == START_LENGTH && text[CODE_LENGTH] == ' ';
    } else if (code == 0) { /* some servers have such lines between replies */
        reply->last_line = false;
        reply->fate = FATE_PASSES;
        filter->transparent = !reply->greeted;
    } else {
        reply->code = (uint16_t)code;
        reply->fate = (uint8_t)fate_of(filter, code);
        reply->inside = length == START_LENGTH && text[CODE_LENGTH] == '-';
        reply->last_line = !reply->inside;
        reply->scan = (struct ftp_scan){0};
    }
    reply->greeted = true;
    if (goes_out(filter)) {
        ftp_let_go(&filter->replies);
        filter->replies.state = FTP_PASSES;
        return;
    }
    /* Of the lines between, all is looked at; of the others what stands behind the code. */
    bool has_code = !was_inside || code == reply->code;
    for (size_t place = has_code ? CODE_LENGTH : 0; place < length; place++)
        ftp_scan_byte(&reply->scan, text[place]);
    ftp_forget(&filter->replies);
    filter->replies.state = FTP_DROPS;
}

static bool start_line(struct ftp_filter *filter, uint8_t byte, bool is_text)
{
    struct ftp_channel *channel = &filter->replies;
    if (!is_text && channel->held_length == 0)
        return true;
    if (is_text && channel->held_length == 0 && !filter->reply.inside &&
        (byte == FTP_TLS_HANDSHAKE || byte == FTP_TLS_ALERT)) {
        filter->transparent = true;
        return true;
    }
    if (!ftp_hold(channel, byte, is_text)) { /* telnet commands alone can be as many */
        ftp_let_go_with(channel, byte);
        channel->state = FTP_PASSES;
        filter->reply.last_line = false;
        if (is_text && byte == '\n')
            end_line(filter);
        return false;
    }
    if (is_text && (byte == '\n' || channel->text_length == START_LENGTH)) {
        judge_line(filter);
        if (byte == '\n')
            end_line(filter);
    }
    return false;
}

bool ftp_take_reply(struct ftp_filter *filter, uint8_t byte)
{
    struct ftp_channel *channel = &filter->replies;
    bool is_text = !ftp_telnet_takes(&channel->telnet, byte), ends = is_text && byte == '\n';
    switch (channel->state) {
    case FTP_READS_START:
        return start_line(filter, byte, is_text);
    case FTP_PASSES:
        if (ends)
            end_line(filter);
        return true;
    default: /* FTP_DROPS */
        if (!is_text)
            return true;
        ftp_scan_byte(&filter->reply.scan, (char)byte);
        if (ends) {
            channel->pending_length = channel->pending_sent = 0;
            end_line(filter);
        }
        return false;
    }
}
