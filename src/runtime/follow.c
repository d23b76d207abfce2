#include "runtime/follow.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "runtime/pointer.h"

#define VARIABLE   "LD_PRELOAD="
#define SEPARATORS " :" /* ld.so(8) */
#define ENTRY_SIZE 4096

/* "LD_PRELOAD=" and our own entry; "": nothing to put back. */
static char assignment[sizeof VARIABLE + ENTRY_SIZE];

static const char *own_entry(void)
{
    return assignment + sizeof VARIABLE - 1;
}

static const char *base_name(const char *path, size_t length)
{
    const char *slash = memrchr(path, '/', length);
    return slash != NULL ? slash + 1 : path;
}

/* The entry of a list that is called `name`, whatever its directory (which may hold a $LIB); its length, or 0. */
static size_t find_entry(const char *list, const char *name, const char **entry)
{
    for (; *list != '\0'; list += strspn(list, SEPARATORS)) {
        size_t length = strcspn(list, SEPARATORS);
        const char *base = base_name(list, length);
        size_t base_length = length - (size_t)(base - list);
        if (base_length == strlen(name) && memcmp(base, name, base_length) == 0) {
            *entry = list;
            return length;
        }
        list += length;
    }
    return 0;
}

bool follow_start(bool wanted)
{
    Dl_info own;
    const char *list = getenv("LD_PRELOAD"), *entry;
    assignment[0] = '\0';
    if (!wanted || list == NULL || dladdr((void *)follow_start, &own) == 0 || own.dli_fname == NULL)
        return true;
    size_t length = find_entry(list, base_name(own.dli_fname, strlen(own.dli_fname)), &entry);
    if (length == 0 || length >= ENTRY_SIZE)
        return length == 0;
    struct text text = text_on(assignment, sizeof assignment);
    text_add(&text, VARIABLE);
    text_add_bytes(&text, entry, length);
    return true;
}

/* Whether a list has our entry as it was given to us. */
static bool has_own_entry(const char *list)
{
    size_t length = strlen(own_entry());
    for (; *list != '\0'; list += strspn(list, SEPARATORS)) {
        size_t here = strcspn(list, SEPARATORS);
        if (here == length && memcmp(list, own_entry(), length) == 0)
            return true;
        list += here;
    }
    return false;
}

/* Whether all of it can be followed. What can't is the kernel's to refuse. */
static bool can_be_read(char *const environment[])
{
    if (environment == NULL)
        return true;
    for (size_t i = 0; pointer_can_read(&environment[i], sizeof environment[i]); i++)
        if (environment[i] == NULL)
            return true;
        else if (!pointer_can_read_text(environment[i]))
            return false;
    return false;
}

/* The place of LD_PRELOAD in an environment, the last one as the loader has it; else that of the final NULL. */
static size_t find_variable(char *const environment[], size_t *count)
{
    size_t place = SIZE_MAX;
    for (*count = 0; environment != NULL && environment[*count] != NULL; ++*count)
        if (strncmp(environment[*count], VARIABLE, sizeof VARIABLE - 1) == 0)
            place = *count;
    return place != SIZE_MAX ? place : *count;
}

size_t follow_room(char *const environment[])
{
    size_t count;
    if (assignment[0] == '\0' || !can_be_read(environment))
        return 0;
    size_t place = find_variable(environment, &count), pointers = (count + 2) * sizeof(char *);
    if (place == count)
        return pointers;
    const char *list = environment[place] + sizeof VARIABLE - 1;
    return has_own_entry(list) ? 0 : pointers + sizeof VARIABLE + strlen(list) + 1 + strlen(own_entry());
}

char **follow_copy(char *const environment[], void *room)
{
    size_t count, place = find_variable(environment, &count);
    char **copy = room, *joined = (char *)(copy + count + 2);
    if (count > 0)
        memcpy(copy, environment, count * sizeof *copy);
    copy[count] = copy[count + 1] = NULL;
    copy[place] = assignment;
    if (place == count || environment[place][sizeof VARIABLE - 1] == '\0')
        return copy;
    /* After those of the program: a sanitizer's runtime wants to be the first. */
    copy[place] = joined;
    joined = stpcpy(joined, environment[place]);
    *joined++ = ':';
    strcpy(joined, own_entry());
    return copy;
}
