/*
 * getaddrinfo() as a legacy program calls it, with ai_family AF_INET; and getnameinfo() of an alias. For name lookups
 * only, as preload/resolve/resolve.h.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_GETADDRINFO_H
#define V6SHIM_PRELOAD_RESOLVE_GETADDRINFO_H

#include <netdb.h>
#include <netinet/in.h>

/*
 * getaddrinfo() with hints->ai_family AF_INET and a node. Every node of the result is libc's own memory, rewritten in
 * place where it was IPv6 (a sockaddr_in fits), so that libc's freeaddrinfo frees it.
 */
int resolve_info(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);

/* getnameinfo() of an alias: the name of the IPv6 address; as number the alias itself. */
int resolve_name_of_alias(const struct sockaddr_in *alias, char *host, socklen_t host_size, char *service,
                          socklen_t service_size, int flags);

/* Notes which IPv4 addresses a program was shown for a name by libc itself, and beside which IPv6 addresses: see
   lookups_show. */
void resolve_info_note(const char *node, const struct addrinfo *list);

/* Puts libc's answer in the order of the policy in force, and changes nothing else in it. */
void resolve_info_reorder(struct addrinfo **list);

#endif
