#include "snippet.h"

void snippet(void)
{
    SAY(setuid((uid_t)-1));
    SAY(setuid(getuid()));
    if (geteuid() != 0)
        return;
    SAY(setuid(65534));
    SAY(geteuid());
    SAY(setuid(0));
}
