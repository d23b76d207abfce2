#include "name_server.h"

void snippet(void)
{
    static unsigned char question[] = "\1\2\1\0\0\1\0\0\0\0\0\0" QUESTION;
    start_name_server();
    TELL(res_send(question, sizeof question - 1, answer, sizeof answer));
    question[13] = 'x';
    TELL(res_send(question, sizeof question - 1, answer, sizeof answer));
    stop_name_server();
}
