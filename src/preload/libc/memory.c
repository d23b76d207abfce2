/*
 * Hidden copies of the functions for memory: for our own calls and those that the compiler makes of assignments. A
 * program may define these names for itself, with other manners (a checking memcpy() that aborts, a traced one).
 *
 * What we copy is small: addresses, records of some hundred bytes. PRIVATE() renames them for their test.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/linker/start.h"

/* Macros of <string.h> since glibc 2.43. */
#undef memchr

#ifndef PRIVATE
#define PRIVATE(name) name
#endif

typedef uint64_t word __attribute__((may_alias, aligned(1)));

START_CODE void *PRIVATE(memcpy)(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *target = to;
    const unsigned char *source = from;
    for (; size >= sizeof(word); size -= sizeof(word), target += sizeof(word), source += sizeof(word))
        *(word *)target = *(const word *)source;
    for (; size > 0; size--)
        *target++ = *source++;
    return to;
}

void *PRIVATE(memmove)(void *to, const void *from, size_t size)
{
    unsigned char *target = to;
    const unsigned char *source = from;
    if ((uintptr_t)target - (uintptr_t)source >= size) { /* the target does not begin inside the source */
        for (; size >= sizeof(word); size -= sizeof(word), target += sizeof(word), source += sizeof(word))
            *(word *)target = *(const word *)source;
        for (; size > 0; size--)
            *target++ = *source++;
        return to;
    }
    for (; size >= sizeof(word); size -= sizeof(word))
        *(word *)(target + size - sizeof(word)) = *(const word *)(source + size - sizeof(word));
    for (; size > 0; size--)
        target[size - 1] = source[size - 1];
    return to;
}

START_CODE void *PRIVATE(memset)(void *to, int byte, size_t size)
{
    unsigned char *target = to;
    word pattern = (unsigned char)byte * UINT64_C(0x0101010101010101);
    for (; size >= sizeof(word); size -= sizeof(word), target += sizeof(word))
        *(word *)target = pattern;
    for (; size > 0; size--)
        *target++ = (unsigned char)byte;
    return to;
}

START_CODE int PRIVATE(memcmp)(const void *a, const void *b, size_t size)
{
    const unsigned char *one = a, *other = b;
    for (; size >= sizeof(word) && *(const word *)one == *(const word *)other; size -= sizeof(word)) {
        one += sizeof(word);
        other += sizeof(word);
    }
    for (; size > 0; size--, one++, other++)
        if (*one != *other)
            return *one - *other;
    return 0;
}

/* What clang makes of a memcmp() that is asked for equality alone. */
int PRIVATE(bcmp)(const void *a, const void *b, size_t size)
{
    return PRIVATE(memcmp)(a, b, size);
}

START_CODE void *PRIVATE(memchr)(const void *data, int byte, size_t size)
{
    for (const unsigned char *at = data; size > 0; size--, at++)
        if (*at == (unsigned char)byte)
            return (void *)(uintptr_t)at;
    return NULL;
}

START_CODE void *PRIVATE(memrchr)(const void *data, int byte, size_t size)
{
    for (const unsigned char *at = data; size > 0; size--)
        if (at[size - 1] == (unsigned char)byte)
            return (void *)(uintptr_t)(at + size - 1);
    return NULL;
}
