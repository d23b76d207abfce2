/*
 * Messages of the DNS in a TCP stream, each behind its length (RFC 1035 section 4.2.2, RFC 7766 section 8).
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_DNS_DNS_FRAME_H
#define V6SHIM_CORE_DNS_DNS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_FRAME_PREFIX 2 /* bytes of a length */

/* One direction of a stream. All zero at the start. */
struct dns_frame {
    uint8_t prefix[DNS_FRAME_PREFIX];
    uint8_t prefix_length;
    uint16_t length; /* of the message, where `prefix` is complete */
    uint16_t got;    /* bytes of it */
};

enum dns_frame_event {
    DNS_FRAME_MORE,    /* all was taken, and the message isn't complete */
    DNS_FRAME_MESSAGE, /* frame->length bytes at `buffer`; what is behind them wasn't taken. Length 0 is possible */
    DNS_FRAME_LONG, /* it is longer than the buffer: nothing of it was taken but its length. See dns_frame_pass() */
};

/*
 * Takes bytes of the stream, cut anywhere: `bytes` and `count` are advanced by what was taken. `buffer` is the same
 * one until a message is complete. After DNS_FRAME_MESSAGE the next call begins the next message.
 */
enum dns_frame_event dns_frame_take(struct dns_frame *frame, const uint8_t **bytes, size_t *count, uint8_t *buffer,
                                    size_t size);

/* After DNS_FRAME_LONG the caller sends frame->prefix on, and then whatever this gives: how many of `count` bytes
   belong to that message. It counts them; after the last one dns_frame_take() begins the next message. */
size_t dns_frame_pass(struct dns_frame *frame, size_t count);

/* Whether the stream may end here: it is between two messages. */
bool dns_frame_is_between(const struct dns_frame *frame);

#endif
