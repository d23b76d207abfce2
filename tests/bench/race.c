/*
 * How long it takes to connect to a name, as an old program does it: one blocking socket, the first address. Prints
 * the first time, then the median of the others, in microseconds. Usage: race NAME PORT COUNT.
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

#define MOST     10000
#define US_PER_S 1e6

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * US_PER_S + (double)time.tv_nsec / 1e3;
}

static int by_size(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
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
    printf("%.0f %.0f\n", first, times[1 + (count - 1) / 2]);
    return 0;
}
