#include "snippet.h"

void snippet(void)
{
    int client, server;
    char byte = 'x';
    connection(20050, &client, &server);
    SAY(fcntl(client, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    SAY(fcntl(client, F_SETFL, O_NONBLOCK));
    SAY(fcntl(client, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    SAY(read(client, &byte, 1));
    SAY(fcntl(client, F_SETFD, FD_CLOEXEC));
    SAY(fcntl(client, F_GETFD));
    int copy = (int)SAY(fcntl(client, F_DUPFD, 200));
    SAY(fcntl(copy, F_GETFD));
    copy = (int)SAY(fcntl(client, F_DUPFD_CLOEXEC, 200));
    SAY(fcntl(copy, F_GETFD));
    close(client);
    SAY(write(copy, &byte, 1));
    SAY(read(server, &byte, 1));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = open("/dev/null", O_RDWR);
    SAY(fcntl(file, F_SETLK, &lock));
    /* Of the two versions that i386 has, one takes the wide kind here. */
    union {
        struct flock64 wide;
        struct flock narrow;
    } either = {0};
    either.narrow.l_type = F_WRLCK;
    either.narrow.l_len = 1;
    file = open("/dev/zero", O_RDWR);
    SAY(fcntl(file, F_OFD_GETLK, &either));
    say_bytes("lock", &either, sizeof either);
    SAY(fcntl(client, F_DUPFD, 200));
    SAY(fcntl(copy, F_DUPFD, -1));
    SAY(fcntl(copy, 9999, 0));
    SAY(fcntl(copy, F_SETOWN, getpid()));
    SAY(fcntl(copy, F_GETOWN) == getpid());
}
