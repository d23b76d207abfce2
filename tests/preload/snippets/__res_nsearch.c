#include "name_server.h"

int __res_nsearch(struct __res_state *state, const char *name, int class, int type, unsigned char *result, int size);
ASKED_FOR_BY(AT_FIRST, __res_nsearch);

void snippet(void)
{
    struct __res_state state = {0};
    res_ninit(&state);
    start_name_server();
    TELL(__res_nsearch(&state, "www.example", 1, 1, answer, sizeof answer));
    TELL(__res_nsearch(&state, "www.example", 1, 16, answer, sizeof answer));
    TELL(__res_nsearch(&state, "nowhere.example", 1, 1, answer, sizeof answer));
    printf("%d\n", state.res_h_errno);
    stop_name_server();
}
