/*
 * What the code that calls us can read: an object (program or library) that imports getaddrinfo, getnameinfo,
 * inet_pton or inet_ntop knows addresses of both families.
 *
 * Async-signal-safe, no lock, errno kept: _dl_find_object() says which object an address belongs to, its relocations
 * are read once, and the answer is kept in one word.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_IMPORTS_H
#define V6SHIM_PRELOAD_SYSTEM_IMPORTS_H

#include <stdbool.h>

enum imports_answer {
    IMPORTS_IPV4_ONLY,
    IMPORTS_BOTH_FAMILIES,
    IMPORTS_UNKNOWN /* code without an object, a libc without _dl_find_object (before 2.35) */
};

/* For the object that `code`, a return address, is part of. It must be running, so that it can't be unloaded. */
enum imports_answer imports_of(const void *code);

/* Whether that object binds sockets or accepts connections. Looked for each time; false where that can't be told. */
bool imports_serve(const void *code);

#endif
