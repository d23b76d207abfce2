#include "name_server.h"

int __res_querydomain(const char *name, const char *domain, int class, int type, unsigned char *result, int size);
ASKED_FOR_BY(AT_FIRST, __res_querydomain);

void snippet(void)
{
    start_name_server();
    TELL(__res_querydomain("www", "example", 1, 1, answer, sizeof answer));
    TELL(__res_querydomain("nowhere", "example", 1, 1, answer, sizeof answer));
    stop_name_server();
}
