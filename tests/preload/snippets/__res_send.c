#include "name_server.h"

int __res_send(const unsigned char *question, int length, unsigned char *result, int size);
ASKED_FOR_BY(AT_FIRST_SEND, __res_send);

void snippet(void)
{
    static unsigned char question[] = "\1\2\1\0\0\1\0\0\0\0\0\0" QUESTION;
    start_name_server();
    TELL(__res_send(question, sizeof question - 1, answer, sizeof answer));
    question[13] = 'x';
    TELL(__res_send(question, sizeof question - 1, answer, sizeof answer));
    stop_name_server();
}
