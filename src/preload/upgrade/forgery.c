/* Attaches the filter that drops forged datagrams; called by upgrades, adoption.c and the hooks of options. */
#include "preload/upgrade/forgery.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/rate.h"
#include "preload/base/clock.h"
#include "preload/base/pointer.h"
#include "preload/socket/filters.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/upgrade/spoof_check.h"

#define INTERVAL_MS CLOCK_MS_PER_S
/* For sockets whose port the kernel chose, which mostly are a client's and soon gone: servers find some left. */
#define BURST_PASSING (FORGERY_BURST / 2)

/* The state of the rate, in memory that children share: a server that forks for each client has one rate in all. */
static _Atomic int64_t own_arrival_ms;
static _Atomic int64_t *_Atomic shared_arrival_ms;

static _Atomic int64_t *arrival_of_all(void)
{
    _Atomic int64_t *arrival = atomic_load(&shared_arrival_ms), *none = NULL;
    if (arrival != NULL)
        return arrival;
    void *made = mmap(NULL, sizeof *arrival, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return &own_arrival_ms;
    if (atomic_compare_exchange_strong(&shared_arrival_ms, &none, made))
        return made;
    munmap(made, sizeof *arrival);
    return none;
}

static bool may_attach(bool lasting)
{
    if (atomic_load(&sockets_screened) >= FORGERY_LIVE)
        return false;
    int saved = errno;
    unsigned burst = lasting ? FORGERY_BURST : BURST_PASSING;
    _Atomic int64_t *arrival_ms = arrival_of_all();
    int64_t before_ms = atomic_load(arrival_ms), now_ms = clock_now_ms(), next_ms;
    bool allowed;
    do
        allowed = rate_allows(before_ms, now_ms, INTERVAL_MS, burst, &next_ms);
    while (allowed && !atomic_compare_exchange_weak(arrival_ms, &before_ms, next_ms));
    errno = saved;
    return allowed;
}

int forgery_apply(int from, int to, bool filtered, bool lasting, bool *screened)
{
    *screened = false;
    bool screen = may_attach(lasting);
    if (!screen && !filtered)
        return 0;
    struct filters_room *room = filters_room_make();
    if (room == NULL)
        return filtered ? -ENOMEM : 0;
    int result = filtered ? filters_read(from, room) : 0;
    *screened = result == 0 && screen && filters_attach(to, room, true) == 0;
    if (result == 0 && !*screened)
        result = filters_attach(to, room, false);
    filters_room_free(room);
    return result;
}

bool forgery_adopt(int fd, struct socket_record *record)
{
    struct filters_room *room = filters_room_make();
    int result = room != NULL ? filters_read(fd, room) : -ENOMEM;
    bool screened = result == 0 && room->screened;
    if (result != 0 || room->count > 0)
        sockets_set(record, SOCKET_FILTERED);
    sockets_note_screened(record, screened);
    filters_room_free(room);
    return screened;
}

static int set(int fd, int name, const void *value, socklen_t length)
{
    int saved = errno;
    int result = REAL(setsockopt)(fd, SOL_SOCKET, name, value, length) == 0 ? 0 : -errno;
    errno = saved;
    return result;
}

/* Before the filter that the program has, or where it has none any more. */
static bool put_before(int fd)
{
    struct filters_room *room = filters_room_make();
    bool done = room != NULL && filters_read(fd, room) == 0 && filters_attach(fd, room, true) == 0;
    filters_room_free(room);
    return done;
}

/* For a moment the program's filter stands alone, and what is queued then needs the spoof check. Where ours was there
   before, it is put back whatever the rate: another process that has the socket relies on it. */
static int attach(int fd, struct socket_record *record, int name, const void *value, socklen_t length)
{
    bool was_screened = sockets_has(fd, SOCKET_SCREENED);
    int result = set(fd, name, value, length);
    if (result < 0)
        return result;
    spoof_check_begin(fd, record);
    sockets_note_screened(record, name == SO_ATTACH_FILTER && (was_screened || may_attach(true)) && put_before(fd));
    return 0;
}

/* The program's filter gives way to ours alone. */
static int detach_own(int fd, struct socket_record *record, const void *value, socklen_t length)
{
    struct filters_room *room = filters_room_make();
    bool kept = room != NULL && filters_attach(fd, room, true) == 0;
    filters_room_free(room);
    if (kept)
        return 0;
    int result = set(fd, SO_DETACH_FILTER, value, length);
    if (result == 0) {
        spoof_check_begin(fd, record);
        sockets_note_screened(record, false);
    }
    return result;
}

int forgery_set_filter(int fd, int name, const void *value, socklen_t length)
{
    struct socket_record *record = sockets_find(fd);
    if (name != SO_DETACH_FILTER)
        return attach(fd, record, name, value, length);
    if (!sockets_has(fd, SOCKET_SCREENED) || length < sizeof(int))
        return set(fd, name, value, length);
    if (kernel_socket_integer(fd, SO_LOCK_FILTER) > 0)
        return -EPERM;
    return sockets_has(fd, SOCKET_FILTERED) ? detach_own(fd, record, value, length) : -ENOENT;
}

/* The "length" counts instructions; with none, the kernel only says how many there are. */
int forgery_get_filter(int fd, void *value, socklen_t *length)
{
    struct filters_room *room = filters_room_make();
    if (room == NULL)
        return -ENOMEM;
    int result = filters_read(fd, room);
    if (result == 0 && *length > 0 && *length < room->count)
        result = -EINVAL;
    bool wants_all = *length > 0 && room->count > 0;
    if (result == 0 && wants_all && !pointer_can_write(value, room->count * sizeof *room->own))
        result = -EFAULT;
    if (result == 0 && wants_all)
        memcpy(value, room->own, room->count * sizeof *room->own);
    if (result == 0)
        *length = (socklen_t)room->count;
    filters_room_free(room);
    return result;
}
