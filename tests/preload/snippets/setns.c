#include "snippet.h"

#include <sched.h>

void snippet(void)
{
    int own = open("/proc/self/ns/net", O_RDONLY);
    SAY(setns(-1, 0));
    SAY(setns(open("/dev/null", O_RDONLY), 0));
    SAY(setns(own, CLONE_NEWUTS));
}
