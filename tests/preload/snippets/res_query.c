#include "name_server.h"

void snippet(void)
{
    start_name_server();
    TELL(res_query("www.example", 1, 1, answer, sizeof answer));
    TELL(res_query("www.example.", 1, 1, answer, 20));
    TELL(res_query("www.example", 1, 16, answer, sizeof answer));
    TELL(res_query("nowhere.example", 1, 1, answer, sizeof answer));
    TELL(res_query("1.2.0.192.in-addr.arpa", 1, 12, answer, sizeof answer));
    stop_name_server();
}
