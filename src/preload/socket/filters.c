/* Puts our packet filter before the program's own; called by preload/upgrade/forgery.c and upgrade.c. */
#include "preload/socket/filters.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "preload/system/real.h"

#define SOURCE_OFFSET (SKF_NET_OFF + 8) /* of the source address in the IPv6 header, RFC 8200 section 3 */
#define ACCEPT_WHOLE  0xffffffffu

/*
 * Drops IPv6 packets from IPv4-mapped sources; others go on to what follows, which finds the accumulator as the start
 * of a filter does. Jumps are relative, so that anything may follow.
 */
/* NOLINTBEGIN: the kernel's macros for offsets are negative numbers that become unsigned */
static const struct sock_filter drop_mapped_sources[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 7),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SOURCE_OFFSET + 8)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0000ffff, 0, 5),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SOURCE_OFFSET)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SOURCE_OFFSET + 4)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0),
    BPF_STMT(BPF_LD | BPF_IMM, 0),
};
static const struct sock_filter accept_all = BPF_STMT(BPF_RET | BPF_K, ACCEPT_WHOLE);
/* NOLINTEND */
#define SCREEN_COUNT (sizeof drop_mapped_sources / sizeof drop_mapped_sources[0])

struct filters_room *filters_room_make(void)
{
    int saved = errno;
    struct filters_room *room = mmap(NULL, sizeof *room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = saved;
    return room != MAP_FAILED ? room : NULL;
}

void filters_room_free(struct filters_room *room)
{
    if (room != NULL)
        munmap(room, sizeof *room);
}

/* The "length" of this option counts instructions. */
int filters_read(int fd, struct filters_room *room)
{
    int saved = errno, result = 0;
    socklen_t count = BPF_MAXINSNS;
    if (REAL(getsockopt)(fd, SOL_SOCKET, SO_GET_FILTER, room->all, &count) != 0)
        result = -errno;
    errno = saved;
    if (result < 0)
        return result;
    room->own = room->all;
    room->count = count;
    room->screened = count > SCREEN_COUNT && memcmp(room->all, drop_mapped_sources, sizeof drop_mapped_sources) == 0;
    if (!room->screened)
        return 0;
    room->own += SCREEN_COUNT;
    room->count -= SCREEN_COUNT;
    if (room->count == 1 && memcmp(room->own, &accept_all, sizeof accept_all) == 0)
        room->count = 0;
    return 0;
}

int filters_attach(int fd, struct filters_room *room, bool screen)
{
    int saved = errno;
    struct sock_fprog program = {.len = (unsigned short)room->count, .filter = room->own};
    if (screen) {
        size_t count = room->count > 0 ? room->count : 1;
        const struct sock_filter *rest = room->count > 0 ? room->own : &accept_all;
        if (SCREEN_COUNT + count > BPF_MAXINSNS)
            return -EINVAL;
        memmove(room->all + SCREEN_COUNT, rest, count * sizeof *rest);
        memcpy(room->all, drop_mapped_sources, sizeof drop_mapped_sources);
        room->own = room->all + SCREEN_COUNT;
        program.len = (unsigned short)(SCREEN_COUNT + count);
        program.filter = room->all;
    }
    int result = program.len == 0 || REAL(setsockopt)(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0
                     ? 0
                     : -errno;
    errno = saved;
    return result;
}

int filters_copy(int from, int to)
{
    struct filters_room *room = filters_room_make();
    if (room == NULL)
        return -ENOMEM;
    int result = filters_read(from, room);
    if (result == 0)
        result = filters_attach(to, room, false);
    filters_room_free(room);
    return result;
}
