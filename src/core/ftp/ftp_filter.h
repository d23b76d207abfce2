/*
 * A filter for one FTP control connection (RFC 959) between a program that knows IPv4 alone and a host that it
 * reaches, or that reaches it, over IPv6. It changes the commands and replies that name addresses (RFC 2428), and
 * nothing else. It is for connections over IPv6 only: one over IPv4 needs none.
 *
 * The caller has two sockets and moves bytes; the filter says what comes out. There are two flows, whichever end the
 * program is: commands go from the client to the server, replies from the server to the client.
 *
 *     ftp_start(&filter, &setup);
 *     for (;;) {
 *         set up `commands` and `replies`: what was read and not consumed yet, and where output may go
 *         switch (ftp_run(&filter, &commands, &replies)) {
 *         case FTP_ASKS_LISTENER:
 *         case FTP_ASKS_SERVICE:
 *             look at filter.request, then ftp_answer() or ftp_refuse(), now or later, then run again
 *         }
 *         write what came out, keep what wasn't consumed, wait
 *     }
 *
 * ftp_run() advances `input` and `output` of both flows as far as it gets. It stops where a flow has no input left,
 * no room for output, or has to wait for an answer to the request or for replies (FTP_QUEUE_MAX commands that we
 * changed are without one). Either flow can produce from the other's input: a command that is answered here comes out
 * as a reply. So after each run both outputs are to be looked at, and the filter is run again when room comes,
 * without new input too. It never waits for one end where the other end could do something about it: a caller that
 * reads an end only while fewer than N of its bytes are unconsumed has bounded memory, and can't hang for it.
 *
 * The bytes may be cut anywhere. No line is kept: what isn't changed is passed on as it comes, a line of any length
 * too. Of a line that may have to be changed up to FTP_HELD_SIZE bytes are kept. `input` isn't used after the call.
 *
 * The end: the caller sets `input_ended` when the socket has said end-of-file, and no more bytes will come. When all
 * that came before has gone out, the filter sets `output_ended`: then, and not before, the other socket gets
 * shutdown(SHUT_WR). A reset is not the filter's business: the caller passes it on, and forgets the filter.
 *
 * Telnet commands (IAC and a byte, or IAC, WILL, WONT, DO or DONT and two) are not part of a line and pass in their
 * place. Only within a line that is changed they come before what replaces it. Urgent data (RFC 959 ABOR: IAC IP, IAC
 * DM with the urgent mark, "ABOR"): at the start of a line each byte goes out in the run in which it came in. So the
 * caller runs the bytes up to and including the urgent one by themselves, and if that comes out last, sends it with
 * MSG_OOB. If it doesn't come out (it is in the middle of a held line, where no FTP program sends it), the mark is
 * lost and the byte isn't.
 *
 * What becomes of the program as a client:
 *   PORT and EPRT |1|   EPRT |2| with the IPv6 address and port that the caller tells (FTP_ASKS_LISTENER)
 *   PASV                EPSV; 229 becomes 227 with `peer_alias`. A server that knows no EPSV (500, 501, 502, 504) is
 * asked by PASV, where nothing else was sent meanwhile: of its 227 the port counts alone, since an address there
 * means nothing over IPv6, and may be a third host's. EPSV, EPRT |2|      as they are; over `peer_alias` the port of
 * 229 is right as it stands 500, 501, 502, 504, 522 for what we changed: 502 (PASV) and 500 (PORT), which RFC 959
 * section 5.4 has for them with `nat64`        PORT and EPRT |1| are answered by 500: no server behind a translator
 * can connect to us (RFC 6384 section 4 has no way without the translator's help) As a server: EPSV, EPSV 2 PASV; 227
 * becomes 229 with the port that the caller tells (FTP_ASKS_SERVICE). Where 227 names neither `own` nor 0.0.0.0, the
 * data would be somebody else's: 425 EPRT |2|            PORT with `peer_alias`, where the address is `peer` itself
 * and the port 1024 or above; else 504 (RFC 2577 section 3) EPSV 1, EPRT |1|    522, "use (2)" EPSV ALL 200; after it
 * EPRT, PORT, PASV and LPRT are answered by 501 (RFC 2428 section 4) PORT                501: whatever IPv4 address
 * it names, it is none of the client's LPRT, LPSV          500 (RFC 1639), as from a server that never heard of them
 *   PASV                as it is; clients that ignore the address in 227 can use it
 * In both: after AUTH was accepted (232, 234, 334, RFC 2228), where the server sends a TLS record in the place of a
 * line, and where its first line is no reply, the filter passes all bytes of both flows, for good. A client that is
 * the program may begin TLS by itself; one of a server could use that to get past what is refused. What CCC brings
 * back is not touched: the filter can't know when it comes. So a server that expects TLS from the first byte needs no
 * filter, and should have none.
 *
 * Pure: no I/O, no clock, no allocation, errno left alone; async-signal-safe. One thread at a time for one filter. It
 * has no pointers, so that a fork or a copy is a filter of its own. Whatever either end sends, the memory used is
 * what is here, and the time of a run is linear in the bytes consumed.
 */
