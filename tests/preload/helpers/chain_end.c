/* The program before the chain (chain_link.c): prints what shutdown() of a descriptor says that nobody has. */
#include <stdio.h>
#include <sys/socket.h>

int main(void)
{
    printf("%d\n", shutdown(-7, 1));
    return 0;
}
