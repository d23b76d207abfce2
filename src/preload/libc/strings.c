/*
 * Hidden copies of the functions for strings, for the same reason as those for memory (memory.c). Letters are those
 * of ASCII, whatever the program's locale is: what we compare are words of ours and names of hosts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/linker/start.h"

/* Macros of <string.h> since glibc 2.43. */
#undef strchr
#undef strrchr
#undef strstr

#ifndef PRIVATE
#define PRIVATE(name) name
#endif

START_CODE size_t PRIVATE(strlen)(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

size_t PRIVATE(strnlen)(const char *text, size_t most)
{
    size_t length = 0;
    while (length < most && text[length] != '\0')
        length++;
    return length;
}

START_CODE int PRIVATE(strncmp)(const char *a, const char *b, size_t most)
{
    for (; most > 0; most--, a++, b++)
        if (*a != *b || *a == '\0')
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

int PRIVATE(strcmp)(const char *a, const char *b)
{
    return PRIVATE(strncmp)(a, b, SIZE_MAX);
}

static int lower(unsigned char letter)
{
    return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter;
}

int PRIVATE(strncasecmp)(const char *a, const char *b, size_t most)
{
    for (; most > 0; most--, a++, b++)
        if (lower((unsigned char)*a) != lower((unsigned char)*b) || *a == '\0')
            return lower((unsigned char)*a) - lower((unsigned char)*b);
    return 0;
}

int PRIVATE(strcasecmp)(const char *a, const char *b)
{
    return PRIVATE(strncasecmp)(a, b, SIZE_MAX);
}

START_CODE char *PRIVATE(strchr)(const char *text, int byte)
{
    while (*text != (char)byte && *text != '\0')
        text++;
    return *text == (char)byte ? (char *)(uintptr_t)text : NULL;
}

START_CODE char *PRIVATE(strrchr)(const char *text, int byte)
{
    for (size_t left = PRIVATE(strlen)(text) + 1; left > 0; left--)
        if (text[left - 1] == (char)byte)
            return (char *)(uintptr_t)(text + left - 1);
    return NULL;
}

char *PRIVATE(strstr)(const char *text, const char *part)
{
    size_t length = PRIVATE(strlen)(part);
    for (;; text++) {
        if (PRIVATE(strncmp)(text, part, length) == 0)
            return (char *)(uintptr_t)text;
        if (*text == '\0')
            return NULL;
    }
}

/* How many bytes from the start are (or are not, `wanted` false) among `set`. */
static START_CODE size_t span(const char *text, const char *set, int wanted)
{
    size_t length = 0;
    while (text[length] != '\0' && (PRIVATE(strchr)(set, text[length]) != NULL) == wanted)
        length++;
    return length;
}

START_CODE size_t PRIVATE(strspn)(const char *text, const char *set)
{
    return span(text, set, 1);
}

START_CODE size_t PRIVATE(strcspn)(const char *text, const char *set)
{
    return span(text, set, 0);
}

char *PRIVATE(stpcpy)(char *restrict to, const char *restrict from)
{
    while ((*to = *from++) != '\0')
        to++;
    return to;
}

char *PRIVATE(strcpy)(char *restrict to, const char *restrict from)
{
    PRIVATE(stpcpy)(to, from);
    return to;
}

char *PRIVATE(strncpy)(char *restrict to, const char *restrict from, size_t size)
{
    size_t length = PRIVATE(strnlen)(from, size);
    memcpy(to, from, length);
    memset(to + length, 0, size - length);
    return to;
}

char *PRIVATE(strdup)(const char *text)
{
    size_t size = PRIVATE(strlen)(text) + 1;
    char *copy = malloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}
