/* Proves at compile time that hooks.def declares every symbol as libc does: a second, different declaration of a
   function is an error. Nothing is generated from this file. */
#include "preload/system/real_types.h"

#define HOOK(type, name, parameters, need) extern type name parameters;
#include "preload/hooks.def"
#undef HOOK
