/* A library in front of the shim that reads an address from its own settings when its first function is called: while
   the shim starts, and inside the shim's functions. (torsocks does, in syscall().) */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

in_addr_t early_address = 1, early_network = 1;
struct in_addr early_aton;
int early_read = -1;
unsigned early_calls;
in_addr_t early_worst; /* what inet_addr() gave, where it was ever anything else than at first */

static void read_text(void)
{
    in_addr_t address = inet_addr("127.42.42.0");
    if (early_calls++ == 0) {
        early_address = address;
        early_network = inet_network("127.42.42.0");
        early_read = inet_aton("127.42.42.0", &early_aton);
    } else if (address != early_address) {
        early_worst = address;
    }
}

/* What the shim asks for errno, which is the first that it asks anybody. */
int *__errno_location(void);
int *__errno_location(void)
{
    static int *(*next)(void);
    static _Thread_local volatile bool reading; /* gcc believes that libc never calls back */
    if (next == NULL)
        next = (int *(*)(void))dlsym(RTLD_NEXT, "__errno_location");
    if (!reading) {
        reading = true;
        read_text();
        reading = false;
    }
    return next();
}

void *malloc(size_t size)
{
    if (early_calls > 0)
        read_text();
    return ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))(size);
}
