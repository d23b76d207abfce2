/*
 * A link of the chain behind the library: a preload with a shutdown() of its own, which answers for one descriptor
 * that nobody has. Built several times, with the symbol as different linkers and sources make it:
 *
 *   (nothing)    a function, the default of its name
 *   CHOSEN       chosen when it is bound (STT_GNU_IFUNC); where there is no such thing, as without
 *   OLDER_ONLY   an older version alone (chain_link.map): nobody who asks for the name without a version gets it
 */
#include <stddef.h>
#include <sys/socket.h>

#ifndef ANSWER
#define ANSWER 4242
#endif

#ifdef OLDER_ONLY
#define NAME shutdown_older
__asm__(".symver shutdown_older, shutdown@LINK_OLDER");
#else
#define NAME shutdown
#endif

static int answer_shutdown(int fd, int how)
{
    return fd == -7 ? ANSWER + how : -2;
}

#if defined CHOSEN && defined __GLIBC__
static int (*choose(void))(int fd, int how)
{
    return answer_shutdown;
}
int NAME(int fd, int how) __attribute__((ifunc("choose")));
#else
int NAME(int fd, int how);
int NAME(int fd, int how)
{
    return answer_shutdown(fd, how);
}
#endif
