/* Reads which name services libc asks; called by preload/resolve/resolve.c. */
#include "preload/resolve/name_service.h"

#include <errno.h>
#include <stdatomic.h>

#include "core/names/nsswitch.h"
#include "preload/base/critical_section.h"
#include "preload/base/raw_file.h"
#include "preload/base/scratch.h"

#define CONFIGURATION "/etc/nsswitch.conf"
#define SIZE_MOST     4096 /* a longer file counts as one with unknown services */

static bool read_configuration(void)
{
    struct configuration {
        char text[SIZE_MOST];
    };
    SCRATCH(struct configuration, room);
    if (room == NULL)
        return false;
    struct critical_section section;
    critical_section_enter(&section);
    int fd = raw_openat(AT_FDCWD, CONFIGURATION, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    long length = fd >= 0 ? syscall(SYS_read, fd, room->text, sizeof room->text) : errno == ENOENT ? 0 : -1;
    if (fd >= 0)
        raw_close(fd);
    critical_section_leave(&section);
    return length >= 0 && length < (long)sizeof room->text && nsswitch_keeps_nothing(room->text, (size_t)length);
}

bool name_service_keeps_nothing(void)
{
    static _Atomic enum { UNREAD, KEEPS_NOTHING, UNKNOWN } answer = UNREAD;
    if (atomic_load_explicit(&answer, memory_order_relaxed) == UNREAD) {
        int saved = errno;
        atomic_store_explicit(&answer, read_configuration() ? KEEPS_NOTHING : UNKNOWN, memory_order_relaxed);
        errno = saved;
    }
    return atomic_load_explicit(&answer, memory_order_relaxed) == KEEPS_NOTHING;
}
