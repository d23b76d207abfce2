#include "snippet.h"

void snippet(void)
{
    SAY(chroot("/no/such/directory"));
    SAY(chroot("/proc/self/exe"));
    if (geteuid() != 0)
        return;
    SAY(chroot("/usr"));
    SAY(access("/bin", F_OK));
    SAY(access("/usr", F_OK));
}
