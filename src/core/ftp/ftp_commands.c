/* Changes an FTP client's commands; called by core/ftp/ftp_filter.c. */
#include "core/ftp/ftp_lines.h"

#include <string.h>

#define VERB_LENGTH       4
#define FIRST_OPEN_PORT   1024 /* RFC 2577 section 3 */
#define PROTOCOL_TEXT_MAX 8    /* an argument of EPSV that names a protocol is no longer */

enum verb {
    VERB_PORT,
    VERB_PASV,
    VERB_EPRT,
    VERB_EPSV,
    VERB_AUTH,
    VERB_ABOR,
    VERB_LPRT, /* from here on: of interest to a server alone */
    VERB_LPSV,
    VERB_NONE,
};

static const char verbs[VERB_NONE][VERB_LENGTH + 1] = {
    [VERB_PORT] = "PORT", [VERB_PASV] = "PASV", [VERB_EPRT] = "EPRT", [VERB_EPSV] = "EPSV",
    [VERB_AUTH] = "AUTH", [VERB_ABOR] = "ABOR", [VERB_LPRT] = "LPRT", [VERB_LPSV] = "LPSV",
};

/* A command that is complete. */
struct command {
    const char *argument;
    size_t length; /* of the argument; blanks around it are left out */
};

static bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* What isspace() says, as the servers that use it. */
static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool same_letters(const char *text, const char *upper, size_t length)
{
    for (size_t place = 0; place < length; place++) {
        char letter = text[place];
        if (letter >= 'a' && letter <= 'z')
            letter = (char)(letter - 'a' + 'A');
        if (letter != upper[place])
            return false;
    }
    return true;
}

/* Which command begins so; `text` has a byte after the verb. */
static enum verb find_verb(enum ftp_role role, const char *text, size_t length)
{
    unsigned count = role == FTP_SERVER ? VERB_NONE : VERB_LPRT;
    if (length != VERB_LENGTH + 1 || !is_blank(text[VERB_LENGTH]))
        return VERB_NONE;
    for (unsigned verb = 0; verb < count; verb++)
        if (same_letters(text, verbs[verb], VERB_LENGTH))
            return verb;
    return VERB_NONE;
}

/* The line goes on as it is; the server owes this for it. */
static void pass(struct ftp_filter *filter, unsigned owed)
{
    ftp_let_go(&filter->commands);
    ftp_queue_add(&filter->queue, owed);
    ftp_next_line(&filter->commands);
}

/* The line is answered here. */
static void answer_here(struct ftp_filter *filter, enum ftp_local reply)
{
    ftp_forget(&filter->commands);
    ftp_queue_add(&filter->queue, FTP_OWES_LOCAL_REPLIES + reply);
    ftp_next_line(&filter->commands);
}

/* Another line goes on in its place. */
static struct text begin_instead(struct ftp_filter *filter, const char *verb)
{
    ftp_forget(&filter->commands);
    struct text line = ftp_begin_line(&filter->commands);
    text_add(&line, verb);
    return line;
}

static void end_instead(struct ftp_filter *filter, const struct text *line, unsigned owed)
{
    ftp_end_line(&filter->commands, line, filter->commands.carriage);
    ftp_queue_add(&filter->queue, owed);
    ftp_next_line(&filter->commands);
}

static void send_instead(struct ftp_filter *filter, const char *verb, unsigned owed)
{
    struct text line = begin_instead(filter, verb);
    end_instead(filter, &line, owed);
}

static void active_mode(struct ftp_filter *filter, const struct ftp_endpoint *endpoint)
{
    if (filter->setup.nat64) {
        answer_here(filter, FTP_LOCAL_NAT64);
        return;
    }
    filter->request =
        (struct ftp_request){.kind = FTP_ASKS_LISTENER, .address = endpoint->address, .port = endpoint->port};
    filter->commands.state = FTP_WAITS;
}

void ftp_answer_listener(struct ftp_filter *filter, const struct ip_address *address, uint16_t port)
{
    if (address == NULL) {
        answer_here(filter, FTP_LOCAL_NO_LISTENER);
        return;
    }
    struct text line = begin_instead(filter, "EPRT ");
    ftp_add_eprt(&line, address, port);
    end_instead(filter, &line, FTP_OWES_200_FOR_PORT);
}

