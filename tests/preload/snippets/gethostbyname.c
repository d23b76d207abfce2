#include "snippet.h"

void snippet(void)
{
    const char *const names[] = {
        "one4.example", "uno4", "two4.example",  "localhost",      "192.0.2.7", "10.1",      "0x7f000001",  "",
        "no such name", ".",    "one4.example.", "absent.invalid", "1.2.3.4.5", "256.1.1.1", "ONE4.EXAMPLE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        errno = NO_ERROR;
        h_errno = 0;
        const struct hostent *host = gethostbyname(names[i]);
        int error = errno;
        say_hostent(names[i], host);
        if (host != NULL)
            printf("errno %s\n", errno_name(error));
    }
    /* The static result is given as the name of the next question. */
    struct hostent *host = gethostbyname("uno4");
    say_hostent("its own result", host != NULL ? gethostbyname(host->h_name) : NULL);
}
