#include "race_parts.h"
#include "core/base/error_text.h"

void say(const char *what, long result)
{
    if (result < 0)
        printf("%s: %s\n", what, error_name(errno));
    else
        printf("%s: %ld\n", what, result);
}

static struct in_addr address_of(const char *name)
{
    struct hostent *host = gethostbyname(name);
    struct in_addr address = {0};
    if (host == NULL) {
        printf("no address for %s\n", name);
        exit(1);
    }
    memcpy(&address, host->h_addr_list[0], sizeof address);
    return address;
}

int go(int fd, const char *name, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address_of(name)};
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

int fresh(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

int going(const char *name, uint16_t port)
{
    int fd = fresh();
    SAY(go(fd, name, port));
    return fd;
}

int events_of(int fd, short events, int timeout_ms)
{
    struct pollfd polled = {.fd = fd, .events = events};
    int count = poll(&polled, 1, timeout_ms);
    return count < 0 ? count : polled.revents;
}

int error_of(int fd)
{
    int error = -1;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}

int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

void show_events(int epoll, int timeout_ms)
{
    struct epoll_event events[4];
    int count = epoll_wait(epoll, events, 4, timeout_ms);
    printf("events:");
    for (int i = 0; i < count; i++)
        printf(" %d:%#x", (int)events[i].data.u64, events[i].events);
    printf("\n");
}

int control(int epoll, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = 5};
    return epoll_ctl(epoll, operation, fd, &event);
}

/* The first line that differs. */
static void compare(const char *part, const char *bare, const char *preloaded)
{
    unsigned line = 1;
    for (; *bare != '\0' && *bare == *preloaded; bare++, preloaded++)
        line += *bare == '\n';
    if (*bare != *preloaded)
        fail_msg("%s, line %u: ...%.60s\nbut with the library ...%.60s", part, line, bare, preloaded);
}

void run_part(void **state)
{
    const struct part *part = *state;
    char bare[PART_OUTPUT_SIZE];
    const struct part_result *result = part_run_bare(part->name);
    assert_int_equal(result->status, 0);
    memcpy(bare, result->output, sizeof bare);
    compare(part->name, bare, part_output(part->name, NULL));
}
