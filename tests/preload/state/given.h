/*
 * For tests of an alias table that holds what an earlier process has given (support.h): what is done to the table, or
 * to where it lies, must lead nobody to a wrong address.
 */
#ifndef V6SHIM_TESTS_STATE_GIVEN_H
#define V6SHIM_TESTS_STATE_GIVEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/alias/alias.h"
#include "support.h"

#define POOL_LENGTH 20
#define KNOWN       300u
#define FILE_SIZE   (4096 + 32 * (1u << (32 - POOL_LENGTH)))
#define NOBODY      65534

/* What was given by a process that is gone, and the table that it left: of FILE_SIZE + 1 bytes. */
extern struct in_addr *given;
extern uint8_t *image;

/* To be called from main() first. */
void given_start(void);
/* cmocka: a new test directory in which `given` has been given. support_tear_down() removes it. */
int set_up_given(void **state);
#define GIVEN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_given, support_tear_down)

/* Every alias leads to its address or nowhere; every address gets an alias that leads back. */
void check_no_wrong_address(void);
/* The file can't be used: one line that names it, with the reason, and everything works without it. */
void check_private(const char *named, const char *reason);

#endif
