/* Functions of the program's own that bear names of libc's: every one that the preload calls itself, from its list.
   To be called by nobody. Built without headers, whose types would be others. */
void own_name_called(const char *name);

#define OWN(name)               \
    void name(void);            \
    void name(void)             \
    {                           \
        own_name_called(#name); \
    }
#define FORWARD(type, name, parameters, arguments) OWN(name)
#define FORWARD_VOID(name, parameters, arguments)  OWN(name)
#include "preload/libc/libc_names.def"

OWN(syscall)
OWN(memcpy)
OWN(memmove)
OWN(memset)
OWN(memcmp)
OWN(memchr)
OWN(memrchr)
OWN(strlen)
OWN(strnlen)
OWN(strcmp)
OWN(strncmp)
OWN(strcasecmp)
OWN(strncasecmp)
OWN(strchr)
OWN(strrchr)
OWN(strstr)
OWN(strspn)
OWN(strcspn)
OWN(strcpy)
OWN(stpcpy)
OWN(strncpy)
OWN(strdup)
OWN(write)
OWN(open)
OWN(openat)
OWN(lseek)
OWN(geteuid)
OWN(getpid)
OWN(gettid)
OWN(kill)
OWN(time)
OWN(usleep)
OWN(epoll_create)
OWN(setitimer)
OWN(sigprocmask)
OWN(pthread_mutex_lock)
OWN(pthread_mutex_unlock)
OWN(dlopen)
OWN(log)
OWN(guard)
OWN(trace)
OWN(settings)
