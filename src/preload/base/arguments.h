/*
 * The arguments of execl() and its kind, as an array. Async-signal-safe: in the frame of the hook, no malloc.
 */
#ifndef V6SHIM_PRELOAD_BASE_ARGUMENTS_H
#define V6SHIM_PRELOAD_BASE_ARGUMENTS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* The list by its address: only then is it the caller's that goes on (on i386 a va_list is passed by value). */
static inline size_t arguments_count(va_list *list)
{
    size_t count = 1;
    while (va_arg(*list, const char *) != NULL)
        count++;
    return count;
}

static inline void arguments_take(va_list *list, const char *first, size_t count, char **arguments)
{
    arguments[0] = (char *)(uintptr_t)first;
    for (size_t i = 1; i <= count; i++) /* the NULL too */
        arguments[i] = va_arg(*list, char *);
}

/* In a function (..., const char *first, ...): declares `arguments`; `list`, the caller's to end, is then behind
   their NULL. */
#define COLLECT(list, first)                                              \
    va_list list;                                                         \
    va_start(list, first);                                                \
    size_t count = first != NULL ? arguments_count(&list) : 0;            \
    va_end(list);                                                         \
    char **arguments = __builtin_alloca((count + 1) * sizeof *arguments); \
    arguments[0] = NULL;                                                  \
    va_start(list, first);                                                \
    if (count > 0)                                                        \
    arguments_take(&list, first, count, arguments)

#endif
