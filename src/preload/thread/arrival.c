/* Tells connections that an answer has come; called by nat64/discovery.c and resolve/redirect.c. */
#include "preload/thread/arrival.h"

#include <stdatomic.h>
#include <stddef.h>

#include "core/linker/start.h"

static void (*_Atomic told)(void) START_DATA;

START_CODE void arrival_start(void (*listener)(void))
{
    atomic_store(&told, listener);
}

void arrival_tell(void)
{
    void (*listener)(void) = atomic_load(&told);
    if (listener != NULL)
        listener();
}
