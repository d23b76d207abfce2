/* A library in front of the shim that reads an address from its own settings when its first function is called: while
   the shim starts, and inside the shim's functions. (torsocks does, in syscall().) */
#include <arpa/inet.h>
#include <dlfcn.h>

in_addr_t early_address = 1, early_network = 1;
struct in_addr early_aton;
int early_read = -1;
unsigned early_calls;
in_addr_t early_worst; /* what inet_addr() gave, where it was ever anything else than at first */

long syscall(long number, long a, long b, long c, long d, long e, long f);
long syscall(long number, long a, long b, long c, long d, long e, long f)
{
    in_addr_t address = inet_addr("127.42.42.0");
    if (early_calls++ == 0) {
        early_address = address;
        early_network = inet_network("127.42.42.0");
        early_read = inet_aton("127.42.42.0", &early_aton);
    } else if (address != early_address) {
        early_worst = address;
    }
    long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return next(number, a, b, c, d, e, f);
}
