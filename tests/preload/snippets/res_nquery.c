#include "name_server.h"

void snippet(void)
{
    struct __res_state state = {0};
    res_ninit(&state);
    start_name_server();
    TELL(res_nquery(&state, "www.example", 1, 1, answer, sizeof answer));
    TELL(res_nquery(&state, "www.example", 1, 16, answer, sizeof answer));
    TELL(res_nquery(&state, "nowhere.example", 1, 1, answer, sizeof answer));
    printf("%d\n", state.res_h_errno);
    stop_name_server();
}
