#include "snippet.h"

void snippet(void)
{
    SAY(seteuid((uid_t)-1));
    SAY(seteuid(geteuid()));
    if (geteuid() != 0)
        return;
    SAY(seteuid(65534));
    SAY(geteuid());
    SAY(seteuid(0));
    SAY(geteuid());
}