static void of_client(struct ftp_filter *filter, enum verb verb, const struct command *command)
{
    struct ftp_endpoint endpoint;
    struct ip_address address;
    if (verb == VERB_PORT && ftp_read_port(command->argument, command->length, &endpoint)) {
        active_mode(filter, &endpoint);
    } else if (verb == VERB_EPRT &&
               ftp_read_eprt(command->argument, command->length, &address, &endpoint.port) == FTP_EPRT_IPV4) {
        endpoint.address = address.ipv4;
        active_mode(filter, &endpoint);
    } else if (verb == VERB_PASV && command->length == 0) {
        send_instead(filter, "EPSV", FTP_OWES_229_FOR_PASV);
    } else if (verb == VERB_EPSV) {
        pass(filter, FTP_OWES_OWN);
    } else {
        pass(filter, FTP_OWES_ANY);
    }
}

/* EPRT of a client of an IPv4-only server. */
static void active_mode_back(struct ftp_filter *filter, const struct command *command)
{
    struct ip_address address, peer = filter->setup.peer;
    struct ftp_endpoint endpoint = {.address = filter->setup.peer_alias};
    peer.scope = 0;
    switch (ftp_read_eprt(command->argument, command->length, &address, &endpoint.port)) {
    case FTP_EPRT_BAD:
        answer_here(filter, FTP_LOCAL_SYNTAX);
        return;
    case FTP_EPRT_OTHER_PROTOCOL:
    case FTP_EPRT_IPV4:
        answer_here(filter, FTP_LOCAL_USE_2);
        return;
    case FTP_EPRT_IPV6:
        break;
    }
    if (!address_equal(&address, &peer)) {
        answer_here(filter, FTP_LOCAL_THIRD_HOST);
    } else if (endpoint.port < FIRST_OPEN_PORT) {
        answer_here(filter, FTP_LOCAL_LOW_PORT);
    } else {
        struct text line = begin_instead(filter, "PORT ");
        ftp_add_endpoint(&line, &endpoint);
        end_instead(filter, &line, FTP_OWES_ANY);
    }
}

static void passive_mode_back(struct ftp_filter *filter, const struct command *command)
{
    size_t digits = 0;
    while (digits < command->length && command->argument[digits] >= '0' && command->argument[digits] <= '9')
        digits++;
    if (command->length == 0 || (command->length == 1 && command->argument[0] == '2')) {
        send_instead(filter, "PASV", FTP_OWES_227_FOR_EPSV);
    } else if (command->length == 3 && same_letters(command->argument, "ALL", command->length)) {
        filter->epsv_all = true;
        answer_here(filter, FTP_LOCAL_EPSV_ALL);
    } else if (digits == command->length && digits < PROTOCOL_TEXT_MAX) {
        answer_here(filter, FTP_LOCAL_USE_2);
    } else {
        answer_here(filter, FTP_LOCAL_SYNTAX);
    }
}

/* The command may be one that was too long to be held: then there is no argument. */
static void for_server(struct ftp_filter *filter, enum verb verb, const struct command *command)
{
    bool makes_connections = verb == VERB_EPRT || verb == VERB_PORT || verb == VERB_PASV || verb == VERB_LPRT;
    if (makes_connections && filter->epsv_all) {
        answer_here(filter, FTP_LOCAL_AFTER_EPSV_ALL);
    } else if (verb == VERB_EPRT) {
        active_mode_back(filter, command);
    } else if (verb == VERB_EPSV) {
        passive_mode_back(filter, command);
    } else if (verb == VERB_PORT) {
        answer_here(filter, FTP_LOCAL_PORT);
    } else if (verb == VERB_LPRT || verb == VERB_LPSV) {
        answer_here(filter, FTP_LOCAL_LONG);
    } else {
        pass(filter, verb == VERB_PASV ? FTP_OWES_OWN : FTP_OWES_ANY);
    }
}

/* All of the line is held. */
static void finish_line(struct ftp_filter *filter)
{
    struct ftp_channel *channel = &filter->commands;
    enum verb verb = channel->verb;
    char text[FTP_HELD_SIZE];
    size_t length = ftp_held_text(channel, text);
    size_t verb_end = channel->leading + (size_t)VERB_LENGTH;
    struct command command = {text + verb_end, length - verb_end};
    while (command.length > 0 && is_blank(command.argument[0])) {
        command.argument++;
        command.length--;
    }
    while (command.length > 0 && is_blank(command.argument[command.length - 1]))
        command.length--;
    if (verb == VERB_AUTH)
        pass(filter, FTP_OWES_SECURITY);
    else if (filter->setup.role == FTP_CLIENT)
        of_client(filter, verb, &command);
    else
        for_server(filter, verb, &command);
}

