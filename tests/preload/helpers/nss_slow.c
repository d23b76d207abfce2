/*
 * A source of names for nsswitch.conf, "slow", which works on an IPv6 address for a while with its lock held, as libc
 * does with its own for a moment. In a process that was forked meanwhile the lock is never released.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORK_NS 10000000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t first; /* process that has looked something up */

static void work(void)
{
    struct timespec now, until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec + WORK_NS) / 1000000000;
    until.tv_nsec = (until.tv_nsec + WORK_NS) % 1000000000;
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec < until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec < until.tv_nsec));
}

static enum nss_status answer(const char *name, int family, struct hostent *host, char *buffer, size_t size)
{
    size_t address_size = family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
    char **list = (char **)(void *)buffer;
    char *address = buffer + 3 * sizeof *list, *copy = address + sizeof(struct in6_addr);
    if (3 * sizeof *list + sizeof(struct in6_addr) + strlen(name) + 1 > size)
        return NSS_STATUS_TRYAGAIN;
    list[0] = address;
    list[1] = list[2] = NULL;
    inet_pton(family, family == AF_INET6 ? "2001:db8::1" : "192.0.2.1", address);
    strcpy(copy, name);
    *host = (struct hostent){.h_name = copy,
                             .h_aliases = list + 2,
                             .h_addrtype = family,
                             .h_length = (int)address_size,
                             .h_addr_list = list};
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_slow_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer,
                                           size_t size, int *error, int *host_error);
enum nss_status _nss_slow_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer,
                                           size_t size, int *error, int *host_error)
{
    if (first == 0)
        first = getpid();
    if (family == AF_INET6 || getpid() != first) {
        pthread_mutex_lock(&lock);
        work();
        pthread_mutex_unlock(&lock);
    }
    *error = ERANGE;
    *host_error = NETDB_INTERNAL;
    return answer(name, family, host, buffer, size);
}

enum nss_status _nss_slow_gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size,
                                          int *error, int *host_error);
enum nss_status _nss_slow_gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size,
                                          int *error, int *host_error)
{
    return _nss_slow_gethostbyname2_r(name, AF_INET, host, buffer, size, error, host_error);
}
