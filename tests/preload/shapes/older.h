/* The shape of a program that was linked long ago: it asks for the older versions of what libc has two of. */
#define OLDER(type, name, parameters, version, newer) __asm__(".symver " #name "," #name "@" version "\n");
#include "preload/older.def"
#undef OLDER
