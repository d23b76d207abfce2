/*
 * What the snippets share. A snippet is a file named after one interposed symbol. It defines snippet(), which calls
 * that symbol with things of IPv4 only and tells on standard output everything that a program can see of it: results,
 * errno, lengths, bytes. ../test_snippets.sh runs each in several shapes, bare and under the preload; what is told
 * must not differ. So nothing may be told that differs from run to run: ports that the kernel chose, times, addresses
 * in memory. Ports are to be taken from 20000 to 29999, another one for each snippet.
 */
#ifndef V6SHIM_TESTS_SNIPPET_H
#define V6SHIM_TESTS_SNIPPET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error_text.c" /* a program of one file */

void snippet(void);

/* In errno before every call that is told of: a call that succeeds may not touch it. */
#define NO_ERROR 4242

static inline const char *errno_name(int error)
{
    return error == NO_ERROR ? "untouched" : error == 0 ? "0" : error_name(error);
}

/* Makes a call of an integer kind, tells its text and outcome, and gives its result. */
#define SAY(call) say(#call, (errno = NO_ERROR, (long)(call)))

__attribute__((unused)) static long say(const char *call, long result)
{
    int error = errno;
    printf("%s = %ld, errno %s\n", call, result, errno_name(error));
    return result;
}

__attribute__((unused)) static void say_bytes(const char *what, const void *bytes, size_t length)
{
    printf("%s:", what);
    for (size_t i = 0; i < length; i++)
        printf(" %02x", ((const unsigned char *)bytes)[i]);
    printf("\n");
}

__attribute__((unused)) static struct sockaddr_in at(const char *address, int port)
{
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    if (inet_pton(AF_INET, address, &result.sin_addr) != 1)
        abort();
    return result;
}

#define FIRST_EPHEMERAL_PORT 32768

/* An address that a call gave, and the length that it told; a port of the kernel's choice is not told. */
__attribute__((unused)) static void say_address(const char *what, const struct sockaddr_in *address, socklen_t length)
{
    char text[INET_ADDRSTRLEN] = "?";
    inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
    int port = ntohs(address->sin_port);
    printf("%s: family %d, %s, port %d, length %u\n", what, address->sin_family, text,
           port < FIRST_EPHEMERAL_PORT ? port : -1, (unsigned)length);
}

__attribute__((unused)) static void say_hostent(const char *what, const struct hostent *host)
{
    if (host == NULL) {
        printf("%s: none, h_errno %d\n", what, h_errno);
        return;
    }
    printf("%s: %s, family %d, length %d", what, host->h_name, host->h_addrtype, host->h_length);
    for (char **alias = host->h_aliases; *alias != NULL; alias++)
        printf(", alias %s", *alias);
    for (char **address = host->h_addr_list; *address != NULL; address++)
        for (int i = 0; i < host->h_length; i++)
            printf("%s%02x", i == 0 ? ", " : " ", (unsigned char)(*address)[i]);
    printf("\n");
}

/* What gethostbyname_r() and its like may do to a buffer: of the size that they are given, and no byte more. */
#define HOST_BUFFER_SIZE 1024
#define UNTOUCHED_BYTE   0x5a

struct host_buffer {
    struct hostent hostent, *found;
    int host_error;
    char bytes[HOST_BUFFER_SIZE + 64];
};

__attribute__((unused)) static void host_buffer_prepare(struct host_buffer *buffer)
{
    memset(buffer, UNTOUCHED_BYTE, sizeof *buffer);
    buffer->found = NULL;
    buffer->host_error = 0;
}

/* `size` is what the call was told that the buffer has. */
__attribute__((unused)) static void say_host_buffer(const char *what, const struct host_buffer *buffer, size_t size)
{
    size_t used = sizeof buffer->bytes;
    while (used > 0 && buffer->bytes[used - 1] == UNTOUCHED_BYTE)
        used--;
    printf("%s, %zu bytes: %s, error %d, bytes behind the buffer %s\n", what, size,
           buffer->found == NULL               ? "nothing"
           : buffer->found == &buffer->hostent ? "found"
                                               : "another result",
           buffer->host_error, used <= size ? "untouched" : "OVERWRITTEN");
    if (buffer->found != NULL)
        say_hostent(what, buffer->found);
}

/* The path of a script without #!: whether it is run depends on the function, and on its version. */
__attribute__((unused)) static const char *plain_script(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/plain-script", getenv("TEST_DIR"));
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs("echo plain \"$1\"; exit 4\n", file) == EOF || fclose(file) != 0 ||
        chmod(path, 0755) != 0)
        abort();
    return path;
}

/* A listening TCP socket. */
__attribute__((unused)) static int listener(const char *address, int port)
{
    struct sockaddr_in local = at(address, port);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&local, sizeof local) != 0 || listen(fd, 5) != 0) {
        printf("no listener on %s port %d: %s\n", address, port, errno_name(errno));
        exit(1);
    }
    return fd;
}

/* A UDP socket, bound; it waits for nothing longer than two seconds. */
__attribute__((unused)) static int datagram_socket(const char *address, int port)
{
    struct sockaddr_in local = at(address, port);
    struct timeval limit = {.tv_sec = 2};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
        printf("no datagram socket on %s port %d: %s\n", address, port, errno_name(errno));
        exit(1);
    }
    return fd;
}

/* A TCP connection over the loopback: both its ends. */
__attribute__((unused)) static void connection(int port, int *client, int *server)
{
    struct sockaddr_in address = at("127.0.0.1", port);
    int waiting = listener("127.0.0.1", port);
    *client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(*client, (struct sockaddr *)&address, sizeof address) != 0 ||
        (*server = accept(waiting, NULL, NULL)) < 0) {
        printf("no connection on port %d: %s\n", port, errno_name(errno));
        exit(1);
    }
    close(waiting);
}

#endif
