#include "name_server.h"

int __res_query(const char *name, int class, int type, unsigned char *result, int size);
ASKED_FOR_BY(AT_FIRST, __res_query);

void snippet(void)
{
    start_name_server();
    TELL(__res_query("www.example", 1, 1, answer, sizeof answer));
    TELL(__res_query("www.example.", 1, 1, answer, 20));
    TELL(__res_query("www.example", 1, 16, answer, sizeof answer));
    TELL(__res_query("nowhere.example", 1, 1, answer, sizeof answer));
    TELL(__res_query("1.2.0.192.in-addr.arpa", 1, 12, answer, sizeof answer));
    stop_name_server();
}
