/*
 * What nsswitch.conf(5) says about names of hosts.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_NAMES_NSSWITCH_H
#define V6SHIM_CORE_NAMES_NSSWITCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the services of the hosts line (the last one, as libc has it) are all known to keep no descriptor from one
 * lookup to the next: libc's own, systemd's and those of nss-mdns. Others may (sss, wins). A file without such a line
 * has libc's default, dns and files.
 */
bool nsswitch_keeps_nothing(const char *text, size_t length);

#endif
