/*
 * How long it takes to connect to a name, as an old program does it: one blocking socket, the first address. Prints
 * the first time, then the median of the others, in microseconds, then the processor time that socket(), connect()
 * and close() take in the fastest batch, in nanoseconds. Usage: race NAME PORT COUNT.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST      10000
#define US_PER_S  1e6
#define NS_PER_US 1e3
#define BATCH     20

static double clock_us(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * US_PER_S + (double)time.tv_nsec / NS_PER_US;
}

static double now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static int by_size(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static int connect_once(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int result = connect(fd, (const struct sockaddr *)address, sizeof *address);
    close(fd);
    return result;
}

/* Of one connection, in a busy machine's best moment. */
static double least_processor_ns(const struct sockaddr_in *address, int batches)
{
    double least_us = 0;
    for (int i = 0; i < batches; i++) {
        double start_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
        for (int j = 0; j < BATCH; j++)
            connect_once(address);
        double time_us = (clock_us(CLOCK_THREAD_CPUTIME_ID) - start_us) / BATCH;
        least_us = i == 0 || time_us < least_us ? time_us : least_us;
    }
    return least_us * NS_PER_US;
}

int main(int argc, char **argv)
{
    static double times[MOST];
    if (argc != 4 || atoi(argv[3]) < 2 || atoi(argv[3]) > MOST)
        return 2;
    int count = atoi(argv[3]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    struct hostent *host = gethostbyname(argv[1]);
    if (host == NULL)
        return 1;
    memcpy(&address.sin_addr, host->h_addr_list[0], sizeof address.sin_addr);
    for (int i = 0; i < count; i++) {
        double start = now_us();
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
            fprintf(stderr, "race: %s: %s\n", argv[1], strerror(errno));
            return 1;
        }
        times[i] = now_us() - start;
        close(fd);
    }
    double first = times[0];
    qsort(times + 1, (size_t)count - 1, sizeof times[0], by_size);
    printf("%.0f %.0f %.0f\n", first, times[1 + (count - 1) / 2], least_processor_ns(&address, count / BATCH + 1));
    return 0;
}
