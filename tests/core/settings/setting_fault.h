/* For the tests of core/settings/setting: where a value is wrong. */
#ifndef V6SHIM_TESTS_UNIT_SETTING_FAULT_H
#define V6SHIM_TESTS_UNIT_SETTING_FAULT_H

#include <stdlib.h>
#include <string.h>

#include "core/settings/setting.h"

#define GOOD SIZE_MAX /* in place of the offset of a fault */

/* Parses from an allocation without a NUL behind it, so that a sanitizer sees a step beyond. Returns the offset of
   the fault; the checking form has to agree with the storing one. */
static inline size_t fault_of(const struct setting *setting, const char *value, void *fields)
{
    size_t length = strlen(value);
    char *copy = malloc(length + 1);
    struct setting_fault fault, checked;
    assert_non_null(copy);
    memmove(copy + 1, value, length);
    bool good = setting_parse(setting, copy + 1, length, fields, &fault);
    assert_int_equal(good, setting_parse(setting, copy + 1, length, NULL, &checked));
    free(copy);
    if (good)
        return GOOD;
    assert_true(fault.offset + fault.length <= length);
    assert_int_equal(fault.offset, checked.offset);
    assert_int_equal(fault.length, checked.length);
    return fault.offset;
}

#endif
