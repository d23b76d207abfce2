/* Hooks inside hooks: how deep they act (preload/base/guard.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "preload/base/guard.h"

#define DEEP 12

/* In place of preload/init.c. */
_Atomic int init_state = INIT_READY;
__thread uintptr_t guard_innermost __attribute__((tls_model("initial-exec")));

bool init_run(void)
{
    return false;
}

static unsigned acted, might_act;

/* A hook that calls itself by way of what it calls. */
__attribute__((noinline)) static void hook(int depth, enum guard_kind kind)
{
    GUARD(guard);
    might_act += guard_may_act();
    bool entered = guard_enter(&guard, kind);
    acted += entered;
    if (depth > 1)
        hook(depth - 1, kind);
    /* What is deeper leaves no trace. */
    if (entered)
        assert_int_equal(guard_innermost & ~GUARD_BITS, (uintptr_t)&guard);
}

static void test_three_levels_act(void **state)
{
    (void)state;
    static const enum guard_kind kinds[] = {GUARD_QUICK, GUARD_CALL, GUARD_LOOKUP};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (int depth = 1; depth <= DEEP; depth++) {
            acted = might_act = 0;
            hook(depth, kinds[i]);
            assert_int_equal(acted, depth < 3 ? depth : 3);
            assert_int_equal(might_act, depth < 3 ? depth : 3);
            assert_int_equal(guard_innermost, 0);
        }
    }
}

/* Inside a hook that doesn't act, none does. */
static void test_own_threads_never_act(void **state)
{
    (void)state;
    guard_innermost = GUARD_OWN_THREAD;
    acted = might_act = 0;
    struct guard guard = {.entered = false};
    assert_false(guard_enter(&guard, GUARD_QUICK));
    assert_false(guard_may_act());
    guard_leave(&guard);
    assert_true(guard_innermost == GUARD_OWN_THREAD);
    guard_innermost = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_levels_act),
        cmocka_unit_test(test_own_threads_never_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
