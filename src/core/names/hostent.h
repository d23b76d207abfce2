/*
 * A struct hostent packed into memory that the caller gives: what gethostbyname and its relatives return.
 *
 * Pure, errno left alone; results are error numbers as gethostbyname_r returns them: 0, or positive.
 */
#ifndef V6SHIM_CORE_NAMES_HOSTENT_H
#define V6SHIM_CORE_NAMES_HOSTENT_H

#include <netdb.h>
#include <stddef.h>
#include <sys/socket.h>

/* What a hostent is made of. Nothing is owned. */
struct hostent_parts {
    const char *name;      /* h_name; never NULL */
    char *const *aliases;  /* up to a NULL, as h_aliases of another hostent; NULL means none */
    sa_family_t family;    /* AF_INET or AF_INET6: h_addrtype */
    const void *addresses; /* an array of struct in_addr or struct in6_addr, as family says */
    size_t address_count;
    char *const *first; /* up to a NULL, as h_addr_list: addresses that stand before the others, and are never left
                           out; NULL means none */
};

/*
 * Name and aliases of another hostent, its family, and no addresses: the caller sets those, since the ones in
 * h_addr_list need not stand in an array. The strings and the alias list stay where they are, in `source`'s memory.
 */
struct hostent_parts hostent_parts_of(const struct hostent *source);

/*
 * Bytes that hostent_pack needs at an address aligned for a pointer (as malloc's are). At another address it needs up
 * to sizeof(char *) - 1 more.
 */
size_t hostent_size(const struct hostent_parts *parts);

/*
 * Writes the parts into `buffer` (any alignment) and fills `result`, all of whose pointers then point into `buffer`,
 * the lists and addresses aligned. Returns 0; ERANGE where `size` bytes are too few; EAFNOSUPPORT for another family.
 * On an error neither `buffer` nor `result` is touched; nothing behind `size` ever is.
 *
 * Nothing of the parts may lie inside `buffer`: see hostent_pack_over. (A trap: a program may pass the h_name of its
 * last result as the name to look up, and that lies in the static buffer of gethostbyname.) `result` itself may be
 * the hostent that the parts were taken from.
 */
int hostent_pack(const struct hostent_parts *parts, void *buffer, size_t size, struct hostent *result);

/*
 * As hostent_pack, for a buffer that can't grow: leaves out addresses from the end of the list, all but `first` or,
 * where there are none, one (programs use h_addr without a look at it). Without `first` it goes on to leave out
 * aliases from the end. ERANGE where what remains doesn't fit.
 */
int hostent_pack_fitting(const struct hostent_parts *parts, void *buffer, size_t size, struct hostent *result);

/*
 * As hostent_pack, for parts that may lie anywhere inside `buffer`: gethostbyname_r of libc has filled the program's
 * buffer, and the same names with more addresses have to go there. `scratch` is memory of the caller's of at least
 * hostent_size(parts) bytes, aligned for a pointer, overlapping neither `buffer` nor the parts; its contents are
 * not used afterwards. On an error `buffer` and `result` still hold what they held.
 */
int hostent_pack_over(const struct hostent_parts *parts, void *scratch, void *buffer, size_t size,
                      struct hostent *result);

/* Both of these: parts that may lie inside a buffer that can't grow. */
int hostent_pack_fitting_over(const struct hostent_parts *parts, void *scratch, void *buffer, size_t size,
                              struct hostent *result);

#endif
