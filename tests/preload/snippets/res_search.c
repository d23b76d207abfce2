#include "name_server.h"

void snippet(void)
{
    start_name_server();
    TELL(res_search("www.example", 1, 1, answer, sizeof answer));
    TELL(res_search("www.example.", 1, 1, answer, 20));
    TELL(res_search("www.example", 1, 16, answer, sizeof answer));
    TELL(res_search("nowhere.example", 1, 1, answer, sizeof answer));
    TELL(res_search("1.2.0.192.in-addr.arpa", 1, 12, answer, sizeof answer));
    stop_name_server();
}
