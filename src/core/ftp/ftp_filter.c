/* Moves the bytes of an FTP control connection through both halves of the filter; for the relay of the preload. */
#include "core/ftp/ftp_filter.h"

#include <string.h>

#include "core/ftp/ftp_lines.h"

void ftp_start(struct ftp_filter *filter, const struct ftp_setup *setup)
{
    memset(filter, 0, sizeof *filter);
    filter->setup = *setup;
    ftp_next_line(&filter->commands);
    ftp_next_line(&filter->replies);
    ftp_queue_add(&filter->queue, FTP_OWES_ANY); /* the greeting */
}

static void copy_out(struct ftp_flow *flow, const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return;
    memcpy(flow->output, bytes, size);
    flow->output += size;
    flow->output_room -= size;
}

/* Whether something went. */
static bool send_pending(struct ftp_channel *channel, struct ftp_flow *flow)
{
    size_t size = (size_t)(channel->pending_length - channel->pending_sent);
    if (size > flow->output_room)
        size = flow->output_room;
    copy_out(flow, channel->pending + channel->pending_sent, size);
    channel->pending_sent = (uint16_t)(channel->pending_sent + size);
    return size > 0;
}

static bool pass_all(struct ftp_flow *flow)
{
    size_t size = flow->input_size < flow->output_room ? flow->input_size : flow->output_room;
    if (size == 0)
        return false;
    copy_out(flow, flow->input, size);
    flow->input += size;
    flow->input_size -= size;
    return true;
}

/* A line that has no end, and will have none. */
static bool end_held(struct ftp_filter *filter, struct ftp_channel *channel, const struct ftp_flow *flow)
{
    if (flow->input_size != 0 || !flow->input_ended || channel->held_length == 0 || channel->state == FTP_WAITS)
        return false;
    if (channel == &filter->commands && channel->state == FTP_READS_REST && filter->setup.role == FTP_SERVER)
        ftp_forget(channel); /* a server could take it for complete, and nobody has looked at it */
    else
        ftp_let_go(channel);
    return true;
}

/* One step with nothing pending; false where none can be taken. */
static bool step(struct ftp_filter *filter, struct ftp_channel *channel, struct ftp_flow *flow)
{
    bool commands = channel == &filter->commands;
    if (!commands && ftp_give_local(filter))
        return true;
    if (channel->state != FTP_WAITS && filter->transparent) {
        if (channel->held_length == 0)
            return pass_all(flow);
        ftp_let_go(channel);
        return true;
    }
    if (end_held(filter, channel, flow))
        return true;
    if (flow->input_size == 0 || flow->output_room == 0 || channel->state == FTP_WAITS ||
        (commands && !ftp_queue_has_room(&filter->queue)))
        return false;
    uint8_t byte = *flow->input++;
    flow->input_size--;
    if (commands ? ftp_take_command(filter, byte) : ftp_take_reply(filter, byte))
        copy_out(flow, &byte, 1);
    return true;
}

static bool has_pending(const struct ftp_channel *channel)
{
    return channel->pending_sent < channel->pending_length;
}

/* Moves one flow as far as it gets; whether it got anywhere. */
static bool move(struct ftp_filter *filter, struct ftp_channel *channel, struct ftp_flow *flow)
{
    bool moved = false;
    do {
        moved = send_pending(channel, flow) || moved;
    } while (!has_pending(channel) && step(filter, channel, flow) && (moved = true));
    if (flow->input_ended && flow->input_size == 0 && !has_pending(channel) && channel->held_length == 0 &&
        channel->state != FTP_WAITS)
        channel->ended = true;
    flow->output_ended = channel->ended;
    return moved;
}

enum ftp_request_kind ftp_run(struct ftp_filter *filter, struct ftp_flow *commands, struct ftp_flow *replies)
{
    bool moved;
    do {
        moved = move(filter, &filter->commands, commands);
        moved = move(filter, &filter->replies, replies) || moved;
    } while (moved);
    return filter->request.kind;
}

void ftp_answer(struct ftp_filter *filter, const struct ip_address *address, uint16_t port)
{
    enum ftp_request_kind kind = filter->request.kind;
    filter->request = (struct ftp_request){.kind = FTP_ASKS_NOTHING};
    if (kind == FTP_ASKS_LISTENER)
        ftp_answer_listener(filter, address != NULL && address->family == AF_INET6 && port != 0 ? address : NULL,
                            port);
    else if (kind == FTP_ASKS_SERVICE)
        ftp_answer_service(filter, port);
}

void ftp_refuse(struct ftp_filter *filter)
{
    ftp_answer(filter, NULL, 0);
}

bool ftp_is_transparent(const struct ftp_filter *filter)
{
    return filter->transparent && !has_pending(&filter->commands) && !has_pending(&filter->replies) &&
           filter->commands.held_length == 0 && filter->replies.held_length == 0 &&
           filter->request.kind == FTP_ASKS_NOTHING;
}