#ifndef V6SHIM_CORE_FTP_FTP_FILTER_H
#define V6SHIM_CORE_FTP_FTP_FILTER_H

#include "core/ftp/ftp_channel.h"
#include "core/ftp/ftp_queue.h"
#include "core/ftp/ftp_syntax.h"

/* What the program is. */
enum ftp_role {
    FTP_CLIENT,
    FTP_SERVER,
};

struct ftp_setup {
    enum ftp_role role;
    bool nat64;                /* client: the server is an IPv4 host behind NAT64 */
    struct ip_address peer;    /* server: the client's IPv6 address; its scope doesn't count */
    struct in_addr peer_alias; /* the other end as the program sees it, what getpeername() tells */
    struct in_addr own;        /* server: this end as the program sees it, what getsockname() tells */
};

enum ftp_request_kind {
    FTP_ASKS_NOTHING,
    /*
     * Client. The program has told the server by PORT to connect to request.address, request.port. Answer with the
     * IPv6 address and port where a connection reaches what listens there: for a listener of the program (which must
     * then take IPv6) its port and the address that the control connection has at this end; for an alias, as in a
     * transfer between two servers, the address that it stands for. Refuse where there is none: the program gets 500.
     */
    FTP_ASKS_LISTENER,
    /*
     * Server. The program listens on request.port for a data connection. Answer with the port at which clients reach
     * it over IPv6, the same one as a rule (the address of the answer isn't used). Refuse where they can't, or where
     * nothing of this program listens there: the client gets 425.
     */
    FTP_ASKS_SERVICE,
};

struct ftp_request {
    enum ftp_request_kind kind;
    struct in_addr address;
    uint16_t port; /* host byte order */
};

/* One direction of the connection, for one run. */
struct ftp_flow {
    const uint8_t *input;
    size_t input_size;
    bool input_ended; /* nothing comes after this input */
    uint8_t *output;
    size_t output_room;
    bool output_ended; /* set by ftp_run; nothing comes after this output */
};

struct ftp_filter {
    struct ftp_setup setup;
    struct ftp_request request; /* open while its kind isn't FTP_ASKS_NOTHING */
    bool transparent;
    bool epsv_all; /* server: the client has said that it will use nothing else */
    struct ftp_channel commands;
    struct ftp_queue queue;
    struct ftp_channel replies;
    struct ftp_reply {
        uint8_t fate;         /* an enum of ftp_replies.c */
        bool greeted;         /* the server's first line has come */
        bool inside;          /* a reply of several lines */
        bool last_line;       /* the line that is being read ends the reply */
        uint16_t code;        /* of the reply that is being read */
        struct ftp_scan scan; /* of a reply that is replaced */
    } reply;
};

/* A filter for a connection over which nothing has gone yet, the server's greeting neither. */
void ftp_start(struct ftp_filter *filter, const struct ftp_setup *setup);

/* Moves bytes as far as it gets; see above. Returns filter->request.kind. */
enum ftp_request_kind ftp_run(struct ftp_filter *filter, struct ftp_flow *commands, struct ftp_flow *replies);

/* The answer to the open request; `address` is an IPv6 one for FTP_ASKS_LISTENER, else it isn't used and may be NULL.
   An address of another family, or port 0, refuses. Without an open request it does nothing. */
void ftp_answer(struct ftp_filter *filter, const struct ip_address *address, uint16_t port);
void ftp_refuse(struct ftp_filter *filter);

/* Whether the filter holds nothing and will never again change anything: the caller may do without it. */
bool ftp_is_transparent(const struct ftp_filter *filter);

#endif