/* A line of which nothing more is held than what will go out. */
static void end_plain_line(struct ftp_filter *filter)
{
    /* ABOR isn't counted: some servers answer it and the transfer by one reply, and one that is owed for ever would
       hold back what we have to say ourselves. The second reply of others passes where none is owed. */
    if (!filter->commands.blank && filter->commands.verb != VERB_ABOR)
        ftp_queue_add(&filter->queue, FTP_OWES_ANY);
    ftp_next_line(&filter->commands);
}

/* The line is longer than can be held. */
static void give_up_line(struct ftp_filter *filter, uint8_t byte)
{
    struct ftp_channel *channel = &filter->commands;
    bool may_pass = filter->setup.role == FTP_CLIENT || channel->verb == VERB_PASV || channel->verb == VERB_AUTH;
    if (!may_pass) {
        ftp_forget(channel);
        ftp_queue_add(&filter->queue, FTP_OWES_LOCAL_REPLIES + FTP_LOCAL_SYNTAX);
        channel->state = FTP_DROPS;
    } else {
        ftp_let_go_with(channel, byte);
        channel->state = FTP_PASSES;
    }
}

static void end_given_up_line(struct ftp_filter *filter)
{
    if (filter->commands.state == FTP_DROPS)
        ftp_next_line(&filter->commands);
    else
        end_plain_line(filter);
}

/* What is held shows the verb, with the byte behind it. */
static void judge_line(struct ftp_filter *filter, uint8_t byte)
{
    struct ftp_channel *channel = &filter->commands;
    char text[FTP_HELD_SIZE];
    size_t length = ftp_held_text(channel, text);
    channel->verb = (uint8_t)find_verb(filter->setup.role, text + channel->leading, length - channel->leading);
    if (channel->verb != VERB_NONE && channel->verb != VERB_ABOR) {
        channel->state = FTP_READS_REST;
        if (byte == '\n')
            finish_line(filter);
        return;
    }
    ftp_let_go(channel);
    channel->state = FTP_PASSES;
    if (byte == '\n')
        end_plain_line(filter);
}

static bool start_line(struct ftp_filter *filter, uint8_t byte, bool is_text)
{
    struct ftp_channel *channel = &filter->commands;
    if (!is_text && channel->held_length == 0)
        return true;
    /* A client of a server could switch the filter off so, and then send what it would refuse. */
    if (is_text && channel->held_length == 0 && filter->setup.role == FTP_CLIENT &&
        (byte == FTP_TLS_HANDSHAKE || byte == FTP_TLS_ALERT)) {
        filter->transparent = true;
        return true;
    }
    channel->verb = VERB_NONE;
    if (!ftp_hold(channel, byte, is_text)) { /* telnet commands and blanks alone can be as many */
        give_up_line(filter, byte);
        if (is_text && byte == '\n')
            end_given_up_line(filter);
        return false;
    }
    if (is_text && channel->leading + 1 == channel->text_length && is_blank((char)byte) && byte != '\n')
        channel->leading++; /* some servers pass over blanks before a command */
    else if (is_text && !(is_letter((char)byte) && channel->text_length - channel->leading <= VERB_LENGTH))
        judge_line(filter, byte);
    return false;
}

static bool take(struct ftp_filter *filter, uint8_t byte, bool is_text)
{
    struct ftp_channel *channel = &filter->commands;
    bool ends = is_text && byte == '\n';
    switch (channel->state) {
    case FTP_READS_START:
        return start_line(filter, byte, is_text);
    case FTP_READS_REST:
        if (!ftp_hold(channel, byte, is_text))
            give_up_line(filter, byte);
        else if (ends)
            finish_line(filter);
        if (channel->state != FTP_PASSES && channel->state != FTP_DROPS)
            return false;
        if (ends)
            end_given_up_line(filter);
        return false;
    case FTP_PASSES:
        if (ends)
            end_plain_line(filter);
        return true;
    default: /* FTP_DROPS */
        if (ends)
            ftp_next_line(channel);
        return !is_text;
    }
}

bool ftp_take_command(struct ftp_filter *filter, uint8_t byte)
{
    struct ftp_channel *channel = &filter->commands;
    bool is_text = !ftp_telnet_takes(&channel->telnet, byte);
    if (is_text && !is_blank((char)byte))
        channel->blank = false;
    bool passes = take(filter, byte, is_text);
    if (is_text && byte != '\n')
        channel->carriage = byte == '\r';
    return passes;
}
