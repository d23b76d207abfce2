#include "snippet.h"

void snippet(void)
{
    const char *const names[] = {"one4.example", "two4.example", "192.0.2.7", "absent.invalid"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        h_errno = 0;
        say_hostent(names[i], gethostbyname2(names[i], AF_INET));
    }
    errno = NO_ERROR;
    h_errno = 0;
    say_hostent("a family that isn't one", gethostbyname2("one4.example", AF_UNIX));
    printf("errno %s\n", errno_name(errno));
}
