/* The headers whose types observed.def uses. */
#ifndef V6SHIM_CHECK_OBSERVER_OBSERVED_TYPES_H
#define V6SHIM_CHECK_OBSERVER_OBSERVED_TYPES_H

#include <arpa/nameser.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <resolv.h>
#include <stdio.h>

#include "preload/system/real_types.h"

/* What a -D_FORTIFY_SOURCE program calls; libc declares them inside its inline functions only. */
char *__strcpy_chk(char *restrict to, const char *restrict from, size_t size);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

#endif
