#include "name_server.h"

void snippet(void)
{
    start_name_server();
    TELL(res_querydomain("www", "example", 1, 1, answer, sizeof answer));
    TELL(res_querydomain("nowhere", "example", 1, 1, answer, sizeof answer));
    stop_name_server();
}
