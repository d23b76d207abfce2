#include "name_server.h"

int __res_nquerydomain(struct __res_state *state, const char *name, const char *domain, int class, int type,
                       unsigned char *result, int size);
ASKED_FOR_BY(AT_FIRST, __res_nquerydomain);

void snippet(void)
{
    struct __res_state state = {0};
    res_ninit(&state);
    start_name_server();
    TELL(__res_nquerydomain(&state, "www", "example", 1, 1, answer, sizeof answer));
    TELL(__res_nquerydomain(&state, "nowhere", "example", 1, 1, answer, sizeof answer));
    stop_name_server();
}
