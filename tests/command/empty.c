/* A library that does nothing, to be preloaded in place of the real one. It needs libc, as the one for glibc does. */
#include <unistd.h>

int v6shim_empty(void);
int v6shim_empty(void)
{
    return getpid();
}
