#include "name_server.h"

void snippet(void)
{
    struct __res_state state = {0};
    res_ninit(&state);
    start_name_server();
    TELL(res_nquerydomain(&state, "www", "example", 1, 1, answer, sizeof answer));
    TELL(res_nquerydomain(&state, "nowhere", "example", 1, 1, answer, sizeof answer));
    stop_name_server();
}
