#include "stack_use.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#define STACK_BYTES ((size_t)256 * 1024)
#define PAINT       0xa5

static void (*called)(void);

static void *run_call(void *unused)
{
    (void)unused;
    called();
    return NULL;
}

size_t stack_use(void (*call)(void))
{
    static unsigned char *stack;
    pthread_attr_t attributes;
    pthread_t thread;
    size_t unused = 0;
    if (stack == NULL)
        stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(stack, PAINT, STACK_BYTES);
    called = call;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, STACK_BYTES);
    if (pthread_create(&thread, &attributes, run_call, NULL) != 0)
        return 0;
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    while (unused < STACK_BYTES && stack[unused] == PAINT)
        unused++;
    return STACK_BYTES - unused;
}
