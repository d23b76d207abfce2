/* Keeps which replies an FTP server owes; called by core/ftp/ftp_commands.c and core/ftp/ftp_replies.c. */
#include "core/ftp/ftp_queue.h"

bool ftp_queue_has_room(const struct ftp_queue *queue)
{
    return queue->count < FTP_QUEUE_MAX && queue->plain_behind < UINT32_MAX;
}

void ftp_queue_add(struct ftp_queue *queue, unsigned owed)
{
    if (owed == FTP_OWES_ANY) {
        queue->plain_behind++;
        return;
    }
    queue->entries[(queue->first + queue->count) % FTP_QUEUE_MAX] =
        (struct ftp_queue_entry){.plain_before = queue->plain_behind, .owed = (uint8_t)owed};
    queue->count++;
    queue->plain_behind = 0;
}

unsigned ftp_queue_next(const struct ftp_queue *queue)
{
    if (queue->count > 0 && queue->entries[queue->first].plain_before == 0)
        return queue->entries[queue->first].owed;
    return queue->count > 0 || queue->plain_behind > 0 ? FTP_OWES_ANY : FTP_OWES_NOTHING;
}

void ftp_queue_drop(struct ftp_queue *queue)
{
    struct ftp_queue_entry *first = &queue->entries[queue->first];
    if (queue->count > 0 && first->plain_before > 0) {
        first->plain_before--;
    } else if (queue->count > 0) {
        queue->first = (uint8_t)((queue->first + 1) % FTP_QUEUE_MAX);
        queue->count--;
    } else if (queue->plain_behind > 0) {
        queue->plain_behind--;
    }
}

bool ftp_queue_advance(struct ftp_queue *queue, unsigned owed, unsigned or_owed)
{
    for (uint8_t passed = 0; passed < queue->count; passed++) {
        struct ftp_queue_entry *entry = &queue->entries[(queue->first + passed) % FTP_QUEUE_MAX];
        if (entry->owed != owed && entry->owed != or_owed)
            continue;
        entry->plain_before = 0;
        queue->first = (uint8_t)((queue->first + passed) % FTP_QUEUE_MAX);
        queue->count = (uint8_t)(queue->count - passed);
        return true;
    }
    return false;
}
