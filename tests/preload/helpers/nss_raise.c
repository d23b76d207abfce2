/*
 * A source of names for nsswitch.conf, "raise", which knows none: it sends the thread that looks up a signal from the
 * middle of libc's lookup. Only the first thread of the process.
 */
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum nss_status _nss_raise_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer,
                                            size_t size, int *error, int *host_error);
enum nss_status _nss_raise_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer,
                                            size_t size, int *error, int *host_error)
{
    (void)name, (void)family, (void)host, (void)buffer, (void)size;
    if (syscall(SYS_gettid) == getpid())
        pthread_kill(pthread_self(), SIGUSR1);
    *error = ENOENT;
    *host_error = HOST_NOT_FOUND;
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_raise_gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size,
                                           int *error, int *host_error);
enum nss_status _nss_raise_gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size,
                                           int *error, int *host_error)
{
    return _nss_raise_gethostbyname2_r(name, AF_INET, host, buffer, size, error, host_error);
}
