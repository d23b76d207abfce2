#include "snippet.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <termios.h>

static void ask_interface(int fd, unsigned long request, const char *what)
{
    struct ifreq interface = {.ifr_name = "lo"};
    printf("%s: ", what);
    SAY(ioctl(fd, request, &interface));
    say_bytes("address", &interface.ifr_addr, sizeof interface.ifr_addr);
}

static void ask_all(int fd)
{
    int count = -1, on = 1;
    ask_interface(fd, SIOCGIFADDR, "SIOCGIFADDR");
    ask_interface(fd, SIOCGIFNETMASK, "SIOCGIFNETMASK");
    ask_interface(fd, SIOCGIFDSTADDR, "SIOCGIFDSTADDR");
    ask_interface(fd, SIOCGIFFLAGS, "SIOCGIFFLAGS");
    SAY(ioctl(fd, FIONREAD, &count));
    printf("count %d\n", count);
    SAY(ioctl(fd, FIONBIO, &on));
    SAY(fcntl(fd, F_GETFL) & O_NONBLOCK);
    SAY(ioctl(fd, FIOCLEX));
    SAY(fcntl(fd, F_GETFD));
    struct ifconf configuration = {.ifc_len = 0};
    SAY(ioctl(fd, SIOCGIFCONF, &configuration));
    SAY(configuration.ifc_len > 0);
    SAY(ioctl(fd, SIOCGIFADDR, NULL));
    SAY(ioctl(fd, 0xdeadbeef, &count));
}

void snippet(void)
{
    struct sockaddr_in any = at("0.0.0.0", 20150);
    int unbound = socket(AF_INET, SOCK_DGRAM, 0), bound = socket(AF_INET, SOCK_DGRAM, 0);
    ask_all(unbound);
    SAY(bind(bound, (struct sockaddr *)&any, sizeof any));
    ask_all(bound);
    ask_all(listener("0.0.0.0", 20150));
    struct winsize window;
    SAY(ioctl(open("/dev/null", O_RDWR), TIOCGWINSZ, &window));
    SAY(ioctl(-1, FIONREAD, &window));
}
