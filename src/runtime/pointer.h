/*
 * Pointers of the program's that only the kernel may follow: it answers EFAULT to those that lead nowhere, and so do
 * calls that we look into first.
 */
#ifndef V6SHIM_RUNTIME_POINTER_H
#define V6SHIM_RUNTIME_POINTER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define POINTER_PAGE ((uintptr_t)4096) /* nobody has the first page, nor the last one */

/* NULL, and what programs make of small numbers and of errors, (void *)-1. Others that lead nowhere can't be told
   without a system call. */
static inline bool pointer_is_bad(const void *pointer)
{
    return (uintptr_t)pointer + POINTER_PAGE < 2 * POINTER_PAGE;
}

/* Reads the room for an IPv4 address that the program gave, whatever family it says. False: too short, or longer than
   the kernel takes. */
static inline bool pointer_read_ipv4(const void *address, socklen_t length, struct sockaddr_in *ipv4)
{
    bool has_its_length = __builtin_expect(length == sizeof *ipv4, 1) ||
                          (length > sizeof *ipv4 && length <= sizeof(struct sockaddr_storage));
    if (!has_its_length || pointer_is_bad(address))
        return false;
    memcpy(ipv4, address, sizeof *ipv4);
    return true;
}

#endif
