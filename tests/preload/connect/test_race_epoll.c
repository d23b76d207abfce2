/* epoll sets with a connection that is raced, and duplicates of its descriptor (race_parts.h). */
#include "../race_parts.h"

#include <fcntl.h>

static void watch(uint32_t events, bool before, const char *name, int port)
{
    int epoll = epoll_create1(0), outer = epoll_create1(0), fd = fresh();
    printf("events %#x, %s, %s\n", events, before ? "before" : "after", name);
    SAY(control(outer, EPOLL_CTL_ADD, epoll, EPOLLIN));
    if (before)
        SAY(control(epoll, EPOLL_CTL_ADD, fd, events));
    if (before)
        show_events(epoll, 0);
    SAY(go(fd, name, (uint16_t)port));
    if (!before)
        SAY(control(epoll, EPOLL_CTL_ADD, fd, events));
    if (!before || (events & EPOLLONESHOT) == 0) /* docs/limits.md: one that has fired is out of the set */
        SAY(control(epoll, EPOLL_CTL_ADD, fd, events));
    if (strcmp(name, HOLE) == 0) {
        show_events(epoll, SHORT_MS);
        SAY(control(epoll, EPOLL_CTL_MOD, fd, EPOLLIN));
        show_events(epoll, SHORT_MS);
        SAY(control(epoll, EPOLL_CTL_DEL, fd, 0));
        SAY(control(epoll, EPOLL_CTL_DEL, fd, 0));
        SAY(control(epoll, EPOLL_CTL_MOD, fd, EPOLLIN));
    } else if ((events & EPOLLONESHOT) != 0 && before) { /* has fired before connect() */
        show_events(epoll, 2 * SHORT_MS);
        SAY(control(epoll, EPOLL_CTL_MOD, fd, EPOLLOUT));
        show_events(epoll, IN_TIME_MS);
    } else {
        events_of(outer, POLLIN, IN_TIME_MS);
        show_events(epoll, IN_TIME_MS);
        show_events(epoll, SHORT_MS);
    }
    close(fd);
    show_events(epoll, 0);
    close(epoll);
    close(outer);
}

static void watch_all(const char *name, int port)
{
    static const uint32_t kinds[] = {EPOLLOUT, EPOLLIN | EPOLLOUT | EPOLLET, EPOLLOUT | EPOLLONESHOT,
                                     EPOLLIN | EPOLLRDHUP | EPOLLET};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int before = 0; before < 2; before++)
            if (strcmp(name, HOLE) == 0 || (kinds[i] & EPOLLOUT) != 0)
                watch(kinds[i], before != 0, name, port);
}

static void part_epoll_waiting(void)
{
    watch_all(HOLE, 7001);
}

static void part_epoll_refused(void)
{
    watch_all(REFUSING, NOBODY);
}

static void part_epoll_connected(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    watch_all(HALF, world_port(waiting));
}

/* ---- Duplicates */

static void part_duplicated(void)
{
    int waiting = world_listen("192.0.2.1", 0), epoll = epoll_create1(0), fd = going(HALF, world_port(waiting));
    int copy = dup(fd), low = fcntl(fd, F_DUPFD, 100);
    SAY(control(epoll, EPOLL_CTL_ADD, copy, EPOLLOUT));
    show_events(epoll, IN_TIME_MS);
    SAY(error_of(low));
    SAY(close(fd));
    SAY(events_of(low, POLLOUT, IN_TIME_MS));
    SAY(write(copy, "x", 1));
    show_events(epoll, IN_TIME_MS);
}

static void part_duplicated_before(void)
{
    int waiting = world_listen("192.0.2.1", 0), epoll = epoll_create1(0), fd = fresh(), copy = dup(fd);
    SAY(control(epoll, EPOLL_CTL_ADD, copy, EPOLLOUT | EPOLLET));
    show_events(epoll, 0);
    SAY(go(fd, HALF, world_port(waiting)));
    show_events(epoll, IN_TIME_MS);
    SAY(events_of(copy, POLLOUT, IN_TIME_MS));
    SAY(error_of(copy));
    SAY(write(copy, "x", 1));
    SAY(close(fd));
    SAY(write(copy, "x", 1));
}

static const struct part parts[] = {
    {"epoll, waiting", part_epoll_waiting},        {"epoll, refused", part_epoll_refused},
    {"epoll, connected", part_epoll_connected},    {"duplicated", part_duplicated},
    {"duplicated before", part_duplicated_before}, {NULL, NULL},
};
#define PARTS (sizeof parts / sizeof parts[0] - 1)

int main(int argc, char **argv)
{
    struct CMUnitTest tests[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        tests[i] = PART_TEST(&parts[i]);
    return support_run(argc, argv, parts, tests, PARTS);
}
