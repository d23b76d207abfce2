/*
 * /etc/ld.so.conf: where ldconfig(8) looks for libraries. The loader reads the cache that it makes; an image may have
 * none.
 */
#ifndef V6SHIM_CHECK_ELF_CONF_H
#define V6SHIM_CHECK_ELF_CONF_H

/* The directories in the file and in those that it includes, between colons, to be freed; NULL: none, or no memory.
 */
char *elf_conf_read(const char *path);

#endif
