/*
 * A malloc replacement that calls interposed functions from inside malloc: as one does that logs to a socket or looks
 * at descriptors. It never gives memory back.
 */
#include <arpa/inet.h>
#include <malloc.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARENA_SIZE (1024ul * 1024 * 1024)
#define ALIGNMENT  16

/* Set by the test when libc's resolver is warm: it cannot be entered again while it loads its modules. */
int allocator_looks_up;
unsigned long allocator_calls;

static _Atomic uintptr_t next;
static __thread int inside;

static void call_hooks(void)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    if (inside++ == 0) {
        getpeername(0, (struct sockaddr *)&name, &length);
        inet_addr("2001:db8::1");
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        close(dup(fd));
        close(fd);
        if (allocator_looks_up) {
            char buffer[1024];
            struct hostent host, *found;
            int error;
            gethostbyname_r("both.example", &host, buffer, sizeof buffer, &found, &error);
        }
        allocator_calls++;
    }
    inside--;
}

static void *take(size_t size)
{
    static char *_Atomic arena;
    if (arena == NULL) {
        char *fresh =
            mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        arena = fresh;
        next = (uintptr_t)fresh;
    }
    size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT;
    char *at = (char *)atomic_fetch_add(&next, whole);
    *(size_t *)(void *)at = size;
    return at + ALIGNMENT;
}

void *malloc(size_t size)
{
    call_hooks();
    return take(size);
}

void free(void *memory)
{
    (void)memory;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size); /* fresh pages are zero */
}

void *realloc(void *memory, size_t size)
{
    void *fresh = malloc(size);
    if (memory != NULL) {
        size_t before = *(size_t *)(void *)((char *)memory - ALIGNMENT);
        memcpy(fresh, memory, before < size ? before : size);
    }
    return fresh;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    uintptr_t at = (uintptr_t)take(size + alignment + ALIGNMENT);
    at = (at + alignment - 1) / alignment * alignment;
    if (alignment > ALIGNMENT)
        *(size_t *)(at - ALIGNMENT) = size;
    return (void *)at;
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}
