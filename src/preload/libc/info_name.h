/*
 * The canonical name in a list of getaddrinfo(), for those that put a list together out of two.
 *
 * glibc: the first node has it, in memory of its own that freeaddrinfo() frees with the node. musl: each node has it,
 * in one piece of memory with all nodes of its answer, where it stays: what a node of ours has came with the node.
 *
 * Allocate and free; not async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_LIBC_INFO_NAME_H
#define V6SHIM_PRELOAD_LIBC_INFO_NAME_H

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__

/* Takes the name out of a list (NULL: none), for a list that will begin with another node. NULL where it has none. */
static inline char *info_name_take(struct addrinfo *list)
{
    if (list == NULL)
        return NULL;
    char *name = list->ai_canonname;
    list->ai_canonname = NULL;
    return name;
}

/* Gives the list the name that was taken: never one that it has already. */
static inline void info_name_give(struct addrinfo *list, char *name)
{
    list->ai_canonname = name;
}

/* A name that was taken, and that no list gets. NULL: nothing. */
static inline void info_name_drop(char *name)
{
    free(name);
}

/* Where the list has a name, another one in its place; where there is no memory, it stays as it is. */
static inline void info_name_set(struct addrinfo *list, const char *text)
{
    char *name = list->ai_canonname != NULL ? strdup(text) : NULL;
    if (name == NULL)
        return;
    free(list->ai_canonname);
    list->ai_canonname = name;
}

#else

static inline char *info_name_take(struct addrinfo *list)
{
    (void)list;
    return NULL;
}

static inline void info_name_give(struct addrinfo *list, char *name)
{
    (void)list, (void)name;
}

static inline void info_name_drop(char *name)
{
    (void)name;
}

/* There is no room for another one. */
static inline void info_name_set(struct addrinfo *list, const char *text)
{
    (void)list, (void)text;
}

#endif

#endif
