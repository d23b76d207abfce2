/*
 * Included before all else in what is preloaded (src/preload/hooks/Makefile.inc), whatever the compiler was told: the
 * hooks have the names that they are written with. With these macros libc's headers give select() the name __select64
 * on ports that have times of two sizes, and fcntl() the name fcntl64; a hook would then be defined twice or not at
 * all. Both kinds of programs are served, whichever the library is built with (preload/base/time64.h).
 */
#undef _TIME_BITS
#undef _FILE_OFFSET_BITS
