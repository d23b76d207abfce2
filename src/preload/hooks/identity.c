/* A daemon becomes another user, or goes into another root directory: what it needs there is made while it may. */
#include <unistd.h>

#include "preload/alias/aliases.h"
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/system/imports.h"
#include "preload/system/real.h"

#define NOBODY_ELSE ((uid_t)-1) /* this user stays as it is */

/* Other programs, which become another user to start a program, or to look at a file, pay nothing and leave nothing.
 */
static NOINLINE void prepare_user(uid_t user, const void *caller)
{
    if (guard_may_act() && (aliases_are_prepared() || imports_serve(caller)))
        aliases_hand_over(user);
}

static int become(int result)
{
    if (result == 0 && guard_may_act())
        aliases_handed_over();
    return result;
}

EXPORT int setuid(uid_t user)
{
    prepare_user(user, CALLER);
    return become(REAL(setuid)(user));
}

EXPORT int seteuid(uid_t effective)
{
    prepare_user(effective, CALLER);
    return become(REAL(seteuid)(effective));
}

EXPORT int setreuid(uid_t real, uid_t effective)
{
    if (effective != NOBODY_ELSE)
        prepare_user(effective, CALLER);
    return become(REAL(setreuid)(real, effective));
}

EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    if (effective != NOBODY_ELSE)
        prepare_user(effective, CALLER);
    return become(REAL(setresuid)(real, effective, saved));
}

EXPORT int chroot(const char *path)
{
    if (guard_may_act() && (aliases_are_prepared() || imports_serve(CALLER)))
        aliases_keep_rooms();
    return REAL(chroot)(path);
}
