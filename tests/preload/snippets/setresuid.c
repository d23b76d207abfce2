#include "snippet.h"

void snippet(void)
{
    SAY(setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1));
    SAY(setresuid((uid_t)-1, geteuid(), (uid_t)-1));
    if (geteuid() != 0)
        return;
    SAY(setresuid(65534, 65534, 0));
    SAY(geteuid());
    SAY(setresuid((uid_t)-1, 0, (uid_t)-1));
    SAY(setresuid(65534, 65534, 65534));
    SAY(setresuid(0, 0, 0));
    SAY(geteuid());
}
