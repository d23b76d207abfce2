/*
 * Conversations over an FTP control connection, for the tests of core/ftp: what each end sends, and what the other
 * one must get. Include it after <cmocka.h>.
 */
#ifndef V6SHIM_TESTS_CORE_FTP_CONVERSATION_H
#define V6SHIM_TESTS_CORE_FTP_CONVERSATION_H

#include "core/ftp/ftp_filter.h"

/* The hosts of all conversations. */
#define PEER        "2001:db8::9"
#define PEER_ALIAS  "240.64.0.9"
#define OWN_IPV4    "192.0.2.7"
#define LISTENER    "2001:db8::7" /* what FTP_ASKS_LISTENER is answered with; FTP_ASKS_SERVICE by the same port */
#define NAMES_ALIAS "240,64,0,9"

#define REFUSED_PORT 9999 /* a request for this port is refused */

/* A client sends, then the server does: what comes out is complete before the next exchange begins. NULL: nothing. */
struct exchange {
    const char *from_client, *to_server;
    const char *from_server, *to_client;
};

#define EXCHANGES_MAX 12

struct conversation {
    const char *title;
    enum ftp_role role;
    bool nat64;
    struct exchange exchanges[EXCHANGES_MAX]; /* the last one that isn't all NULL ends it */
};

/* As the header of the filter says: for the client or server of the conversation. */
struct ftp_setup setup_of(enum ftp_role role, bool nat64);

/*
 * Carries each conversation out in every way: each text as a whole, byte by byte, cut in two at every place, and each
 * of these with room for one byte of output at a time. Fails the test where anything else comes out than what must.
 */
void converse(const struct conversation *conversations, size_t count);

#endif
