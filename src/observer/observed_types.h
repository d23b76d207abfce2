/* The headers whose types observed.def uses. */
#ifndef V6SHIM_OBSERVER_OBSERVED_TYPES_H
#define V6SHIM_OBSERVER_OBSERVED_TYPES_H

#include <arpa/nameser.h>
#include <ifaddrs.h>
#include <resolv.h>

#include "runtime/real_types.h"

#endif
