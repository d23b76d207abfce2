#include "snippet.h"

#include <sched.h>

void snippet(void)
{
    SAY(unshare(0));
    SAY(unshare(-1));
    SAY(unshare(CLONE_FS));
}
