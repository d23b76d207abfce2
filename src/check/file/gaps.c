/* Makes the catalogue of gaps from gaps.def; read by the checks and the printers. */
#include "check/file/gaps.h"

#include <string.h>

enum { SYMBOL = true, NEVER = false };

static const struct gap gaps[GAP_COUNT] = {
#define GAP(name, id, severity, coverage, ...) {id, GAP_##severity, coverage, __VA_ARGS__},
#define GAP_SYMBOL(symbol, name)
#include "check/gaps.def"
#undef GAP
#undef GAP_SYMBOL
};

static const struct {
    const char *symbol;
    enum gap_number gap;
} gap_symbols[] = {
#define GAP(...)
#define GAP_SYMBOL(symbol, name) {#symbol, GAP_##name},
#include "check/gaps.def"
#undef GAP
#undef GAP_SYMBOL
};

static const char *const hooked_symbols[] = {
#define HOOK(type, name, parameters, need) #name,
#include "preload/hooks.def"
#undef HOOK
};

/* Of other machines, too: a program for them can be checked here. */
static const struct {
    const char *symbol, *usual;
} time64_symbols[] = {
#define TIME64_EVERYWHERE
#define TIME64(type, name, parameters, twin) {#name, #twin},
#include "preload/time64.def"
#undef TIME64
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct gap *gap_get(enum gap_number number)
{
    return &gaps[number];
}

enum gap_number gap_find(const char *id)
{
    for (size_t index = 0; index < GAP_COUNT; index++)
        if (strcmp(gaps[index].id, id) == 0)
            return (enum gap_number)index;
    return GAP_COUNT;
}

/* Equal up to the "@VERSION" of the first. */
static bool symbol_equal(const char *symbol, const char *name)
{
    size_t length = strcspn(symbol, "@");
    return strncmp(symbol, name, length) == 0 && name[length] == '\0';
}

const char *gap_usual_symbol(const char *symbol)
{
    for (size_t index = 0; index < COUNT(time64_symbols); index++)
        if (symbol_equal(symbol, time64_symbols[index].symbol))
            return time64_symbols[index].usual;
    return symbol;
}

enum gap_number gap_of_symbol(const char *symbol)
{
    const char *usual = gap_usual_symbol(symbol);
    for (size_t index = 0; index < COUNT(gap_symbols); index++)
        if (symbol_equal(usual, gap_symbols[index].symbol))
            return gap_symbols[index].gap;
    return GAP_COUNT;
}

bool gap_symbol_is_hooked(const char *symbol)
{
    const char *usual = gap_usual_symbol(symbol);
    for (size_t index = 0; index < COUNT(hooked_symbols); index++)
        if (symbol_equal(usual, hooked_symbols[index]))
            return true;
    return false;
}

bool gap_is_covered(enum gap_number number, const char *symbol)
{
    return gaps[number].coverable && symbol != NULL && gap_symbol_is_hooked(symbol);
}

static const char *const severity_names[] = {[GAP_NOTE] = "note", [GAP_WARNING] = "warning", [GAP_ERROR] = "error"};

const char *gap_severity_name(enum gap_severity severity)
{
    return severity_names[severity];
}

bool gap_severity_parse(const char *name, enum gap_severity *severity)
{
    for (size_t index = 0; index < COUNT(severity_names); index++)
        if (strcmp(name, severity_names[index]) == 0) {
            *severity = (enum gap_severity)index;
            return true;
        }
    return false;
}
