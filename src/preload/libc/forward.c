/*
 * Hidden functions with libc's names that call libc's own (libc_names.def): a program, a library or a preload that
 * defines such a name for itself is not called by us. Looked up at the first call, not at start: most processes need
 * few of them.
 *
 * As safe for signals as the function itself. Not in builds with sanitizers, which want to see our calls.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/linker/start.h"
#include "preload/libc/libc_object.h"

/* Stands in for what this libc lacks: -1 and ENOSYS. What returns a pointer is in every glibc that we are built for.
 */
static long lacking(void)
{
    errno = ENOSYS;
    return -1;
}

static void *bind_function(void **slot, const char *name);

#define BIND(name)                                                    \
    static void *slot_##name START_DATA;                              \
    void *function = __atomic_load_n(&slot_##name, __ATOMIC_RELAXED); \
    if (__builtin_expect(function == NULL, 0))                        \
        function = bind_function(&slot_##name, #name);

#ifdef __GLIBC__
/* glibc before 2.33 has no stat() and its kin but in the part of it that is linked into each object. They call
   functions that are told which structure the caller knows: the one that has not changed since, whose number each
   port has its own of. */
#if defined __x86_64__ || (defined __s390x__ && defined __LP64__) || defined __powerpc64__
#define STATUS_VERSION 1
#elif defined __aarch64__ || defined __riscv
#define STATUS_VERSION 0
#else
#define STATUS_VERSION 3
#endif
#define OLD_STAT(name)                                                                       \
    static int with_##name(const char *path, void *status)                                   \
    {                                                                                        \
        BIND(name)                                                                           \
        return ((int (*)(int, const char *, void *))function)(STATUS_VERSION, path, status); \
    }
#define OLD_FSTAT(name)                                                           \
    static int with_##name(int fd, void *status)                                  \
    {                                                                             \
        BIND(name)                                                                \
        return ((int (*)(int, int, void *))function)(STATUS_VERSION, fd, status); \
    }
#define OLD_FSTATAT(name)                                                                                        \
    static int with_##name(int directory, const char *path, void *status, int flags)                             \
    {                                                                                                            \
        BIND(name)                                                                                               \
        return ((int (*)(int, int, const char *, void *, int))function)(STATUS_VERSION, directory, path, status, \
                                                                        flags);                                  \
    }
OLD_STAT(__xstat)
OLD_FSTAT(__fxstat)
OLD_FSTAT(__fxstat64)
OLD_FSTATAT(__fxstatat)
OLD_FSTATAT(__fxstatat64)

static void *old_status(const char *name)
{
    return strcmp(name, "stat") == 0        ? (void *)with___xstat
           : strcmp(name, "fstat") == 0     ? (void *)with___fxstat
           : strcmp(name, "fstat64") == 0   ? (void *)with___fxstat64
           : strcmp(name, "fstatat") == 0   ? (void *)with___fxstatat
           : strcmp(name, "fstatat64") == 0 ? (void *)with___fxstatat64
                                            : NULL;
}
#else
static void *old_status(const char *name)
{
    (void)name;
    return NULL;
}
#endif

/* libresolv has __res_nsend(), which <resolv.h> calls res_nsend(); since they are in libc (2.34), some have lost
   their underscores. Ours have the names of the header that we were built with. */
static void *by_other_name(const char *name)
{
    char other[32] = "__";
    if (strncmp(name, "__res_", strlen("__res_")) == 0)
        return libc_object_function(name + strlen("__"));
    if (strncmp(name, "res_", strlen("res_")) != 0 || strlen(name) + strlen("__") >= sizeof other)
        return NULL;
    strcpy(other + strlen("__"), name);
    return libc_object_function(other);
}

static START_CODE void *bind_function(void **slot, const char *name)
{
    void *function = libc_object_function(name);
    if (function == NULL)
        function = by_other_name(name);
    if (function == NULL)
        function = old_status(name);
    if (function == NULL)
        return (void *)lacking; /* not for good: a part of libc may be about to be loaded */
    __atomic_store_n(slot, function, __ATOMIC_RELAXED);
    return function;
}

/* Weak, and hidden by the version script alone: where a library interposes the name itself (the observer some of
   them), that one is meant, and stays visible. */
#define OVERRIDABLE __attribute__((weak, visibility("default")))
#define FORWARD(type, name, parameters, arguments)      \
    OVERRIDABLE START_CODE type name parameters         \
    {                                                   \
        BIND(name)                                      \
        return ((type(*) parameters)function)arguments; \
    }
#define FORWARD_VOID(name, parameters, arguments) \
    OVERRIDABLE START_CODE void name parameters   \
    {                                             \
        BIND(name)                                \
        ((void(*) parameters)function) arguments; \
    }
#include "preload/libc/libc_names.def"

/* As the kernel's entry wants it. Where we don't write that ourselves libc's function does it; it is given six
   arguments always, as many as there can be. */
#if defined __x86_64__ && defined __LP64__
static long enter_kernel(long number, const long argument[6])
{
    register long fourth __asm__("r10") = argument[3];
    register long fifth __asm__("r8") = argument[4];
    register long sixth __asm__("r9") = argument[5];
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(argument[0]), "S"(argument[1]), "d"(argument[2]), "r"(fourth), "r"(fifth),
                       "r"(sixth)
                     : "rcx", "r11", "memory");
    if ((unsigned long)result > -4096UL) {
        errno = (int)-result;
        return -1;
    }
    return result;
}
#else
static long enter_kernel(long number, const long argument[6])
{
    BIND(syscall)
    return ((long (*)(long, ...))function)(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                                           argument[5]);
}
#endif

START_CODE long syscall(long number, ...)
{
    long argument[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(list, long);
    va_end(list);
    return enter_kernel(number, argument);
}

/* By the kernel itself, at each start: libc's would be looked up for one call, in pages of libc that nobody has
 * touched. Not fstat(): glibc 2.33 to 2.38 asks by newfstatat(), and a list of allowed calls that was made for it
 * (seccomp) may have no other. */
START_CODE uid_t geteuid(void)
{
#ifdef SYS_geteuid32 /* where the first one knew users of 16 bits */
    return (uid_t)syscall(SYS_geteuid32);
#else
    return (uid_t)syscall(SYS_geteuid);
#endif
}

#ifdef __GLIBC__
/* glibc has the function in the part of it that is linked into each object, which needs this one: here it may be
   lacking, as it is where musl has loaded the library. The last argument says whose handlers they are. */
extern int __register_atfork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void), void *object)
    __attribute__((weak));
START_CODE OVERRIDABLE int pthread_atfork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void))
{
    return __register_atfork == NULL ? ENOSYS : __register_atfork(before, in_parent, in_child, _DYNAMIC);
}
#endif

/* Together with getaddrinfo(), which is the next one in the chain and may not be libc's. */
static void free_next(struct addrinfo *list)
{
    static void *slot;
    void *function = __atomic_load_n(&slot, __ATOMIC_RELAXED);
    if (function == NULL) {
        function = dlsym(RTLD_NEXT, "freeaddrinfo");
        __atomic_store_n(&slot, function, __ATOMIC_RELAXED);
    }
    ((void (*)(struct addrinfo *))function)(list);
}

#ifdef __GLIBC__
void freeaddrinfo(struct addrinfo *list)
{
    free_next(list);
}
#else
/* musl counts the nodes of a list against the one piece of memory that its last node is in. A list that was put
   together of two answers has nodes of several pieces: each node is given back as the list of one that it may be.
   The program's calls come here too. */
OVERRIDABLE void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        list->ai_next = NULL;
        free_next(list);
        list = next;
    }
}
#endif
