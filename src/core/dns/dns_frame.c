/* Finds messages of the DNS in a TCP stream; for the relay of the preload. */
#include "core/dns/dns_frame.h"

#include <string.h>

static void begin_next(struct dns_frame *frame)
{
    frame->prefix_length = 0;
    frame->got = 0;
}

enum dns_frame_event dns_frame_take(struct dns_frame *frame, const uint8_t **bytes, size_t *count, uint8_t *buffer,
                                    size_t size)
{
    while (frame->prefix_length < DNS_FRAME_PREFIX) {
        if (*count == 0)
            return DNS_FRAME_MORE;
        frame->prefix[frame->prefix_length++] = *(*bytes)++;
        --*count;
        frame->length = (uint16_t)(frame->prefix[0] << 8 | frame->prefix[1]);
    }
    if (frame->length > size)
        return DNS_FRAME_LONG;
    size_t part = frame->length - frame->got;
    if (part > *count)
        part = *count;
    if (part > 0) {
        memcpy(buffer + frame->got, *bytes, part);
        *bytes += part;
        *count -= part;
        frame->got = (uint16_t)(frame->got + part);
    }
    if (frame->got < frame->length)
        return DNS_FRAME_MORE;
    begin_next(frame);
    return DNS_FRAME_MESSAGE;
}

size_t dns_frame_pass(struct dns_frame *frame, size_t count)
{
    size_t part = frame->length - frame->got;
    if (part > count)
        part = count;
    frame->got = (uint16_t)(frame->got + part);
    if (frame->got == frame->length)
        begin_next(frame);
    return part;
}

bool dns_frame_is_between(const struct dns_frame *frame)
{
    return frame->prefix_length == 0;
}
