/*
 * /etc/ld.so.conf: where ldconfig(8) looks for libraries. The loader reads the cache that it makes; an image may have
 * none.
 */
#ifndef V6SHIM_CHECK_ELF_CONF_H
#define V6SHIM_CHECK_ELF_CONF_H

#include <stdio.h>

/* A regular file, opened for reading, or NULL. A pipe or a device in its place, which may be in an image that
   somebody else made, would never end. */
FILE *open_regular(const char *path);

/* The directories in the file and in those that it includes, between colons, to be freed; NULL: none, or no memory.
 */
char *elf_conf_read(const char *path);

#endif
