/* The observer begins when it is loaded. */
#include "check/observer/next.h"
#include "check/observer/report.h"
#include "preload/base/pointer.h"
#include "preload/system/follow.h"

__attribute__((constructor)) static void start(void)
{
    next_bind_all();
    tell_start();
    pointer_start();
    follow_start(tell_wanted(), tell_variable());
}
