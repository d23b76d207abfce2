/*
 * A thread that is cancelled in accept() runs its cleanup handler: libc unwinds its stack, through the library's
 * frames. Run by tests/platforms/inside-cross, with the library preloaded. Ends with 0 if it was so.
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#define ASLEEP_S 2 /* by then the thread is in accept(); if not, it is cancelled there when it comes */

static int cleaned_up;

static void clean_up(void *flag)
{
    *(int *)flag = 1;
}

static void *wait_for_a_client(void *flag)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0 || listen(fd, 1) != 0)
        return NULL;
    pthread_cleanup_push(clean_up, flag);
    accept(fd, NULL, NULL);
    pthread_cleanup_pop(0);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    void *result = NULL;
    if (pthread_create(&thread, NULL, wait_for_a_client, &cleaned_up) != 0)
        return 2;
    sleep(ASLEEP_S);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    return result == PTHREAD_CANCELED && cleaned_up ? 0 : 1;
}
