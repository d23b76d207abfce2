/* Puts our LD_PRELOAD entry back into the environment of a new program; called by the hooks of exec and by the
   observer. */
#include "preload/system/follow.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/linker/start.h"
#include "preload/base/pointer.h"

#define VARIABLE   "LD_PRELOAD="
#define SEPARATORS " :" /* ld.so(8) */
#define ENTRY_SIZE 4096

/* "LD_PRELOAD=" and our own entry; "": nothing to put back. Most are short, and lie where the start writes. */
static char usual[256] START_DATA, longest[sizeof VARIABLE + ENTRY_SIZE];
static char *assignment START_DATA = usual;

/* The other variable that new programs get, and how long its name is, with the "="; NULL: none. */
static const char *variable START_DATA;
static size_t variable_name_length START_DATA;

static START_CODE const char *own_entry(void)
{
    return assignment + sizeof VARIABLE - 1;
}

static START_CODE const char *base_name(const char *path, size_t length)
{
    const char *slash = memrchr(path, '/', length);
    return slash != NULL ? slash + 1 : path;
}

/* The entry of a list that is called `name`, whatever its directory (which may hold a $LIB); its length, or 0. */
static START_CODE size_t find_entry(const char *list, const char *name, const char **entry)
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

START_CODE bool follow_start(bool wanted, const char *other)
{
    Dl_info own;
    const char *list = getenv("LD_PRELOAD"), *entry;
    usual[0] = '\0';
    assignment = usual;
    variable = other;
    variable_name_length = other != NULL ? strcspn(other, "=") + 1 : 0;
    if (!wanted || list == NULL || dladdr((void *)follow_start, &own) == 0 || own.dli_fname == NULL)
        return true;
    size_t length = find_entry(list, base_name(own.dli_fname, strlen(own.dli_fname)), &entry);
    if (length == 0 || length >= ENTRY_SIZE)
        return length == 0;
    size_t size = sizeof VARIABLE + length;
    if (size > sizeof usual)
        assignment = longest;
    struct text text = text_on(assignment, size);
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

/* Whether all of it can be followed. The kernel refuses what can't. */
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

/* The place of a variable, the last one as the loader has it; else that of the final NULL. `name` begins with the
   variable's, which has `length` characters with the "=". */
static size_t find_variable(char *const environment[], const char *name, size_t length, size_t *count)
{
    size_t place = SIZE_MAX;
    for (*count = 0; environment != NULL && environment[*count] != NULL; ++*count)
        if (strncmp(environment[*count], name, length) == 0)
            place = *count;
    return place != SIZE_MAX ? place : *count;
}

/* What a copy of an environment is to have. */
struct plan {
    size_t count; /* the variables of the original */
    size_t place; /* of LD_PRELOAD; `count`: it has none */
    bool adds_entry, adds_variable;
    size_t joined_size; /* of LD_PRELOAD with its entries and ours; 0: it is ours alone */
};

static struct plan plan_of(char *const environment[])
{
    size_t count;
    struct plan plan = {0};
    plan.place = find_variable(environment, VARIABLE, sizeof VARIABLE - 1, &plan.count);
    const char *list = plan.place < plan.count ? environment[plan.place] + sizeof VARIABLE - 1 : "";
    plan.adds_entry = assignment[0] != '\0' && !has_own_entry(list);
    if (plan.adds_entry && list[0] != '\0')
        plan.joined_size = sizeof VARIABLE + strlen(list) + 1 + strlen(own_entry());
    if (variable != NULL)
        plan.adds_variable = find_variable(environment, variable, variable_name_length, &count) == plan.count;
    return plan;
}

/* Both variables, and the final NULL. */
static size_t pointers_size(const struct plan *plan)
{
    return (plan->count + 3) * sizeof(char *);
}

size_t follow_room(char *const environment[])
{
    if ((assignment[0] == '\0' && variable == NULL) || !can_be_read(environment))
        return 0;
    struct plan plan = plan_of(environment);
    return plan.adds_entry || plan.adds_variable ? pointers_size(&plan) + plan.joined_size : 0;
}

/* After the entries of the program: a sanitizer's runtime wants to be the first. */
static char *join(char *room, const char *before)
{
    char *end = stpcpy(room, before);
    *end++ = ':';
    strcpy(end, own_entry());
    return room;
}

char **follow_copy(char *const environment[], void *room)
{
    struct plan plan = plan_of(environment);
    char **copy = room;
    size_t end = plan.count;
    if (plan.count > 0)
        memcpy(copy, environment, plan.count * sizeof *copy);
    if (plan.adds_entry)
        copy[plan.place] =
            plan.joined_size > 0 ? join((char *)room + pointers_size(&plan), environment[plan.place]) : assignment;
    if (plan.adds_entry && plan.place == plan.count)
        end++;
    if (plan.adds_variable)
        copy[end++] = (char *)(uintptr_t)variable;
    copy[end] = NULL;
    return copy;
}
