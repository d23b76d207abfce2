/* Proves at compile time that observed.def declares every symbol as libc does: a second, different declaration of a
   function is an error. Nothing is generated from this file. */
#include "check/observer/observed_types.h"

#define OBSERVED(type, name, parameters) extern type name parameters;
#include "check/observed.def"
#undef OBSERVED
