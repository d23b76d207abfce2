/* Opened with RTLD_DEEPBIND by bypass.c: its connect() is libc's, whatever library is preloaded. */
#include <sys/socket.h>

int bypass_connect(int fd, const struct sockaddr *address, socklen_t length);

int bypass_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    return connect(fd, address, length);
}
