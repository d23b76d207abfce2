/* Keeps the memory of a long select(), also where its wait is jumped out of; called by preload/wait.c. */
#include "preload/waiting_room.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "preload/base/critical_section.h"
#include "preload/base/guard.h"
#include "preload/thread/thread_end.h"

/* Not the seal of a guard, which might come to lie at the same place. */
#define NOT_A_GUARD UINT32_C(0x3c0ffee3)

/* The beginning of a mapping. */
struct waiting_room {
    struct waiting_room *next;
    uintptr_t claim; /* its address */
    size_t size;     /* of the mapping */
} __attribute__((aligned(16)));

/* Changed with signals blocked. */
static __thread struct waiting_room *rooms __attribute__((tls_model("initial-exec")));

static uint32_t seal_of(uintptr_t claim)
{
    return guard_seal(claim) ^ NOT_A_GUARD;
}

/* `own`: the caller's claim. Whoever had one at the same place is gone. */
static bool is_claimed(const struct waiting_room *room, uintptr_t own)
{
    return room->claim != own && guard_kernel_finds(room->claim, seal_of(room->claim));
}

static void unmap_unclaimed(uintptr_t own)
{
    struct waiting_room **link = &rooms;
    while (*link != NULL) {
        struct waiting_room *room = *link;
        if (is_claimed(room, own)) {
            link = &room->next;
        } else {
            *link = room->next;
            munmap(room, room->size);
        }
    }
}

void *waiting_room_take(struct waiting_claim *claim, size_t bytes)
{
    const size_t size = sizeof(struct waiting_room) + bytes;
    const uintptr_t own = (uintptr_t)claim;
    struct critical_section section;
    int saved = errno;
    thread_end_watch(THREAD_END_MAYBE_HANDLER);
    critical_section_enter(&section);
    unmap_unclaimed(own);
    struct waiting_room *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room != MAP_FAILED) {
        *room = (struct waiting_room){.next = rooms, .claim = own, .size = size};
        __atomic_store_n(&claim->seal, seal_of(own), __ATOMIC_RELAXED); /* for the kernel to find */
        rooms = room;
    }
    critical_section_leave(&section);
    errno = saved;
    return room != MAP_FAILED ? room + 1 : NULL;
}

void waiting_room_give_back(struct waiting_claim *claim)
{
    struct critical_section section;
    int saved = errno;
    critical_section_enter(&section);
    __atomic_store_n(&claim->seal, 0, __ATOMIC_RELAXED);
    unmap_unclaimed((uintptr_t)claim);
    critical_section_leave(&section);
    errno = saved;
}

void waiting_room_abandon_all(void)
{
    while (rooms != NULL) {
        struct waiting_room *room = rooms;
        rooms = room->next;
        munmap(room, room->size);
    }
}
