/*
 * Which replies an FTP server still owes, in the order of the commands (RFC 959 section 5.4: one final reply for
 * each). Commands that nobody needs to know are counted, so that a client may pipeline as many as it likes; the few
 * others have an entry each.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_FTP_FTP_QUEUE_H
#define V6SHIM_CORE_FTP_FTP_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define FTP_QUEUE_MAX 16

enum ftp_owed {
    FTP_OWES_NOTHING,
    FTP_OWES_ANY,           /* a reply that passes as it is */
    FTP_OWES_229_FOR_PASV,  /* the client sent PASV, the server got EPSV */
    FTP_OWES_227_AGAIN,     /* ... and refused that, and got PASV */
    FTP_OWES_200_FOR_PORT,  /* the client sent PORT, the server got EPRT */
    FTP_OWES_227_FOR_EPSV,  /* the client sent EPSV, the server got PASV */
    FTP_OWES_OWN,           /* the client's own EPSV, or PASV, went on as it was */
    FTP_OWES_SECURITY,      /* AUTH */
    FTP_OWES_LOCAL_REPLIES, /* this, and this plus the number of a reply: one that we give (core/ftp/ftp_channel.h) */
};

struct ftp_queue {
    struct ftp_queue_entry {
        uint32_t plain_before; /* replies of FTP_OWES_ANY that come first */
        uint8_t owed;
    } entries[FTP_QUEUE_MAX];
    uint8_t first, count;
    uint32_t plain_behind; /* replies of FTP_OWES_ANY after the last entry */
};

/* Whether another command can be added, of any kind. */
bool ftp_queue_has_room(const struct ftp_queue *queue);

/* Adds what the server owes for one more command. Only where there is room. */
void ftp_queue_add(struct ftp_queue *queue, unsigned owed);

/* What the next final reply is for: an enum ftp_owed or a local reply. */
unsigned ftp_queue_next(const struct ftp_queue *queue);

/* That reply has come. */
void ftp_queue_drop(struct ftp_queue *queue);

/*
 * A reply has come that belongs to nothing but commands of these two kinds. Where one is owed, though not next, the
 * server has given fewer replies than it got commands (some do, after ABOR): those that come before are taken for
 * given, so that it is next. Local replies before it are lost. False, and nothing done, where none is owed.
 */
bool ftp_queue_advance(struct ftp_queue *queue, unsigned owed, unsigned or_owed);

#endif
