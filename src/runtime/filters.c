#include "runtime/filters.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "runtime/real.h"

#ifndef SO_ATTACH_FILTER
#define SO_ATTACH_FILTER 26
#endif
#ifndef SO_GET_FILTER
#define SO_GET_FILTER SO_ATTACH_FILTER
#endif

#define ROOM (BPF_MAXINSNS * sizeof(struct sock_filter))

/* The "length" of this option counts instructions. */
static int copy(int from, int to, struct sock_filter *instructions)
{
    socklen_t count = BPF_MAXINSNS;
    if (REAL(getsockopt)(from, SOL_SOCKET, SO_GET_FILTER, instructions, &count) != 0)
        return -errno;
    struct sock_fprog program = {.len = (unsigned short)count, .filter = instructions};
    if (count == 0)
        return 0;
    return REAL(setsockopt)(to, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : -errno;
}

int filters_copy(int from, int to)
{
    int saved = errno;
    /* Not on the stack: it may be a signal handler's. */
    void *instructions = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int result = instructions != MAP_FAILED ? copy(from, to, instructions) : -ENOMEM;
    if (instructions != MAP_FAILED)
        munmap(instructions, ROOM);
    errno = saved;
    return result;
}
