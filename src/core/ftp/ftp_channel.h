/*
 * One flow of an FTP control connection, as commands and replies both need it: the line that is being read, and what
 * has still to go out. Used by the files of this folder alone; a caller of the filter reads core/ftp/ftp_filter.h.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_FTP_FTP_CHANNEL_H
#define V6SHIM_CORE_FTP_FTP_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"

/* Longer than any command that we change, with blanks and some telnet between. */
#define FTP_HELD_SIZE    160
#define FTP_PENDING_SIZE (FTP_HELD_SIZE + 128) /* a line held, and one of ours */

enum ftp_state {
    FTP_READS_START, /* the first bytes of a line are held, until they show what it is */
    FTP_READS_REST,  /* all of the line is held */
    FTP_PASSES,      /* the rest of the line goes out as it is */
    FTP_DROPS,       /* the rest of the line doesn't, but for telnet commands */
    FTP_WAITS,       /* nothing is read: the caller has been asked */
};

enum ftp_telnet {
    FTP_TELNET_NONE,
    FTP_TELNET_COMMAND, /* IAC has come */
    FTP_TELNET_OPTION,  /* IAC WILL, WONT, DO or DONT has come */
};

struct ftp_channel {
    uint8_t state;       /* enum ftp_state */
    uint8_t telnet;      /* enum ftp_telnet, as of the last byte read */
    uint8_t verb;        /* commands: which one the line is, a number of ftp_commands.c */
    bool blank;          /* commands: the line has had nothing yet but blanks */
    bool carriage;       /* the last byte of text was CR */
    bool ended;          /* all has gone out, and nothing comes after it */
    uint8_t text_length; /* bytes of text in `held`, without telnet commands */
    uint8_t leading;     /* commands: how many of these are blanks before the verb */
    uint16_t held_length;
    uint16_t pending_length, pending_sent;
    uint8_t held[FTP_HELD_SIZE];
    uint8_t pending[FTP_PENDING_SIZE];
};

/* Replies that we give ourselves, in the order of ftp_local_reply(). */
enum ftp_local {
    FTP_LOCAL_NAT64,
    FTP_LOCAL_NO_LISTENER,
    FTP_LOCAL_SYNTAX,
    FTP_LOCAL_THIRD_HOST,
    FTP_LOCAL_LOW_PORT,
    FTP_LOCAL_USE_2,
    FTP_LOCAL_EPSV_ALL,
    FTP_LOCAL_AFTER_EPSV_ALL,
    FTP_LOCAL_PORT,
    FTP_LOCAL_LONG,
    FTP_LOCAL_NO_PASSIVE,
    FTP_LOCAL_NO_ACTIVE,
    FTP_LOCAL_NO_SERVICE,
    FTP_LOCAL_UNREADABLE,
    FTP_LOCAL_COUNT,
};

/* Its text, without the end of the line. */
const char *ftp_local_reply(enum ftp_local reply);

/* Whether the byte belongs to a telnet command (RFC 854); else it is text. Keeps the state. An escaped 255 is text,
   its second byte. */
bool ftp_telnet_takes(uint8_t *telnet, uint8_t byte);

/* Puts a byte at the end of what is held. Where there is no room, nothing is done and false returned. */
bool ftp_hold(struct ftp_channel *channel, uint8_t byte, bool is_text);

/* The text of what is held, without telnet commands, in `text` (FTP_HELD_SIZE bytes). Returns its length. */
size_t ftp_held_text(const struct ftp_channel *channel, char *text);

/* What is held goes out as it is. Nothing may be pending. */
void ftp_let_go(struct ftp_channel *channel);

/* The same, and a byte after it. */
void ftp_let_go_with(struct ftp_channel *channel, uint8_t byte);

/* What is held is forgotten, but its telnet commands go out. Nothing may be pending. */
void ftp_forget(struct ftp_channel *channel);

/* A text on the room behind what is pending, and its end: the line's own ending is added, and it goes out. */
struct text ftp_begin_line(struct ftp_channel *channel);
void ftp_end_line(struct ftp_channel *channel, const struct text *text, bool carriage);

/* The next line begins. */
void ftp_next_line(struct ftp_channel *channel);

#endif
