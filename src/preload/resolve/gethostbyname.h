/*
 * The gethostbyname family: libc's answer with the aliases of the IPv6 addresses put in. For name lookups only, as
 * preload/resolve/resolve.h.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_GETHOSTBYNAME_H
#define V6SHIM_PRELOAD_RESOLVE_GETHOSTBYNAME_H

#include <netdb.h>

/* What the _r functions of libc take besides the question. */
struct resolve_buffer {
    struct hostent *result;
    char *buffer;
    size_t size;
};

/* gethostbyname(): libc's static result where nothing is to be added, else our own static one. Sets h_errno. */
struct hostent *resolve_by_name(const char *name);

/* gethostbyname_r(): returns its error number, sets *found and *host_error. */
int resolve_by_name_r(const char *name, const struct resolve_buffer *into, struct hostent **found, int *host_error);

/*
 * gethostbyaddr_r() of an alias: asks for the name of the IPv6 address (RFC 6535 section 2.3.3), and shows the alias
 * as the address of that name. An alias that nobody was given is HOST_NOT_FOUND, and no question is sent.
 */
int resolve_by_alias_r(struct in_addr alias, const struct resolve_buffer *into, struct hostent **found,
                       int *host_error);
/* gethostbyaddr() of an alias. Sets h_errno. */
struct hostent *resolve_by_alias(struct in_addr alias);

#endif
