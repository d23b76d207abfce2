/*
 * The two halves of the filter: what a byte of commands and of replies does. Used by core/ftp/ftp_filter.c alone,
 * which has the contract. Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_FTP_FTP_LINES_H
#define V6SHIM_CORE_FTP_FTP_LINES_H

#include "core/ftp/ftp_filter.h"

/* The first byte of a TLS record that holds a handshake (RFC 8446 section 5.1), or an alert: no line of FTP begins
 * so. */
#define FTP_TLS_ALERT     21
#define FTP_TLS_HANDSHAKE 22

/* Takes one byte, with nothing pending and the flow neither transparent nor waiting; for commands, with room in the
   queue. True where the byte goes out as it is; else it is held, dropped, or replaced by what is pending now. */
bool ftp_take_command(struct ftp_filter *filter, uint8_t byte);
bool ftp_take_reply(struct ftp_filter *filter, uint8_t byte);

/* Puts a reply of ours that is due, if there is one, among what is pending. With nothing pending. */
bool ftp_give_local(struct ftp_filter *filter);

/* The answer to FTP_ASKS_LISTENER, NULL to refuse, and to FTP_ASKS_SERVICE, 0 to refuse. The request is open. */
void ftp_answer_listener(struct ftp_filter *filter, const struct ip_address *address, uint16_t port);
void ftp_answer_service(struct ftp_filter *filter, uint16_t port);

#endif
