/* Holds and releases lines of one flow of FTP; called by core/ftp/ftp_filter.c, ftp_commands.c and ftp_replies.c. */
#include "core/ftp/ftp_channel.h"

#include <string.h>

/* RFC 854. */
#define TELNET_IAC           255
#define TELNET_FIRST_COMMAND 240
#define TELNET_WILL          251
#define TELNET_DONT          254

const char *ftp_local_reply(enum ftp_local reply)
{
    static const char replies[FTP_LOCAL_COUNT][80] = {
        [FTP_LOCAL_NAT64] = "500 Active mode is not possible through NAT64, use passive mode.",
        [FTP_LOCAL_NO_LISTENER] = "500 Active mode is not possible here, use passive mode.",
        [FTP_LOCAL_SYNTAX] = "501 Syntax error in the address.",
        [FTP_LOCAL_THIRD_HOST] = "504 Data connections to other hosts are not allowed.",
        [FTP_LOCAL_LOW_PORT] = "504 Data connections to ports below 1024 are not allowed.",
        [FTP_LOCAL_USE_2] = "522 Network protocol not supported, use (2)",
        [FTP_LOCAL_EPSV_ALL] = "200 EPSV ALL command successful.",
        [FTP_LOCAL_AFTER_EPSV_ALL] = "501 Only EPSV is allowed after EPSV ALL.",
        [FTP_LOCAL_PORT] = "501 This connection uses IPv6, use EPRT or EPSV.",
        [FTP_LOCAL_LONG] = "500 Command not understood, use EPRT or EPSV.",
        [FTP_LOCAL_NO_PASSIVE] = "502 The server has no passive mode over IPv6.",
        [FTP_LOCAL_NO_ACTIVE] = "500 The server has no active mode over IPv6, use passive mode.",
        [FTP_LOCAL_NO_SERVICE] = "425 Passive mode is not possible here.",
        [FTP_LOCAL_UNREADABLE] = "425 The server's answer names no port.",
    };
    return replies[reply];
}

bool ftp_telnet_takes(uint8_t *telnet, uint8_t byte)
{
    switch (*telnet) {
    case FTP_TELNET_COMMAND:
        *telnet = byte >= TELNET_WILL && byte <= TELNET_DONT ? FTP_TELNET_OPTION : FTP_TELNET_NONE;
        /* No command begins below 240: somebody has sent a name with a 255 in it and not escaped that. */
        return byte >= TELNET_FIRST_COMMAND && byte != TELNET_IAC;
    case FTP_TELNET_OPTION:
        *telnet = FTP_TELNET_NONE;
        return true;
    default:
        if (byte != TELNET_IAC)
            return false;
        *telnet = FTP_TELNET_COMMAND;
        return true;
    }
}

bool ftp_hold(struct ftp_channel *channel, uint8_t byte, bool is_text)
{
    if (channel->held_length == sizeof channel->held)
        return false;
    channel->held[channel->held_length++] = byte;
    if (is_text)
        channel->text_length++;
    return true;
}

size_t ftp_held_text(const struct ftp_channel *channel, char *text)
{
    uint8_t telnet = FTP_TELNET_NONE;
    size_t length = 0;
    for (size_t place = 0; place < channel->held_length; place++)
        if (!ftp_telnet_takes(&telnet, channel->held[place]))
            text[length++] = (char)channel->held[place];
    return length;
}

static void clear_held(struct ftp_channel *channel)
{
    channel->held_length = 0;
    channel->text_length = 0;
}

void ftp_let_go(struct ftp_channel *channel)
{
    memcpy(channel->pending, channel->held, channel->held_length);
    channel->pending_length = channel->held_length;
    channel->pending_sent = 0;
    clear_held(channel);
}

void ftp_let_go_with(struct ftp_channel *channel, uint8_t byte)
{
    ftp_let_go(channel);
    channel->pending[channel->pending_length++] = byte;
}

void ftp_forget(struct ftp_channel *channel)
{
    uint8_t telnet = FTP_TELNET_NONE;
    channel->pending_length = channel->pending_sent = 0;
    for (size_t place = 0; place < channel->held_length; place++)
        if (ftp_telnet_takes(&telnet, channel->held[place]))
            channel->pending[channel->pending_length++] = channel->held[place];
    clear_held(channel);
}

struct text ftp_begin_line(struct ftp_channel *channel)
{
    return text_on((char *)channel->pending + channel->pending_length, FTP_PENDING_SIZE - channel->pending_length);
}

void ftp_end_line(struct ftp_channel *channel, const struct text *text, bool carriage)
{
    struct text line = *text;
    text_add(&line, carriage ? "\r\n" : "\n");
    channel->pending_length = (uint16_t)(channel->pending_length + line.length);
}

void ftp_next_line(struct ftp_channel *channel)
{
    channel->state = FTP_READS_START;
    channel->blank = true;
    channel->leading = 0;
    channel->carriage = false;
}
