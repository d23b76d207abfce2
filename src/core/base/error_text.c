/* Names and words of errors without libc's newer functions; for the log, the trace and the command. */
#include "core/base/error_text.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* The strings in a row, found by their places: a table of pointers would have to be relocated in every process. */
static const struct names {
    char none;
#define ERROR(name, words) char of_##name[sizeof #name];
#include "core/base/errors.def"
#undef ERROR
} names = {
#define ERROR(name, words) .of_##name = #name,
#include "core/base/errors.def"
#undef ERROR
};

static const struct descriptions {
    char none;
#define ERROR(name, words) char of_##name[sizeof words];
#include "core/base/errors.def"
#undef ERROR
} descriptions = {
#define ERROR(name, words) .of_##name = words,
#include "core/base/errors.def"
#undef ERROR
};

/* 0, the place of `none`: no such error. */
static const struct {
    uint16_t name, description;
} places[] = {
#define ERROR(name, words) [name] = {offsetof(struct names, of_##name), offsetof(struct descriptions, of_##name)},
#include "core/base/errors.def"
#undef ERROR
};

static size_t known(int error)
{
    size_t number = error > 0 ? (size_t)error : 0;
    return number < sizeof places / sizeof places[0] ? number : 0;
}

const char *error_name(int error)
{
    size_t place = places[known(error)].name;
    return place == 0 ? NULL : (const char *)&names + place;
}

const char *error_words(int error)
{
    size_t place = places[known(error)].description;
    return place == 0 ? NULL : (const char *)&descriptions + place;
}
