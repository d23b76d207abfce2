#include "snippet.h"

void snippet(void)
{
    SAY(setreuid((uid_t)-1, (uid_t)-1));
    SAY(setreuid(getuid(), (uid_t)-1));
    if (geteuid() != 0)
        return;
    SAY(setreuid(0, 65534));
    SAY(geteuid());
    SAY(setreuid((uid_t)-1, 0));
    SAY(setreuid(65534, 65534));
    SAY(setreuid(0, 0));
    SAY(getuid());
}
